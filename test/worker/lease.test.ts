import { describe, expect, it } from 'vitest';
import type { SessionId } from '../../src/protocol/ids.ts';
import type { TestBrowser } from '../support/test-browser.ts';
import { TestRelay, type TestWorker } from '../support/test-relay.ts';

/** Entries of the output log. */
async function stored(relay: TestRelay, browser: TestBrowser): Promise<number> {
  const log = { session: browser.state.session as SessionId, log: 'out' } as const;
  const page = await relay.broker().logs.read(log, { fence: 0, seq: 0 }, 1_000);
  return page.kind === 'page' ? page.entries.length : -1;
}

async function frozen(): Promise<{ relay: TestRelay; worker: TestWorker; browser: TestBrowser }> {
  const relay = await TestRelay.start({ workers: 0 });
  const worker = await relay.worker('worker-0');
  const browser = await relay.openTerminal(relay.door());
  worker.renewing = false;
  await relay.clock.advance(12_000);
  return { relay, worker, browser };
}

describe('a worker whose lease lapsed', () => {
  it('[LS1] types nothing, appends nothing, and has its upstream paused', async () => {
    const { relay, browser } = await frozen();
    await using _ = relay;
    const before = await stored(relay, browser);
    browser.type('rm -rf /tmp/x\r');
    relay.opener.upstream.print('output while frozen');
    relay.opener.upstream.print(', and more');
    await relay.clock.advance(3_000);
    expect(relay.opener.upstream.typed).toBe('');
    expect(await stored(relay, browser)).toBe(before);
    expect(browser.screen).toBe('');
    expect(relay.opener.upstream.paused).toBe(true);
  });

  it('[LS1] goes on where it was when the lease is renewed: it was frozen, not dead', async () => {
    const { relay, worker, browser } = await frozen();
    await using _ = relay;
    browser.type('ls\r');
    relay.opener.upstream.print('before ');
    await relay.clock.advance(3_000);
    worker.renewing = true;
    await relay.clock.advance(3_000);
    relay.opener.upstream.print('after');
    await relay.clock.settle();
    expect(relay.opener.upstream.typed).toBe('ls\r');
    expect(browser.screen).toBe('before after');
    expect(relay.opener.upstream.paused).toBe(false);
    expect(browser.state.faults).toStrictEqual({ mismatches: 0, gaps: 0, gapBytes: 0, rewinds: 0 });
  });

  it('[LS1] lets go of a session that was taken from it meanwhile, without typing what lies there', async () => {
    const { relay, worker, browser } = await frozen();
    await using _ = relay;
    browser.type('too late\r');
    await relay.worker('worker-1');
    await relay.clock.advance(60_000);
    expect(browser.state.connection).toMatchObject({ kind: 'ended', reason: { kind: 'worker-lost' } });
    worker.renewing = true;
    await relay.clock.advance(5_000);
    expect(relay.opener.upstream.typed).toBe('');
    expect(relay.opener.upstream.closed).toBe(true);
    expect(worker.pool.sessions).toBe(0);
  });

  it('[LS1] types nothing between its renewal and the answer whether the session is still its own', async () => {
    const { relay, worker, browser } = await frozen();
    await using _ = relay;
    let answer = () => {};
    worker.reasserting = new Promise((resolve) => {
      answer = resolve;
    });
    browser.type('typed while frozen, ');
    worker.renewing = true;
    await relay.clock.advance(3_000);
    browser.type('typed after the renewal');
    await relay.clock.settle();
    expect(relay.opener.upstream.typed).toBe('');
    answer();
    await relay.clock.settle();
    expect(relay.opener.upstream.typed).toBe('typed while frozen, typed after the renewal');
  });

  it('[LS1] after sleeping as a whole process it asks before it types or writes', async () => {
    await using relay = await TestRelay.start();
    const browser = await relay.openTerminal(relay.door());
    relay.clock.sleepThrough(11_000);
    browser.type('x');
    relay.opener.upstream.print('y');
    await relay.clock.settle();
    expect(relay.opener.upstream.typed).toBe('');
    await relay.clock.advance(2_000);
    expect(relay.opener.upstream.typed).toBe('x');
    expect(browser.screen).toBe('y');
  });

  it('[LS1] takes no new session while it is frozen', async () => {
    const { relay, worker } = await frozen();
    await using _ = relay;
    const second = await relay.openTerminal(relay.door());
    await relay.clock.advance(2_000);
    expect(relay.ownerOf(second.state.session)).toBeUndefined();
    worker.renewing = true;
    await relay.clock.advance(5_000);
    expect(relay.ownerOf(second.state.session)).toBe('worker-0');
  });
});

describe('a worker that died', () => {
  /** The process is gone: nothing of it runs any more, and its lease stands still. */
  it("[LS2] its sessions are ended by another, as 'worker lost', when its lease stood still for the lease time", async () => {
    await using relay = await TestRelay.start({ workers: 0 });
    const dead = await relay.worker('worker-0');
    const browsers = [await relay.openTerminal(relay.door('edge-a')), await relay.openTerminal(relay.door('edge-b'))];
    await relay.worker('worker-1');
    dead.renewing = false;
    await relay.clock.advance(14_000);
    for (const browser of browsers) expect(browser.state.connection.kind).toBe('attached');
    await relay.clock.advance(6_000);
    for (const browser of browsers) {
      expect(browser.state.connection).toMatchObject({ kind: 'ended', reason: { kind: 'worker-lost' } });
      expect(relay.ownerOf(browser.state.session)).toBe('worker-1');
      expect(relay.stateOf(browser.state.session)).toBe('ended');
    }
  });

  it('[RS6] leaves the fate of what it had not told unknown: it is counted as such, and typed into no other shell', async () => {
    await using relay = await TestRelay.start({ workers: 0 });
    const dead = await relay.worker('worker-0');
    const browser = await relay.openTerminal(relay.door());
    browser.type('known, ');
    await relay.clock.advance(3_000);
    relay.opener.upstream.full = true;
    browser.type('typed and not told, ');
    await relay.clock.settle();
    browser.type('accepted and not typed');
    await relay.clock.settle();
    await dead.kill();
    await relay.worker('worker-1');
    await relay.clock.advance(60_000);
    expect(browser.state.connection).toMatchObject({ kind: 'ended', reason: { kind: 'worker-lost' } });
    const unknown = 'typed and not told, accepted and not typed'.length;
    expect(browser.state).toMatchObject({ fateUnknownBytes: unknown, notSentBytes: 0, untypedBytes: 0 });
    expect(relay.opener.opened.map((upstream) => upstream.typed)).toStrictEqual(['known, typed and not told, ']);
  });

  it('[RS6] leaves nothing unknown that it had told', async () => {
    await using relay = await TestRelay.start({ workers: 0 });
    const dead = await relay.worker('worker-0');
    const browser = await relay.openTerminal(relay.door());
    browser.type('known');
    await relay.clock.advance(3_000);
    await dead.kill();
    await relay.worker('worker-1');
    await relay.clock.advance(60_000);
    expect(browser.state).toMatchObject({ connection: { kind: 'ended' }, fateUnknownBytes: 0, notSentBytes: 0 });
  });

  it('[LS1] one that is only slow is left alone', async () => {
    await using relay = await TestRelay.start({ workers: 0 });
    const slow = await relay.worker('worker-0');
    const browser = await relay.openTerminal(relay.door());
    await relay.worker('worker-1');
    for (let round = 0; round < 6; round++) {
      slow.renewing = false;
      await relay.clock.advance(12_000);
      slow.renewing = true;
      await relay.clock.advance(2_000);
    }
    relay.opener.upstream.print('still here');
    await relay.clock.settle();
    expect(browser.screen).toBe('still here');
    expect(relay.ownerOf(browser.state.session)).toBe('worker-0');
  });

  it('[LS2] a session it had claimed and not started is queued again and opened by another', async () => {
    await using relay = await TestRelay.start({ workers: 0 });
    const browser = await relay.openTerminal(relay.door());
    const session = browser.state.session as SessionId;
    // The dead worker came as far as the claim.
    const broker = relay.broker();
    await broker.opens
      .pull('worker-0' as never, 16, AbortSignal.timeout(1_000))
      .then((items) => items.map((item) => broker.opens.acknowledge(item)));
    await broker.sessions.claim(session, 'worker-0' as never);
    await broker.leases.renew('worker-0' as never);
    await relay.worker('worker-1');
    await relay.clock.advance(90_000);
    expect(relay.ownerOf(session)).toBe('worker-1');
    expect(relay.opener.requests).toHaveLength(1);
    browser.type('w');
    await relay.clock.settle();
    expect(relay.opener.upstream.typed).toBe('w');
  });
});
