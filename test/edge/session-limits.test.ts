import { describe, expect, it } from 'vitest';
import { type SessionLimitNumbers, SessionLimits } from '../../src/edge/session-limits.ts';
import { CloseCode } from '../../src/protocol/close-code.ts';
import { DropInRequest, dropInDoor, openSocket, statusOf } from '../support/drop-in-client.ts';
import { shell, TestRelay } from '../support/test-relay.ts';

const exec = '/api/v1/namespaces/default/pods/web-0/exec?container=app&command=sh&stdin=true&stdout=true';
const v5 = 'v5.channel.k8s.io';
const none = { sessions: undefined, opensPerMinute: undefined };

function limitsOf(relay: TestRelay, numbers: Partial<SessionLimitNumbers>): SessionLimits {
  return new SessionLimits(relay.broker().limits, { subject: none, pod: none, all: none, ...numbers });
}

describe('limits of sessions', () => {
  it('[FC10] the page is told which limit and its number, and gets in when a session has ended', async () => {
    await using relay = await TestRelay.start();
    const one = { subject: { sessions: 1, opensPerMinute: undefined } };
    const browser = relay.browser(relay.door('edge-a', { limits: limitsOf(relay, one) }), 'ann');
    browser.client.start({ cols: 80, rows: 24 });
    await relay.clock.settle();
    const late = relay.browser(relay.door('edge-b', { limits: limitsOf(relay, one) }), 'ann');
    late.client.start({ cols: 80, rows: 24 });
    await relay.clock.settle();
    expect(late.socket.closedWith).toEqual({
      code: CloseCode.busy,
      reason: 'you have all the sessions that may be open at once (limit subject-sessions: 1)',
    });
    const other = relay.browser(relay.door('edge-c', { limits: limitsOf(relay, one) }), 'bob');
    other.client.start({ cols: 80, rows: 24 });
    await relay.clock.settle();
    expect(other.state.driving).toBe(true);
    browser.client.end();
    await relay.clock.advance(10_000);
    expect(late.state.driving).toBe(true);
  });

  it('[FC10] a Kubernetes client gets a Status 429 that says the same, and when to come again', async () => {
    await using relay = await TestRelay.start();
    const limits = () => ({ limits: limitsOf(relay, { pod: { sessions: 1, opensPerMinute: 5 } }) });
    await openSocket(relay, dropInDoor(relay, limits()), exec, v5);
    const door = dropInDoor(relay, limits());
    const answers = [await new DropInRequest(door, exec).upgrade(v5), await new DropInRequest(door, exec, undefined, 'POST').http()];
    for (const answer of answers) {
      expect(statusOf(answer)).toMatchObject({
        http: 429,
        kind: 'Status',
        reason: 'TooManyRequests',
        message: 'this pod has all the sessions that may be open at once (limit pod-sessions: 1)',
      });
      expect(answer).toMatchObject({ headers: { 'retry-after': '5' } });
    }
    expect(relay.opener.requests).toHaveLength(1);
  });

  it('[FC10] opens in a minute are limited for all together, and the next minute is a new one', async () => {
    await using relay = await TestRelay.start();
    const limits = limitsOf(relay, { all: { sessions: undefined, opensPerMinute: 2 } });
    const door = dropInDoor(relay, { limits });
    for (let i = 0; i < 2; i++) (await openSocket(relay, door, exec, v5)).request.leave();
    const refused = { text: 'this relay has all the sessions that may be opened in a minute (limit opens-per-minute: 2)' };
    expect(await limits.look('eve', shell)).toMatchObject(refused);
    expect(statusOf(await new DropInRequest(door, exec).upgrade(v5))).toMatchObject({ http: 429, message: refused.text });
    await relay.clock.advance(60_000);
    expect(await limits.look('eve', shell)).toBeUndefined();
    await openSocket(relay, door, exec, v5);
  });

  it('[FC10] a worker that was killed leaves no count behind', async () => {
    await using relay = await TestRelay.start({ workers: 0 });
    const limits = limitsOf(relay, { all: { sessions: 1, opensPerMinute: undefined } });
    const first = await relay.worker('worker-0');
    const browser = relay.browser(relay.door('edge-a', { limits }), 'ann');
    browser.client.start({ cols: 80, rows: 24 });
    await relay.clock.settle();
    expect(await limits.look('ann', shell)).toBeDefined();
    await first.kill();
    await relay.worker('worker-1');
    await relay.clock.advance(40_000);
    expect(browser.state.connection).toMatchObject({ kind: 'ended', reason: { kind: 'worker-lost' } });
    expect(await limits.look('ann', shell)).toBeUndefined();
  });
});
