import { describe, expect, it } from 'vitest';
import type { SessionTicket } from '../../src/broker/broker.ts';
import { FrameType } from '../../src/protocol/frame-type.ts';
import { GapCause } from '../../src/protocol/gap.ts';
import { bound } from '../support/bound.ts';
import { TestBrowser } from '../support/test-browser.ts';
import { TestRelay } from '../support/test-relay.ts';

const KiB = 1024;

/** A browser whose ticket says what becomes of the session when nobody drives. */
async function openWith(relay: TestRelay, content: Partial<SessionTicket>, door = relay.door()): Promise<TestBrowser> {
  const browser = new (class extends TestBrowser {
    override ticket(done: (answer: { readonly ticket: string }) => void): void {
      void relay.ticket(content).then((ticket) => done({ ticket }));
    }
  })(relay, door, 'ann');
  browser.client.start({ cols: 80, rows: 24 });
  await relay.clock.settle();
  return browser;
}

describe('a session that nobody drives', () => {
  it('[FC3] runs on and keeps its newest output', async () => {
    await using relay = await TestRelay.start();
    const browser = await relay.openTerminal(relay.door());
    browser.client.dispose();
    await relay.clock.settle();
    for (let piece = 0; piece < 64; piece++) {
      relay.opener.upstream.print(new Uint8Array(64 * KiB));
      await relay.clock.settle();
    }
    expect(relay.opener.upstream.paused).toBe(false);
    expect(relay.opener.upstream.passedBytes).toBe(4096 * KiB);
  });

  it('[FC3] and comes back is told exactly what left the buffer, and that nobody was attached', async () => {
    await using relay = await TestRelay.start();
    const browser = await relay.openTerminal(relay.door());
    relay.opener.upstream.print('before');
    await relay.clock.settle();
    browser.loseSocket();
    for (let piece = 0; piece < 64; piece++) {
      relay.opener.upstream.print(new Uint8Array(64 * KiB));
      await relay.clock.settle();
    }
    await relay.clock.advance(2_000);
    expect(browser.state.driving).toBe(true);
    expect(browser.gaps).toMatchObject([{ cause: GapCause.detached }]);
    expect(browser.screenBytes + browser.state.faults.gapBytes).toBe(4096 * KiB + 'before'.length);
    expect(browser.screenBytes).toBeLessThanOrEqual(1024 * KiB);
  });

  it('[LG9] never keeps more than its log holds', async () => {
    await using relay = await TestRelay.start();
    const browser = await relay.openTerminal(relay.door());
    browser.client.dispose();
    for (let piece = 0; piece < 64; piece++) {
      relay.opener.upstream.print(new Uint8Array(64 * KiB));
      await relay.clock.settle();
    }
    const page = await relay.broker().logs.read({ session: browser.state.session as never, log: 'out' }, { fence: 0, seq: 0 }, 10_000);
    const kept = page.kind === 'page' ? page.entries.reduce((sum, entry) => sum + entry.frame.length, 0) : 0;
    expect(kept).toBeLessThanOrEqual(1024 * KiB);
    expect(kept).toBeGreaterThan(700 * KiB);
  });

  it('[FC3] stops its process instead, if it was opened so, and loses nothing', async () => {
    await using relay = await TestRelay.start();
    const browser = await openWith(relay, { detached: 'pause' });
    browser.loseSocket();
    for (let piece = 0; piece < 64; piece++) relay.opener.upstream.print(new Uint8Array(64 * KiB));
    await relay.clock.settle();
    expect(relay.opener.upstream.paused).toBe(true);
    expect(relay.opener.upstream.passedBytes).toBeLessThanOrEqual(576 * KiB);
    await relay.clock.advance(5_000);
    expect(browser.screenBytes).toBe(4096 * KiB);
    expect(browser.state.faults.gaps).toBe(0);
  });

  it('[FC3] is ended after its grace time, and not before', async () => {
    await using relay = await TestRelay.start();
    const browser = await relay.openTerminal(relay.door());
    browser.client.dispose();
    await relay.clock.settle();
    await relay.clock.advance(299_000);
    expect(relay.opener.upstream.closed).toBe(false);
    await relay.clock.advance(2_000);
    expect(relay.opener.upstream.closed).toBe(true);
    expect(relay.stateOf(browser.state.session)).toBe('ended');
    expect(relay.events).toContainEqual(expect.objectContaining({ event: 'session ended', kind: 'abandoned' }));
  });

  it('[FC3] whose client comes back in time has its whole grace time again', async () => {
    await using relay = await TestRelay.start();
    const browser = await openWith(relay, { graceMs: 60_000 });
    for (let round = 0; round < 3; round++) {
      browser.loseSocket();
      await relay.clock.advance(55_000);
    }
    expect(browser.state.connection.kind).toBe('attached');
    expect(relay.opener.upstream.closed).toBe(false);
  });

  it('[FC3] is ended after its grace time also when its process was stopped with output left', async () => {
    await using relay = await TestRelay.start();
    const browser = await openWith(relay, { detached: 'pause', graceMs: 60_000 });
    browser.client.dispose();
    for (let piece = 0; piece < 32; piece++) relay.opener.upstream.print(new Uint8Array(64 * KiB));
    await relay.clock.advance(61_000);
    expect(relay.opener.upstream.closed).toBe(true);
    expect(relay.stateOf(browser.state.session)).toBe('ended');
  });

  it('[FC2] is noticed when the driving edge died without a word: five seconds of unanswered stalls', async () => {
    await using relay = await TestRelay.start();
    const browser = await relay.openTerminal(relay.door());
    browser.client.dispose();
    await relay.clock.settle();
    // A driver is on the record whose edge never says anything again.
    const broker = relay.broker();
    const credit = { outputFence: 0, offset: 0, windowBytes: 16 * KiB };
    const driver = { stream: 'c'.repeat(32) as never, connection: 1, cols: 80, rows: 24, credit };
    const request = { nonce: 1, writer: 'edge-dead', driver, typed: 0, mode: { kind: 'force' } } as const;
    expect(await broker.logs.takeInput(browser.state.session as never, request)).toMatchObject({ kind: 'taken' });
    await relay.clock.settle();
    for (let piece = 0; piece < 4; piece++) relay.opener.upstream.print(new Uint8Array(32 * KiB));
    await relay.clock.settle();
    expect(relay.opener.upstream.paused).toBe(true);
    await relay.clock.advance(4_000);
    expect(relay.opener.upstream.paused).toBe(true);
    await relay.clock.advance(2_500);
    expect(relay.opener.upstream.paused).toBe(false);
    expect(relay.opener.upstream.passedBytes).toBe(128 * KiB);
  });

  it('[DR2] is driven again as soon as its silent driver speaks: nothing was taken from it meanwhile', async () => {
    await using relay = await TestRelay.start();
    const broker = relay.broker();
    let silent = false;
    const publish: typeof broker.logs.publish = (...args) => silent || broker.logs.publish(...args);
    const logs = new Proxy(broker.logs, { get: (to, name) => (name === 'publish' ? publish : bound(to, name)) });
    const door = relay.door('edge-a', { broker: new Proxy(broker, { get: (to, name) => (name === 'logs' ? logs : bound(to, name)) }) });
    const browser = await openWith(relay, { detached: 'pause', graceMs: 60_000 }, door);
    browser.stopParsing();
    for (let piece = 0; piece < 32; piece++) relay.opener.upstream.print(new Uint8Array(64 * KiB));
    silent = true;
    await relay.clock.advance(10_000);
    silent = false;
    browser.startParsing();
    await relay.clock.advance(120_000);
    expect(relay.stateOf(browser.state.session)).toBe('owned');
    expect(browser.screenBytes).toBe(32 * 64 * KiB);
    expect(browser.gaps).toStrictEqual([]);
  });

  it('[FC2] that answers and parses nothing is asked ever less often, and stays the driver', async () => {
    await using relay = await TestRelay.start();
    const browser = await relay.openTerminal(relay.door());
    let stalls = 0;
    const counting = relay.broker().logs.subscribe(
      { session: browser.state.session as never, log: 'out' },
      {
        subscribed: () => {},
        push: (frame) => {
          if (frame[0] === FrameType.stall) stalls += 1;
        },
        broken: () => {},
      },
    );
    browser.stopParsing();
    for (let piece = 0; piece < 32; piece++) relay.opener.upstream.print(new Uint8Array(32 * KiB));
    await relay.clock.advance(60_000);
    counting.close();
    expect(stalls).toBeGreaterThan(20);
    expect(stalls).toBeLessThan(35);
    expect(relay.opener.upstream.paused).toBe(true);
    browser.startParsing();
    await relay.clock.settle();
    expect(relay.opener.upstream.passedBytes).toBe(32 * 32 * KiB);
  });

  it('[DR2] is noticed while it is idle too: the worker asks every minute', async () => {
    await using relay = await TestRelay.start();
    const browser = await relay.openTerminal(relay.door());
    browser.client.dispose();
    await relay.clock.settle();
    const broker = relay.broker();
    const driver = {
      stream: 'c'.repeat(32) as never,
      connection: 1,
      cols: 80,
      rows: 24,
      credit: { outputFence: 0, offset: 0, windowBytes: 16 * KiB },
    };
    await broker.logs.takeInput(browser.state.session as never, {
      nonce: 1,
      writer: 'edge-dead',
      driver,
      typed: 0,
      mode: { kind: 'force' },
    });
    await relay.clock.advance(60_000 + 6_000 + 301_000);
    expect(relay.stateOf(browser.state.session)).toBe('ended');
  });
});
