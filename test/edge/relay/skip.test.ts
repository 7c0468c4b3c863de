import { describe, expect, it } from 'vitest';
import type { Queued } from '../../../src/client/client-host.ts';
import { FrameType } from '../../../src/protocol/frame-type.ts';
import { GapCause, gapOf } from '../../../src/protocol/gap.ts';
import type { SessionId } from '../../../src/protocol/ids.ts';
import type { TestBrowser } from '../../support/test-browser.ts';
import { TestRelay } from '../../support/test-relay.ts';

const KiB = 1024;
const prompt = '^C\r\n$ ';

/** A terminal that parses nothing, in front of a process that prints without end until it is stopped. */
async function flooded(relay: TestRelay): Promise<{ browser: TestBrowser; printed: () => number; print: (bytes: number) => void }> {
  const browser = await relay.openTerminal(relay.door());
  browser.stopParsing();
  let printed = 0;
  const print = (bytes: number) => {
    const piece = Buffer.alloc(bytes, 'y\n');
    printed += bytes;
    relay.opener.upstream.print(piece);
  };
  for (let piece = 0; piece < 64; piece++) print(32 * KiB);
  await relay.clock.settle();
  return { browser, printed: () => printed, print };
}

async function gapsOnLog(relay: TestRelay, browser: TestBrowser) {
  const log = { session: browser.state.session as SessionId, log: 'out' } as const;
  const page = await relay.broker().logs.read(log, { fence: 0, seq: 0 }, 10_000);
  if (page.kind !== 'page') throw new Error('no log');
  return page.entries.filter((entry) => entry.type === FrameType.outputGap).map((entry) => gapOf(entry));
}

describe('a driver that skips', () => {
  it('[FC9] comes to the end of a flood at once: one gap of exactly what is missing, and the prompt behind it', async () => {
    await using relay = await TestRelay.start();
    const { browser, printed } = await flooded(relay);
    expect(relay.opener.upstream.paused).toBe(true);
    browser.client.skip();
    await relay.clock.settle();
    relay.opener.upstream.print(prompt);
    await relay.clock.advance(300);
    expect(relay.opener.upstream.paused).toBe(false);
    browser.startParsing();
    await relay.clock.advance(100);
    expect(browser.screen.endsWith(`y\n${prompt}`)).toBe(true);
    expect(browser.gaps).toHaveLength(1);
    expect(browser.gaps[0]?.cause).toBe(GapCause.skipped);
    expect(browser.screenBytes + (browser.gaps[0]?.sizeBytes ?? 0)).toBe(printed() + prompt.length);
    expect(browser.state.faults).toMatchObject({ mismatches: 0, gaps: 1, rewinds: 0 });
    expect(browser.screenBytes).toBeLessThanOrEqual(256 * KiB + 64 * KiB + KiB + prompt.length);
  });

  it('[FC9] leaves one gap entry on the record, for watchers and whoever comes later', async () => {
    await using relay = await TestRelay.start();
    const { browser } = await flooded(relay);
    browser.client.skip();
    await relay.clock.advance(300);
    const gaps = await gapsOnLog(relay, browser);
    expect(gaps).toHaveLength(1);
    expect(gaps[0]).toMatchObject({ cause: GapCause.skipped });
    expect(gaps[0]?.sizeBytes).toBeGreaterThan(1024 * KiB);
  });

  it('[FC9] waits until the upstream is quiet, and for a process that never is no longer than five seconds', async () => {
    await using relay = await TestRelay.start();
    const { browser, print } = await flooded(relay);
    browser.client.skip();
    for (let tick = 0; tick < 48; tick++) {
      print(64 * KiB);
      await relay.clock.advance(100);
    }
    expect(await gapsOnLog(relay, browser)).toHaveLength(0);
    expect(relay.opener.upstream.paused).toBe(false);
    await relay.clock.advance(300);
    expect(await gapsOnLog(relay, browser)).toHaveLength(1);
  });

  it('[FC9] goes on within its credit: the flood that follows is stopped again', async () => {
    await using relay = await TestRelay.start();
    const { browser, print } = await flooded(relay);
    browser.client.skip();
    await relay.clock.advance(300);
    for (let piece = 0; piece < 64; piece++) print(32 * KiB);
    await relay.clock.settle();
    expect(relay.opener.upstream.paused).toBe(true);
    browser.startParsing();
    await relay.clock.advance(1_000);
    expect(relay.opener.upstream.paused).toBe(false);
    expect(browser.state.faults).toMatchObject({ mismatches: 0, gaps: 1, rewinds: 0 });
  });

  it('[FC9] has to be the driver: what a watcher asks for is not done', async () => {
    await using relay = await TestRelay.start();
    const { browser } = await flooded(relay);
    const watcher = relay.browser(relay.door('edge-b'));
    if (!browser.saved) throw new Error('nothing saved');
    watcher.client.startAgain({ ...browser.saved, stream: 'f'.repeat(32) }, { cols: 80, rows: 24 });
    await relay.clock.settle();
    watcher.socket.from({ kind: 'skip' });
    await relay.clock.advance(1_000);
    expect(relay.opener.upstream.paused).toBe(true);
    expect(await gapsOnLog(relay, browser)).toHaveLength(0);
  });

  it('[FC9] skips for itself alone: whoever takes control meanwhile sees what comes from there on', async () => {
    await using relay = await TestRelay.start();
    const { browser } = await flooded(relay);
    const second = relay.browser(relay.door('edge-b'));
    if (!browser.saved) throw new Error('nothing saved');
    second.client.startAgain({ ...browser.saved, stream: 'f'.repeat(32) }, { cols: 80, rows: 24 });
    await relay.clock.settle();
    browser.client.skip();
    await relay.clock.settle();
    second.client.takeControl();
    await relay.clock.settle();
    expect(await gapsOnLog(relay, browser)).toHaveLength(1);
    relay.opener.upstream.print('seen');
    await relay.clock.advance(100);
    expect(second.screen.endsWith('seen')).toBe(true);
  });

  it('[FC9] when the session ends meanwhile is told what was left out, and then the end', async () => {
    await using relay = await TestRelay.start();
    const { browser, printed } = await flooded(relay);
    browser.client.skip();
    await relay.clock.settle();
    relay.opener.upstream.end({ kind: 'exited', code: 130, message: 'The process ended.' });
    browser.startParsing();
    await relay.clock.advance(1_000);
    expect(browser.state.connection).toMatchObject({ kind: 'ended', reason: { code: 130 } });
    expect(browser.screenBytes + browser.state.faults.gapBytes).toBe(printed());
  });

  it('[FC9] when all was on the log already is shown what the upstream said last: that is the prompt', async () => {
    await using relay = await TestRelay.start();
    const browser = await relay.openTerminal(relay.door());
    browser.stopParsing();
    for (let piece = 0; piece < 12; piece++) {
      relay.opener.upstream.print(new Uint8Array(32 * KiB));
      await relay.clock.settle();
    }
    relay.opener.upstream.print(prompt);
    await relay.clock.settle();
    expect(relay.opener.upstream.paused).toBe(false);
    browser.client.skip();
    browser.startParsing();
    await relay.clock.advance(1_000);
    expect(browser.screen.endsWith(prompt)).toBe(true);
    expect(browser.gaps).toHaveLength(1);
    expect(browser.gaps[0]).toMatchObject({ cause: GapCause.skipped });
    expect(browser.screenBytes + browser.state.faults.gapBytes).toBe(12 * 32 * KiB + 6);
    expect(browser.state.faults).toMatchObject({ mismatches: 0, rewinds: 0 });
  });

  it('[FC9] in a quiet session loses nothing and declares nothing', async () => {
    await using relay = await TestRelay.start();
    const browser = await relay.openTerminal(relay.door());
    relay.opener.upstream.print('$ ');
    await relay.clock.settle();
    browser.client.skip();
    await relay.clock.settle();
    relay.opener.upstream.print('^C\r\n$ ');
    await relay.clock.advance(400);
    expect(browser.screen).toBe('$ ^C\r\n$ ');
    expect(browser.gaps).toStrictEqual([]);
  });

  it('[FC9] when the session ended before the worker heard of it is told what was left out all the same', async () => {
    await using relay = await TestRelay.start();
    const browser = await relay.openTerminal(relay.door());
    browser.client.skip();
    relay.opener.upstream.print('x'.repeat(100));
    relay.opener.upstream.end({ kind: 'exited', code: 0, message: 'The process ended.' });
    await relay.clock.advance(7_000);
    expect(browser.screenBytes + browser.state.faults.gapBytes).toBe(100);
    expect(browser.state.connection.kind).toBe('ended');
  });
});

describe('Ctrl-C', () => {
  it('[FC6] gets through to the process while its output floods and the terminal does not parse', async () => {
    await using relay = await TestRelay.start();
    const { browser, print } = await flooded(relay);
    browser.type('\x03');
    for (let piece = 0; piece < 8; piece++) print(32 * KiB);
    await relay.clock.settle();
    expect(relay.opener.upstream.paused).toBe(true);
    expect(relay.opener.upstream.typed).toBe('\x03');
  });

  it('[FC9] on a link of 100 KB/s and 300 ms: the process has it within a second, and the prompt is there 1.5 s after the skip', async () => {
    await using relay = await TestRelay.start();
    const browser = relay.browser(relay.door());
    browser.link = { bytesPerSecond: 100_000, oneWayMs: 150 };
    browser.client.start({ cols: 80, rows: 24 });
    await relay.clock.advance(2_000);
    const { upstream } = relay.opener;
    // `yes`: as much as is taken, for a minute.
    for (let tick = 0; tick < 600; tick++) {
      while (!upstream.paused) {
        upstream.print(Buffer.alloc(16 * KiB, 'y\n'));
        await relay.clock.settle();
      }
      await relay.clock.advance(100);
    }
    expect(browser.screenBytes).toBeGreaterThan(60 * 90_000);
    browser.type('\x03');
    await relay.clock.advance(200);
    expect(upstream.typed).toBe('\x03');
    expect(browser.client.queued.bytes).toBeGreaterThan(16 * KiB);
    browser.client.skip();
    upstream.print('^C\r\n$ ');
    await relay.clock.advance(1_500);
    expect(browser.screen.endsWith('$ ')).toBe(true);
    expect(browser.state.faults).toMatchObject({ mismatches: 0, gaps: 1, rewinds: 0 });
  });

  it('[FC9] into a flood finds the page knowing how much is queued, here and on the log, and for how long', async () => {
    await using relay = await TestRelay.start();
    const { browser } = await flooded(relay);
    // A terminal that parses 32 KiB in a quarter of a second.
    const seen: Queued[] = [];
    for (let tick = 0; tick < 12; tick++) {
      browser.parseSome(32 * KiB);
      await relay.clock.advance(250);
      seen.push(browser.client.queued);
    }
    const most = seen.reduce((longest, queued) => (queued.ms > longest.ms ? queued : longest));
    expect(most.bytes).toBeGreaterThan(120 * KiB);
    expect(most.ms).toBeGreaterThanOrEqual(900);
    expect(most.ms).toBeLessThan(10_000);
    browser.startParsing();
    await relay.clock.advance(2_000);
    expect(browser.client.queued).toStrictEqual({ bytes: 0, ms: 0 });
  });
});
