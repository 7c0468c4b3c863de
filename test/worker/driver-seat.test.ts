import { expect, it } from 'vitest';
import type { FenceEntry } from '../../src/protocol/fence-entry.ts';
import { startOfLog } from '../../src/protocol/position.ts';
import { CreditGate } from '../../src/session/credit-gate.ts';
import { DriverSeat } from '../../src/worker/driver-seat.ts';
import { FakeClock } from '../support/fake-clock.ts';

const graceMs = 60_000;

class Bench {
  readonly clock = new FakeClock();
  readonly gate = new CreditGate({ outputFence: 1, offset: 0 }, 'pause');
  abandoned = 0;
  readonly seat = new DriverSeat(this.gate, this.clock, graceMs, () => {
    this.abandoned += 1;
  });

  take(fence: number): FenceEntry {
    const credit = { outputFence: 1, offset: 0, windowBytes: 64 * 1024 };
    const driver = { stream: 'a'.repeat(32) as never, connection: 1, next: 0, cols: 80, rows: 24, credit };
    const taken = { position: { ...startOfLog, fence, seq: 1 }, base: startOfLog, nonce: fence, writer: 'edge-a', driver };
    this.gate.adopt(fence, driver, 0);
    this.seat.taken(taken);
    return taken;
  }
}

it('[DR2] a driver that was silent drives again when it speaks, and its grace time is over with', async () => {
  const bench = new Bench();
  const driver = bench.take(7);
  expect(bench.seat.left(7, true)).toBe(true);
  expect([bench.seat.driver, bench.gate.driven]).toStrictEqual([undefined, false]);
  expect(bench.seat.spoke(6)).toBe(false);
  expect(bench.seat.spoke(7)).toBe(true);
  expect([bench.seat.driver, bench.gate.inputFence]).toStrictEqual([driver, 7]);
  await bench.clock.advance(2 * graceMs);
  expect(bench.abandoned).toBe(0);
});

it('[DR2] one that left, or after which another drove, does not', () => {
  const bench = new Bench();
  bench.take(7);
  bench.seat.left(7, false);
  expect(bench.seat.spoke(7)).toBe(false);
  bench.take(8);
  bench.seat.left(8, true);
  bench.take(9);
  expect(bench.seat.spoke(8)).toBe(false);
  expect(bench.gate.inputFence).toBe(9);
});

it('[FC3] without a driver the grace time runs, from the start on and from every leave', async () => {
  const bench = new Bench();
  await bench.clock.advance(graceMs - 1);
  bench.take(7);
  await bench.clock.advance(2 * graceMs);
  bench.seat.left(7, true);
  await bench.clock.advance(graceMs - 1);
  expect(bench.abandoned).toBe(0);
  await bench.clock.advance(1);
  expect(bench.abandoned).toBe(1);
  expect(bench.gate.room(1_000_000)).toBe(Number.POSITIVE_INFINITY);
});
