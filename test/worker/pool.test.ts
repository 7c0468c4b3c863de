import { describe, expect, it } from 'vitest';
import type { SessionId, WorkerId } from '../../src/protocol/ids.ts';
import { TestRelay } from '../support/test-relay.ts';

describe('sessions that wait for a worker', () => {
  it('[LS2] are queued again every 3 s while none has claimed them, so that a lost queue loses no session', async () => {
    await using relay = await TestRelay.start({ workers: 0 });
    const browser = await relay.openTerminal(relay.door());
    relay.server.loseHints();
    await relay.worker('worker-0');
    expect(relay.ownerOf(browser.state.session)).toBeUndefined();
    await relay.clock.advance(5_100);
    expect(relay.ownerOf(browser.state.session)).toBe('worker-0');
    expect(relay.opener.requests).toHaveLength(1);
  });

  it('[LS2] are queued again by the edge that they came to when the first edge is gone', async () => {
    await using relay = await TestRelay.start({ workers: 0 });
    const browser = await relay.openTerminal(relay.door('edge-a'));
    browser.door = relay.door('edge-b');
    browser.loseSocket();
    await relay.clock.advance(1_000);
    relay.server.loseHints();
    await relay.worker('worker-0');
    await relay.clock.advance(6_000);
    expect(relay.ownerOf(browser.state.session)).toBe('worker-0');
  });

  it('[LS2] that were queued many times are opened once', async () => {
    await using relay = await TestRelay.start({ workers: 0 });
    const browser = await relay.openTerminal(relay.door());
    await relay.clock.advance(20_000);
    await relay.worker('worker-0');
    await relay.clock.advance(1_000);
    browser.type('ls\r');
    await relay.clock.settle();
    expect(relay.opener.requests).toHaveLength(1);
    expect(relay.opener.upstream.typed).toBe('ls\r');
  });

  it('[LS2] go to one of two workers, whoever is first', async () => {
    await using relay = await TestRelay.start({ workers: 2 });
    const door = relay.door();
    for (let count = 0; count < 6; count++) await relay.openTerminal(door);
    await relay.clock.advance(10_000);
    expect(relay.opener.requests).toHaveLength(6);
  });
});

describe('a worker', () => {
  it('[LS2] claims for as long as the broker does not answer, however many at once, and warns of no leak', async () => {
    const warnings: Error[] = [];
    const heard = (warning: Error) => warnings.push(warning);
    process.on('warning', heard);
    await using relay = await TestRelay.start({ workers: 0 });
    const worker = await relay.worker('worker-0', 20);
    worker.claiming = false;
    const { opens } = relay.server.hints;
    for (let count = 0; count < 15; count++) opens.push({ kind: 'open', session: `session-${count}` as SessionId });
    await relay.clock.advance(3_000);
    worker.claiming = true;
    await relay.clock.advance(1_000);
    expect(opens.pull(20, relay.clock.now() + 60_000)).toStrictEqual([]);
    process.off('warning', heard);
    expect(warnings).toStrictEqual([]);
  });

  it('[FC7] takes no more sessions than its limit; the others wait for room', async () => {
    await using relay = await TestRelay.start({ workers: 0 });
    const worker = await relay.worker('worker-0', 2);
    const door = relay.door();
    for (let count = 0; count < 3; count++) await relay.openTerminal(door);
    await relay.clock.advance(4_000);
    expect(worker.pool.gauges()).toContainEqual(expect.objectContaining({ name: 'poseidon_worker_sessions', value: 2 }));
    relay.opener.opened[0]?.end({ kind: 'exited', code: 0, message: 'The process ended.' });
    await relay.clock.advance(4_000);
    expect(relay.opener.requests).toHaveLength(3);
    expect(worker.pool.sessions).toBe(2);
  });

  it('[FC7] that holds too much output for slow browsers takes no more sessions, names the limit, and goes on with those it has', async () => {
    await using relay = await TestRelay.start({ workers: 0 });
    const worker = await relay.worker('worker-0', 10, 64 * 1024);
    const first = await relay.openTerminal(relay.door());
    first.stopParsing();
    relay.opener.upstream.print(new Uint8Array(700 * 1024));
    await relay.clock.settle();
    const gauge = (name: string) => worker.pool.gauges().find((each) => each.name === `poseidon_worker_${name}`)?.value;
    expect(gauge('held_bytes')).toBeGreaterThan(64 * 1024);
    expect(gauge('held_bytes')).toBe(worker.pool.heldBytes);
    const second = await relay.openTerminal(relay.door());
    await relay.clock.advance(2_000);
    // A pull that was under way may bring one more; what comes after it waits.
    const third = await relay.openTerminal(relay.door());
    await relay.clock.advance(2_000);
    expect(relay.ownerOf(third.state.session)).toBeUndefined();
    expect(relay.events).toContainEqual(expect.objectContaining({ event: 'limit reached', limit: 'worker-held-megabytes' }));
    first.startParsing();
    await relay.clock.advance(5_000);
    expect(first.screenBytes).toBe(700 * 1024);
    expect([second, third].map((browser) => relay.ownerOf(browser.state.session))).toStrictEqual(['worker-0', 'worker-0']);
  });

  it('[ED3] that drains takes nothing new and waits for its sessions', async () => {
    await using relay = await TestRelay.start({ workers: 0 });
    const worker = await relay.worker('worker-0');
    const browser = await relay.openTerminal(relay.door());
    const events: string[] = [];
    void worker.pool.drain().then(() => events.push('drained'));
    const second = await relay.openTerminal(relay.door('edge-b'));
    await relay.clock.advance(10_000);
    expect(relay.ownerOf(second.state.session)).toBeUndefined();
    expect(events).toStrictEqual([]);
    browser.client.end();
    await relay.clock.settle();
    expect(events).toStrictEqual(['drained']);
    await relay.worker('worker-1');
    await relay.clock.advance(5_000);
    expect(relay.ownerOf(second.state.session)).toBe('worker-1');
  });

  it('[LS2] that is stopped ends its sessions with a declared reason', async () => {
    await using relay = await TestRelay.start({ workers: 0 });
    const worker = await relay.worker('worker-0');
    const browser = await relay.openTerminal(relay.door());
    const closing = worker.pool.close();
    await relay.clock.advance(3_000);
    await closing;
    expect(browser.state.connection).toMatchObject({ kind: 'ended', reason: { kind: 'worker-lost' } });
    expect(relay.opener.upstream.closed).toBe(true);
    expect(await relay.broker().leases.read('worker-0' as never)).toBeUndefined();
  });

  it('[LG9] refreshes the keys of its sessions, so that an idle one lives on', async () => {
    await using relay = await TestRelay.start();
    const browser = await relay.openTerminal(relay.door());
    await relay.clock.advance(40 * 60_000);
    expect(browser.state.connection.kind).toBe('attached');
    relay.opener.upstream.print('still here');
    await relay.clock.settle();
    expect(browser.screen).toBe('still here');
  });

  it('[LS2] ends a session that it owns and does not run, although its index was lost', async () => {
    await using relay = await TestRelay.start({ workers: 0 });
    const browser = await relay.openTerminal(relay.door());
    const session = browser.state.session as SessionId;
    relay.server.claim(session, 'worker-0' as WorkerId);
    relay.server.started(session, 'worker-0' as WorkerId);
    await relay.worker('worker-0');
    await relay.clock.advance(10_000);
    relay.server.loseHints();
    await relay.clock.advance(60_000);
    expect(browser.state.connection).toMatchObject({ kind: 'ended', reason: { kind: 'worker-lost' } });
  });

  it('[LS2] keeps its session out of its index once it has ended', async () => {
    await using relay = await TestRelay.start();
    const browser = await relay.openTerminal(relay.door());
    const index = () => relay.broker().sessions.ofWorker('worker-0' as never);
    expect(await index()).toStrictEqual([browser.state.session as SessionId]);
    browser.client.end();
    await relay.clock.settle();
    expect(await index()).toStrictEqual([]);
  });
});
