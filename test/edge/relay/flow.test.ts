import { describe, expect, it } from 'vitest';
import { CloseCode } from '../../../src/protocol/close-code.ts';
import { FrameType } from '../../../src/protocol/frame-type.ts';
import { TestRelay } from '../../support/test-relay.ts';

const KiB = 1024;
/** A process that prints without end, in pieces of a Kubernetes frame. */
const flood = (bytes: number) => Array.from({ length: bytes / (32 * KiB) }, (_, index) => new Uint8Array(32 * KiB).fill(97 + (index % 26)));

describe('output', () => {
  it('[FC2] stops the process when the terminal does not parse, and goes on where it was when it does', async () => {
    await using relay = await TestRelay.start();
    const browser = await relay.openTerminal(relay.door());
    browser.stopParsing();
    const { upstream } = relay.opener;
    for (const piece of flood(4096 * KiB)) upstream.print(piece);
    await relay.clock.settle();
    expect(upstream.paused).toBe(true);
    // Two windows of the driver on the record, what was on its way when the upstream was paused, and the piece that filled it.
    expect(upstream.passedBytes).toBeLessThanOrEqual(512 * KiB + 32 * KiB);
    browser.startParsing();
    await relay.clock.settle();
    await relay.clock.advance(100);
    expect(browser.screenBytes).toBe(4096 * KiB);
    expect(upstream.paused).toBe(false);
    expect(browser.state.faults).toStrictEqual({ mismatches: 0, gaps: 0, gapBytes: 0, rewinds: 0 });
  });

  it('[FC1] a socket gets no more than its window beyond what its terminal parsed', async () => {
    await using relay = await TestRelay.start();
    const browser = await relay.openTerminal(relay.door());
    browser.stopParsing();
    for (const piece of flood(4096 * KiB)) relay.opener.upstream.print(piece);
    await relay.clock.advance(1_000);
    const largest = Math.max(...browser.socket.entries.map((entry) => entry.frame.length));
    expect(browser.screenBytes).toBeLessThanOrEqual(256 * KiB + largest);
    expect(browser.screenBytes).toBeGreaterThanOrEqual(192 * KiB);
  });

  it('[FC1] a socket whose buffer is full is sent nothing more until it drains', async () => {
    await using relay = await TestRelay.start();
    const browser = await relay.openTerminal(relay.door());
    const { socket } = browser;
    socket.buffered = 256 * KiB;
    for (const piece of flood(64 * KiB)) relay.opener.upstream.print(piece);
    await relay.clock.settle();
    expect(browser.screenBytes).toBe(0);
    socket.drain();
    await relay.clock.settle();
    expect(browser.screenBytes).toBe(64 * KiB);
  });

  it('[FC2] a page that parses slowly and then fast again never waits for credit it has earned', async () => {
    await using relay = await TestRelay.start();
    const browser = await relay.openTerminal(relay.door());
    const { upstream } = relay.opener;
    for (const piece of flood(4096 * KiB)) upstream.print(piece);
    await relay.clock.settle();
    // Each burst takes longer than the measure of the parse rate: the window shrinks to its smallest.
    for (let burst = 0; burst < 5; burst++) {
      browser.stopParsing();
      for (const piece of flood(64 * KiB)) upstream.print(piece);
      await relay.clock.advance(20_000);
      browser.startParsing();
      await relay.clock.settle();
    }
    for (const piece of flood(2048 * KiB)) upstream.print(piece);
    await relay.clock.advance(30_000);
    expect(browser.screenBytes).toBe((4096 + 5 * 64 + 2048) * KiB);
  });

  it('[FC1] a slow link that becomes slower and then fast again never waits for an acknowledgement that cannot come', async () => {
    await using relay = await TestRelay.start();
    const browser = relay.browser(relay.door());
    for (const bytesPerSecond of [400_000, 30_000, 2_000_000]) {
      browser.link = { bytesPerSecond, oneWayMs: 100 };
      if (browser.sockets.length > 0) browser.loseSocket();
      else browser.client.start({ cols: 80, rows: 24 });
      await relay.clock.advance(1_000);
      const before = browser.screenBytes;
      for (const piece of flood(1024 * KiB)) relay.opener.upstream.print(piece);
      await relay.clock.advance(60_000);
      expect(browser.screenBytes + browser.state.faults.gapBytes - before).toBe(1024 * KiB);
    }
    expect(browser.state.faults).toMatchObject({ mismatches: 0, gaps: 0 });
  });

  it('[FC2] what was parsed while the socket was gone is credit for the next one', async () => {
    await using relay = await TestRelay.start();
    const door = relay.door();
    const browser = await relay.openTerminal(door);
    browser.stopParsing();
    for (const piece of flood(1024 * KiB)) relay.opener.upstream.print(piece);
    await relay.clock.settle();
    browser.loseSocket();
    await relay.clock.advance(300);
    browser.startParsing();
    await relay.clock.advance(2_000);
    expect(browser.screenBytes + browser.state.faults.gapBytes).toBe(1024 * KiB);
  });
});

describe('input', () => {
  it('[FC5] a paste of 5 MB into a slow process arrives byte for byte, in bounded memory', async () => {
    await using relay = await TestRelay.start();
    const browser = await relay.openTerminal(relay.door());
    const { upstream } = relay.opener;
    const paste = Array.from({ length: 5 * KiB }, (_, index) => String(index).padStart(KiB, '.')).join('');
    upstream.full = true;
    browser.type(paste);
    await relay.clock.settle();
    const sent = upstream.typed.length;
    expect(sent).toBeLessThanOrEqual(64 * KiB);
    const accepted = browser.socket.last('inputAck')?.accepted ?? 0;
    expect(accepted).toBeLessThanOrEqual(320 * KiB);
    for (let step = 0; step < 2_000 && upstream.typed.length < paste.length; step++) {
      upstream.drain();
      upstream.full = step % 2 === 0;
      await relay.clock.advance(1_000);
    }
    expect(upstream.typed === paste).toBe(true);
  });

  it('[FC5] a client that sends beyond its grant is closed', async () => {
    await using relay = await TestRelay.start();
    const browser = await relay.openTerminal(relay.door());
    const { socket } = browser;
    for (let piece = 0; piece < 3; piece++) socket.from({ kind: 'input', offset: piece * 32 * KiB, bytes: new Uint8Array(32 * KiB) });
    expect(socket.last('close')).toMatchObject({ code: CloseCode.flow });
    expect(socket.closedWith?.code).toBe(CloseCode.flow);
  });

  it('[RS4] bytes that are not the next of the stream are not taken', async () => {
    await using relay = await TestRelay.start();
    const browser = await relay.openTerminal(relay.door());
    browser.socket.from({ kind: 'input', offset: 5, bytes: Buffer.from('late') });
    browser.socket.from({ kind: 'input', offset: 0, bytes: Buffer.from('ls') });
    browser.socket.from({ kind: 'input', offset: 0, bytes: Buffer.from('ls') });
    await relay.clock.settle();
    expect(relay.opener.upstream.typed).toBe('ls');
    expect(browser.socket.open).toBe(true);
  });

  it('[RS4] a resize while input waits for the worker claims no byte that is not in the log', async () => {
    await using relay = await TestRelay.start();
    const [a, b] = [relay.door('edge-a'), relay.door('edge-b')];
    const browser = await relay.openTerminal(a);
    const { upstream } = relay.opener;
    upstream.full = true;
    const paste = 'x'.repeat(600 * KiB);
    browser.type(paste);
    await relay.clock.settle();
    browser.client.resized(100, 30);
    await relay.clock.settle();
    browser.door = b;
    browser.cutSocket();
    await relay.clock.advance(1_000);
    for (let step = 0; step < 200 && upstream.typed.length < paste.length; step++) {
      upstream.drain();
      await relay.clock.advance(1_000);
    }
    expect(upstream.typed.length).toBe(paste.length);
    expect(browser.state.notSentBytes).toBe(0);
  });

  it('[LS4] typed bytes survive a new connection that comes before the upstream is open', async () => {
    await using relay = await TestRelay.start();
    relay.opener.hold();
    const browser = await relay.openTerminal(relay.door('edge-a'));
    browser.type('first ');
    await relay.clock.settle();
    browser.door = relay.door('edge-b');
    browser.cutSocket();
    await relay.clock.advance(1_000);
    browser.type('second');
    await relay.clock.settle();
    relay.opener.release();
    await relay.clock.advance(1_000);
    expect(relay.opener.upstream.typed).toBe('first second');
    expect(browser.state.notSentBytes).toBe(0);
  });

  it('[DR1] a size that waited for the worker does not undo the one its client came back with', async () => {
    await using relay = await TestRelay.start();
    const browser = await relay.openTerminal(relay.door('edge-a'));
    const { upstream } = relay.opener;
    upstream.full = true;
    browser.type('x');
    browser.client.resized(100, 30);
    await relay.clock.settle();
    browser.door = relay.door('edge-b');
    browser.cutSocket();
    browser.client.resized(90, 20);
    await relay.clock.advance(1_000);
    upstream.drain();
    await relay.clock.settle();
    expect(upstream.sizes.at(-1)).toStrictEqual({ cols: 90, rows: 20 });
  });

  it('[LG9] typed input leaves the log, so that it stays bounded however much is typed', async () => {
    await using relay = await TestRelay.start();
    const browser = await relay.openTerminal(relay.door());
    for (let round = 0; round < 64; round++) {
      browser.type('k'.repeat(16 * KiB));
      await relay.clock.advance(100);
    }
    await relay.clock.advance(15_000);
    expect(relay.opener.upstream.typed.length).toBe(64 * 16 * KiB);
    const page = await relay.broker().logs.read({ session: browser.state.session as never, log: 'in' }, { fence: 0, seq: 0 }, 10_000);
    const kept = page.kind === 'page' ? page.entries.reduce((sum, entry) => sum + entry.frame.length, 0) : 0;
    expect(kept).toBeLessThanOrEqual(160 * KiB);
    expect(page.kind === 'page' && page.entries.some((entry) => entry.type === FrameType.inputData)).toBe(true);
  });
});
