import { describe, expect, it } from 'vitest';
import { maxEntryPayloadBytes, writerRingBytes } from '../../src/protocol/limits.ts';
import { skipTailBytes } from '../../src/session/output-skip.ts';
import { pendingOutputBytes, queuedInputBytes, turnOutputBytes } from '../../src/worker/constants.ts';
import type { TestBrowser } from '../support/test-browser.ts';
import { TestRelay, type TestWorker } from '../support/test-relay.ts';

const KiB = 1024;
const never = new Promise<void>(() => {});

async function opened(): Promise<{ relay: TestRelay; worker: TestWorker; browser: TestBrowser; gauge: (name: string) => number }> {
  const relay = await TestRelay.start({ workers: 0 });
  const worker = await relay.worker('worker-0');
  const browser = await relay.openTerminal(relay.door());
  const gauge = (name: string) => worker.pool.gauges().find((each) => each.name === `poseidon_worker_${name}`)?.value ?? Number.NaN;
  return { relay, worker, browser, gauge };
}

function flood(relay: TestRelay, bytes: number, pieceBytes = 32 * KiB): void {
  for (let at = 0; at < bytes; at += pieceBytes) relay.opener.upstream.print(new Uint8Array(pieceBytes));
}

describe('what a worker holds of a session', () => {
  it('[FC2] output without credit: what came in the turn in which the upstream was paused', async () => {
    const { relay, browser, gauge } = await opened();
    await using _ = relay;
    browser.stopParsing();
    for (let round = 0; round < 100; round++) {
      flood(relay, 256 * KiB, 31 * KiB);
      await relay.clock.advance(20);
    }
    expect(gauge('held_bytes')).toBeGreaterThan(0);
    expect(gauge('held_bytes')).toBeLessThanOrEqual(turnOutputBytes + 31 * KiB);
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
      flood(relay, 256 * KiB);
      await relay.clock.settle();
    }
    expect(gauge('pending_bytes')).toBeGreaterThan(pendingOutputBytes / 2);
    expect(gauge('pending_bytes')).toBeLessThanOrEqual(pendingOutputBytes);
  });

  it('[FC4] frames that a fail-over could lose', async () => {
    const { relay, gauge } = await opened();
    await using _ = relay;
    flood(relay, 4_096 * KiB);
    await relay.clock.settle();
    expect(gauge('ring_bytes')).toBeGreaterThan(writerRingBytes / 2);
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
    expect(gauge('input_bytes')).toBeGreaterThan(queuedInputBytes / 2);
    expect(gauge('input_bytes')).toBeLessThanOrEqual(queuedInputBytes + maxEntryPayloadBytes + KiB);
  });

  it('[LG9] marks of where to trim, for a log of single keys too', async () => {
    const { relay, gauge } = await opened();
    await using _ = relay;
    for (let key = 0; key < 3_000; key++) {
      relay.opener.upstream.print('k');
      await relay.clock.settle();
    }
    expect(gauge('trim_marks')).toBeGreaterThan(1);
    expect(gauge('trim_marks')).toBeLessThanOrEqual(130);
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
