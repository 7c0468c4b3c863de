import { beforeEach, describe, expect, it } from 'vitest';
import { LeaseWatch } from '../../src/session/lease-watch.ts';

let watch: LeaseWatch;

beforeEach(() => {
  watch = new LeaseWatch(15_000, 6_000);
});

/** Reads the same counter every three seconds. @returns the answers */
function readFor(counter: number | undefined, fromMs: number, reads: number): boolean[] {
  return Array.from({ length: reads }, (_, index) => watch.read(counter, fromMs + index * 3_000));
}

describe("another worker's lease", () => {
  it('[LS1] is dead when its counter stood still for the lease time', () => {
    expect(readFor(4, 0, 6)).toStrictEqual([false, false, false, false, false, true]);
  });

  it('[LS1] lives while its counter moves, in whichever direction', () => {
    for (let at = 0; at < 20; at++) expect(watch.read(at % 3, at * 3_000)).toBe(false);
  });

  it('[LS1] starts its time over when the counter moved', () => {
    readFor(4, 0, 5);
    expect(readFor(5, 15_000, 6)).toStrictEqual([false, false, false, false, false, true]);
  });

  it('[LS1] does not die of an outage: time between far reads does not count', () => {
    expect(watch.read(4, 0)).toBe(false);
    expect(watch.read(4, 1_000_000)).toBe(false);
    expect(readFor(4, 1_003_000, 5)).toStrictEqual([false, false, false, false, true]);
  });

  it('[LS1] has two thirds of its time to renew after an outage, and an outage takes no more than that from the count', () => {
    readFor(4, 0, 5);
    watch.missed();
    expect(readFor(4, 20_000, 5)).toStrictEqual([false, false, false, false, true]);
    watch = new LeaseWatch(15_000, 6_000);
    readFor(4, 0, 2);
    watch.missed();
    watch.missed();
    expect(readFor(4, 20_000, 5)).toStrictEqual([false, false, false, false, true]);
  });

  it('[LS1] an answer that was missed does not count as time in which it stood still', () => {
    readFor(4, 0, 2);
    watch.missed();
    watch.read(4, 6_000);
    expect(watch.stillMs).toBe(3_000);
  });

  it('[LS1] that is gone from the broker is watched for the same time before it is dead', () => {
    expect(readFor(undefined, 0, 6)).toStrictEqual([false, false, false, false, false, true]);
  });

  it('[LS1] that vanishes and comes back is alive', () => {
    readFor(7, 0, 3);
    expect(watch.read(undefined, 9_000)).toBe(false);
    expect(readFor(1, 12_000, 5)).not.toContain(true);
  });
});
