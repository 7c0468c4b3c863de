import { describe, expect, it } from 'vitest';
import type { RelayDoor } from '../../../src/edge/relay/relay-door.ts';
import type { SessionId } from '../../../src/protocol/ids.ts';
import type { TestBrowser } from '../../support/test-browser.ts';
import { shell, TestRelay } from '../../support/test-relay.ts';

const KiB = 1024;
const size = { cols: 80, rows: 24 };

/** Another page of the same person on the same session. */
async function join(relay: TestRelay, first: TestBrowser, door: RelayDoor, stream = 'f'): Promise<TestBrowser> {
  if (!first.saved) throw new Error('nothing saved');
  const browser = relay.browser(door);
  browser.client.startAgain({ ...first.saved, stream: stream.repeat(32) }, size);
  await relay.clock.settle();
  return browser;
}

/** A driver is on the record whose edge never says anything again. */
async function silentDriver(relay: TestRelay, session: string | undefined): Promise<void> {
  const credit = { outputFence: 0, offset: 0, windowBytes: 16 * KiB };
  const driver = { stream: 'c'.repeat(32) as never, connection: 1, ...size, credit };
  const request = { nonce: 1, writer: 'edge-dead', driver, typed: 0, mode: { kind: 'force' } } as const;
  const taken = await relay.broker().logs.takeInput(session as SessionId, request);
  expect(taken.kind).toBe('taken');
  await relay.clock.settle();
}

describe('a client that finds the session driven', () => {
  it('[DR2] has the driver asked for a sign of life; one that gives it goes on driving', async () => {
    await using relay = await TestRelay.start();
    const first = await relay.openTerminal(relay.door());
    const second = await join(relay, first, relay.door('edge-b'));
    await relay.clock.advance(10_000);
    expect(first.state.driving).toBe(true);
    expect(second.state.driving).toBe(false);
  });

  it('[DR2] takes control of a silent driver after some seconds, although nothing is stalled', async () => {
    await using relay = await TestRelay.start();
    const first = await relay.openTerminal(relay.door());
    const { session } = first.state;
    first.client.dispose();
    await silentDriver(relay, session);
    const second = await join(relay, first, relay.door('edge-b'));
    expect(second.state.driving).toBe(false);
    await relay.clock.advance(4_000);
    expect(second.state.driving).toBe(false);
    await relay.clock.advance(3_000);
    expect(second.state.driving).toBe(true);
    second.type('mine');
    await relay.clock.settle();
    expect(relay.opener.upstream.typed).toBe('mine');
  });

  it('[DR1] is one of several: exactly one of them replaces the silent driver', async () => {
    await using relay = await TestRelay.start();
    const first = await relay.openTerminal(relay.door());
    const { session } = first.state;
    first.client.dispose();
    await silentDriver(relay, session);
    const doors = [relay.door('edge-b'), relay.door('edge-c'), relay.door('edge-c2')];
    const waiting = [];
    for (const [index, door] of doors.entries()) waiting.push(await join(relay, first, door, String(index)));
    await relay.clock.advance(10_000);
    expect(waiting.filter((browser) => browser.state.driving)).toHaveLength(1);
    await relay.clock.advance(60_000);
    expect(waiting.filter((browser) => browser.state.driving)).toHaveLength(1);
  });

  it('[DR2] that waited and got nothing does not take control much later, when the driver only closes its page', async () => {
    await using relay = await TestRelay.start();
    const first = await relay.openTerminal(relay.door());
    const second = await join(relay, first, relay.door('edge-b'));
    await relay.clock.advance(20_000);
    first.client.dispose();
    await relay.clock.advance(1_000);
    expect(second.state.driving).toBe(false);
  });

  it('[DR2] of a log gives the credit if it is the first viewer; others watch', async () => {
    await using relay = await TestRelay.start();
    const { cluster, namespace, pod } = shell;
    const target = { kind: 'log', cluster, namespace, pod, container: 'app', follow: true } as never;
    const first = relay.browser(relay.door());
    first.ticket = (done) => void relay.ticket({ target }).then((ticket) => done({ ticket }));
    first.client.start(size);
    await relay.clock.settle();
    const second = await join(relay, first, relay.door('edge-b'));
    expect([first.state.driving, second.state.driving]).toStrictEqual([true, false]);
    first.stopParsing();
    for (let piece = 0; piece < 32; piece++) relay.opener.upstream.print(new Uint8Array(32 * KiB));
    await relay.clock.settle();
    expect(relay.opener.upstream.paused).toBe(true);
    first.startParsing();
    await relay.clock.advance(1_000);
    expect([first.screenBytes, second.screenBytes]).toStrictEqual([1024 * KiB, 1024 * KiB]);
  });
});

describe('a watcher that parses 10 KB a second', () => {
  it.each([
    ['on the edge of the driver', true],
    ['on an edge of its own', false],
  ])('[DR3] %s does not slow the driver, and what it misses is declared to it', async (_where, sameEdge) => {
    await using relay = await TestRelay.start();
    const door = relay.door('edge-a');
    const driver = await relay.openTerminal(door);
    const watcher = await join(relay, driver, sameEdge ? door : relay.door('edge-b'));
    watcher.stopParsing();
    const { upstream } = relay.opener;
    let printed = 0;
    let paused = 0;
    for (let second = 0; second < 40; second++) {
      for (let piece = 0; piece < 10; piece++) {
        upstream.print(new Uint8Array(20 * KiB).fill(97 + (second % 26)));
        printed += 20 * KiB;
        await relay.clock.settle();
        if (upstream.paused) paused++;
        // The driver has each piece in the same moment it was printed.
        expect(driver.screenBytes).toBe(printed);
        driver.type('k');
        await relay.clock.advance(100);
      }
      watcher.parseSome(10_000);
    }
    expect(paused).toBe(0);
    expect(upstream.typed).toBe('k'.repeat(400));
    expect(driver.state.faults.gaps).toBe(0);
    expect(watcher.screenBytes).toBeLessThanOrEqual(40 * 64 * KiB + 320 * KiB);
    watcher.startParsing();
    await relay.clock.advance(2_000);
    expect(watcher.screenBytes + watcher.state.faults.gapBytes).toBe(printed);
    expect(watcher.state.faults).toMatchObject({ mismatches: 0, rewinds: 0 });
    expect(watcher.state.faults.gaps).toBeGreaterThan(0);
  });
});
