import { describe, expect, it } from 'vitest';
import { turnOutputBytes } from '../../src/worker/constants.ts';
import { TestRelay } from '../support/test-relay.ts';

const KiB = 1024;
const pieceBytes = 32 * KiB;

/** Everything the socket library would hand over in one go. */
function burst(relay: TestRelay, bytes: number): void {
  for (let at = 0; at < bytes; at += pieceBytes) relay.opener.upstream.print(new Uint8Array(pieceBytes));
}

describe('one session in one turn of the event loop', () => {
  it('[FC8] takes a bounded part of what its upstream prints, and the rest in later turns', async () => {
    await using relay = await TestRelay.start();
    const browser = await relay.openTerminal(relay.door());
    burst(relay, 8_192 * KiB);
    expect(relay.opener.upstream.passedBytes).toBeLessThanOrEqual(turnOutputBytes + pieceBytes);
    expect(relay.opener.upstream.paused).toBe(true);
    await relay.clock.advance(1_000);
    expect(browser.screenBytes).toBe(8_192 * KiB);
  });

  it('[FC8] also while nobody drives it', async () => {
    await using relay = await TestRelay.start();
    const browser = await relay.openTerminal(relay.door());
    browser.client.dispose();
    await relay.clock.settle();
    burst(relay, 4_096 * KiB);
    expect(relay.opener.upstream.passedBytes).toBeLessThanOrEqual(turnOutputBytes + pieceBytes);
    await relay.clock.settle();
    expect(relay.opener.upstream.passedBytes).toBe(4_096 * KiB);
  });

  it('[FC8] also while it skips, which reads without regard to credit', async () => {
    await using relay = await TestRelay.start();
    const browser = await relay.openTerminal(relay.door());
    browser.client.skip();
    await relay.clock.settle();
    burst(relay, 4_096 * KiB);
    expect(relay.opener.upstream.passedBytes).toBeLessThanOrEqual(turnOutputBytes + pieceBytes);
    await relay.clock.settle();
    expect(relay.opener.upstream.passedBytes).toBe(4_096 * KiB);
  });

  it('[FC8] is sent no more than its window by its edge, however far it is behind', async () => {
    await using relay = await TestRelay.start();
    const first = await relay.openTerminal(relay.door());
    burst(relay, 512 * KiB);
    await relay.clock.settle();
    const late = relay.browser(relay.door('edge-b'));
    if (!first.saved) throw new Error('nothing saved');
    late.client.startAgain({ ...first.saved, stream: 'f'.repeat(32) }, { cols: 80, rows: 24 });
    let most = 0;
    for (let tick = 0, before = 0; tick < 2_000; tick++) {
      await Promise.resolve();
      const sent = late.sockets.at(-1)?.sent.reduce((sum, frame) => sum + frame.length, 0) ?? 0;
      most = Math.max(most, sent - before);
      before = sent;
    }
    expect(late.screenBytes).toBe(512 * KiB);
    expect(most).toBeLessThanOrEqual(256 * KiB + 66 * KiB);
  });
});
