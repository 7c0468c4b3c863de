import { describe, expect, it } from 'vitest';
import { keptPushBytes, maxEntryPayloadBytes, outputLogBytes, writerRingBytes } from '../../src/protocol/limits.ts';
import { skipTailBytes } from '../../src/session/output-skip.ts';
import { pendingOutputBytes, queuedInputBytes } from '../../src/worker/constants.ts';
import type { TestBrowser } from '../support/test-browser.ts';
import { TestRelay, type TestWorker } from '../support/test-relay.ts';

const KiB = 1024;
const never = new Promise<void>(() => {});

async function opened({
  reading = Promise.resolve(),
} = {}): Promise<{ relay: TestRelay; worker: TestWorker; browser: TestBrowser; gauge: (name: string) => number }> {
  const relay = await TestRelay.start({ workers: 0 });
  const worker = await relay.worker('worker-0');
  worker.reading = reading;
  const browser = await relay.openTerminal(relay.door());
  const gauge = (name: string) => worker.pool.gauges().find((each) => each.name === `poseidon_worker_${name}`)?.value ?? Number.NaN;
  return { relay, worker, browser, gauge };
}

function flood(relay: TestRelay, bytes: number, pieceBytes = 32 * KiB): void {
  for (let at = 0; at < bytes; at += pieceBytes) relay.opener.upstream.print(new Uint8Array(pieceBytes));
}

describe('what a worker holds of a session', () => {
  it('[FC2] output without credit: the message that did not fit, and what the same read brought in', async () => {
    const { relay, browser, gauge } = await opened();
    await using _ = relay;
    browser.stopParsing();
    relay.opener.upstream.underWayBytes = 64 * KiB;
    for (let round = 0; round < 100; round++) {
      flood(relay, 256 * KiB, 8 * KiB);
      await relay.clock.advance(20);
    }
    expect(gauge('held_bytes')).toBeGreaterThan(64 * KiB);
    expect(gauge('held_bytes')).toBeLessThanOrEqual(64 * KiB + 8 * KiB);
  });

  it('[FC2] and one message of the upstream, however large', async () => {
    const { relay, browser, gauge } = await opened();
    await using _ = relay;
    browser.stopParsing();
    flood(relay, 16_384 * KiB, 4_096 * KiB);
    await relay.clock.advance(1_000);
    expect(gauge('held_bytes')).toBeGreaterThan(3_000 * KiB);
    expect(gauge('held_bytes')).toBeLessThanOrEqual(4_096 * KiB);
    browser.startParsing();
    await relay.clock.advance(1_000);
    expect([browser.screenBytes, gauge('held_bytes')]).toStrictEqual([16_384 * KiB, 0]);
  });

  it('[FC6] output that waits for the answer to an append', async () => {
    const { relay, worker, gauge } = await opened();
    await using _ = relay;
    worker.appending = never;
    for (let round = 0; round < 20; round++) {
      flood(relay, 256 * KiB, 4 * KiB);
      await relay.clock.settle();
    }
    expect(gauge('pending_bytes')).toBeGreaterThan(pendingOutputBytes - 8 * KiB);
    expect(gauge('pending_bytes')).toBeLessThanOrEqual(pendingOutputBytes);
  });

  it('[FC4] frames that a fail-over could lose', async () => {
    const { relay, gauge } = await opened();
    await using _ = relay;
    flood(relay, 4_096 * KiB);
    await relay.clock.settle();
    expect(gauge('ring_bytes')).toBeGreaterThan(writerRingBytes - maxEntryPayloadBytes);
    expect(gauge('ring_bytes')).toBeLessThanOrEqual(writerRingBytes + maxEntryPayloadBytes + KiB);
  });

  it('[FC9] the tail of what is skipped', async () => {
    const { relay, browser, gauge } = await opened();
    await using _ = relay;
    browser.client.skip();
    await relay.clock.settle();
    flood(relay, 4_096 * KiB);
    await relay.clock.settle();
    expect(gauge('skip_bytes')).toBe(skipTailBytes);
  });

  it('[FC5] input that the process does not take', async () => {
    const { relay, browser, gauge } = await opened();
    await using _ = relay;
    relay.opener.upstream.full = true;
    browser.type('x'.repeat(1_024 * KiB));
    await relay.clock.advance(20_000);
    expect(gauge('input_bytes')).toBeGreaterThan(queuedInputBytes);
    expect(gauge('input_bytes')).toBeLessThanOrEqual(queuedInputBytes + maxEntryPayloadBytes + KiB);
  });

  it('[LG9] the log it writes, and marks of where to trim it: few for single keys, one for each entry of half a mark and more', async () => {
    const { relay, gauge } = await opened();
    await using _ = relay;
    for (let key = 0; key < 3_000; key++) {
      relay.opener.upstream.print('k');
      await relay.clock.settle();
    }
    expect(gauge('trim_marks')).toBeLessThan(16);
    const [marks, bytes]: [number[], number[]] = [[], []];
    for (let entry = 0; entry < 400; entry++) {
      relay.opener.upstream.print(new Uint8Array(8.5 * KiB));
      await relay.clock.settle();
      marks.push(gauge('trim_marks'));
      bytes.push(gauge('output_log_bytes'));
    }
    expect(Math.max(...marks)).toBeGreaterThan(110);
    expect(Math.max(...marks)).toBeLessThanOrEqual(128);
    expect(Math.max(...bytes)).toBeGreaterThan(outputLogBytes - 16 * KiB);
    expect(Math.max(...bytes)).toBeLessThanOrEqual(outputLogBytes);
  });

  it('[LG5] pushes of input that come while a page is read', async () => {
    const { relay, browser, gauge } = await opened({ reading: never });
    await using _ = relay;
    const sizes: number[] = [];
    for (let key = 0; key < 2_000; key++) {
      browser.type('k');
      await relay.clock.settle();
      sizes.push(gauge('kept_push_bytes'));
    }
    expect(Math.max(...sizes)).toBeGreaterThan(keptPushBytes - KiB);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(keptPushBytes);
  });

  it('[FC5] input in the upstream’s socket is counted', async () => {
    const { relay, gauge } = await opened();
    await using _ = relay;
    relay.opener.upstream.unsentBytes = 256 * KiB;
    expect(gauge('upstream_buffer_bytes')).toBe(256 * KiB);
  });

  it('[FC7] nothing when its sessions have ended', async () => {
    const { relay, worker, browser } = await opened();
    await using _ = relay;
    flood(relay, 256 * KiB);
    browser.client.end();
    await relay.clock.advance(1_000);
    expect(worker.pool.gauges().map(({ value }) => value)).toStrictEqual(worker.pool.gauges().map(() => 0));
  });
});
