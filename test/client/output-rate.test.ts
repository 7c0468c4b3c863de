import { describe, expect, it } from 'vitest';
import { OutputRate } from '../../src/client/output-rate.ts';

describe('how long queued output takes', () => {
  it('[FC9] is told by the rate of the last second', () => {
    let now = 0;
    const rate = new OutputRate(() => now);
    for (; now < 3_000; now += 100) rate.parsed(10_000);
    expect(rate.msFor(100_000)).toBeCloseTo(1_000, -2);
    for (; now < 6_000; now += 100) rate.parsed(1_000);
    expect(rate.msFor(100_000)).toBeCloseTo(10_000, -3);
  });

  it('[FC9] has no end when nothing moves, and nothing takes no time', () => {
    let now = 0;
    const rate = new OutputRate(() => now);
    rate.parsed(10);
    now = 5_000;
    rate.msFor(1);
    now = 10_000;
    expect(rate.msFor(1)).toBe(Number.POSITIVE_INFINITY);
    expect(rate.msFor(0)).toBe(0);
  });
});
