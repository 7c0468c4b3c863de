import { describe, expect, it } from 'vitest';
import { Grants } from '../../src/auth/grants.ts';
import { SessionLimits } from '../../src/edge/session-limits.ts';
import type { WorkerId } from '../../src/protocol/ids.ts';
import { startEvent } from '../../src/session/audit-event.ts';
import { DropInRequest, dropInDoor, openSocket } from '../support/drop-in-client.ts';
import { shell, TestRelay } from '../support/test-relay.ts';

const exec = '/api/v1/namespaces/default/pods/web-0/exec?container=app&command=sh&command=-c&command=echo&stdin=true&stdout=true';
const place = { kind: 'exec', cluster: 'local', namespace: 'default', pod: 'web-0', container: 'app' };

describe('audit events', () => {
  it('[ED7] tell once each of a session who began it on what, and how it ended', async () => {
    await using relay = await TestRelay.start();
    const browser = await relay.openTerminal(relay.door());
    browser.type('secret words');
    relay.opener.upstream.print('secret output');
    await relay.clock.advance(61_000);
    relay.opener.upstream.end({ kind: 'exited', code: 3, message: 'exit code 3' });
    await relay.clock.advance(60_000);
    const who = { user: 'Ann', subject: 'ann', sessionId: browser.state.session, worker: 'worker-0' };
    expect(relay.audited).toStrictEqual([
      { audit: 'session start', ...who, ...place },
      {
        audit: 'session end',
        ...who,
        ...place,
        end: 'exited',
        exitCode: 3,
        createdAt: '2026-01-01T00:00:00.000Z',
        seconds: 61,
        bytesIn: 12,
        bytesOut: 13,
      },
    ]);
    expect(JSON.stringify(relay.audited)).not.toContain('secret');
  });

  it('[ED7] of a worker that was killed are written by the one that ends its sessions, which does not know the input', async () => {
    await using relay = await TestRelay.start({ workers: 0 });
    const first = await relay.worker('worker-0');
    await relay.openTerminal(relay.door());
    relay.opener.upstream.print('output');
    await relay.clock.settle();
    await first.kill();
    await relay.worker('worker-1');
    await relay.clock.advance(60_000);
    expect(relay.audited.map(({ audit }) => audit)).toEqual(['session start', 'session end']);
    expect(relay.audited[1]).toMatchObject({ user: 'Ann', worker: 'worker-1', end: 'worker-lost', bytesOut: 6 });
    expect(relay.audited[1]).not.toHaveProperty('bytesIn');
  });

  it('[ED7] tell of a drop-in session the same, with its command', async () => {
    await using relay = await TestRelay.start();
    const { request } = await openSocket(relay, dropInDoor(relay), exec, 'v5.channel.k8s.io');
    request.leave();
    await relay.clock.advance(10_000);
    const told = { user: 'ann', command: ['sh', '-c', 'echo'] };
    expect(relay.audited).toMatchObject([
      { audit: 'session start', ...told },
      { audit: 'session end', ...told, end: 'ended' },
    ]);
  });

  it('[ED7] tell what was refused, and why', async () => {
    await using relay = await TestRelay.start();
    const nobody = new Grants('[]');
    await new DropInRequest(dropInDoor(relay, { admission: nobody }), exec).upgrade('v5.channel.k8s.io');
    const none = { sessions: undefined, opensPerMinute: undefined };
    const limits = new SessionLimits(relay.broker().limits, { subject: none, pod: none, all: { ...none, sessions: 1 } });
    const door = dropInDoor(relay, { limits });
    await openSocket(relay, door, exec, 'v5.channel.k8s.io');
    await new DropInRequest(door, exec).upgrade('v5.channel.k8s.io');
    const refused = relay.audited.filter(({ audit }) => audit === 'session refused');
    const told = { user: 'ann', pod: 'web-0', edge: 'edge-d' };
    expect(refused).toMatchObject([
      { ...told, reason: 'not-granted' },
      { ...told, reason: 'busy', message: expect.stringContaining('limit sessions: 1') },
    ]);
  });

  it('[ED7] hold no more of a command than a line should', () => {
    const target = { ...shell, command: ['sh', '-c', 'x'.repeat(10_000), 'y'] };
    const event = startEvent({ id: 'id' as never, target, subject: 's', user: 'u' }, 'w' as WorkerId);
    expect(JSON.stringify(event).length).toBeLessThan(2_400);
    expect(event).toMatchObject({ command: ['sh', '-c', `${'x'.repeat(2044)}…`, '…'] });
  });
});
