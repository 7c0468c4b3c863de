import { beforeEach, describe, expect, it } from 'vitest';
import { OwnLease } from '../../src/session/own-lease.ts';

const leaseMs = 15_000;
let lease: OwnLease;

beforeEach(() => {
  lease = new OwnLease(leaseMs);
});

describe("a worker's own lease", () => {
  it('[LS1] is not valid before a renewal was answered', () => {
    expect(lease.valid(0, 0)).toBe(false);
  });

  it('[LS1] is renewed every third of the lease time', () => {
    expect(lease.renewEveryMs).toBe(5_000);
  });

  it('[LS1] ends two thirds of the lease time after the sending of the renewal', () => {
    lease.renewed(1_000, 900_000);
    expect(lease.valid(10_999, 909_999)).toBe(true);
    expect(lease.valid(11_000, 909_999)).toBe(false);
  });

  it('[LS1] ends by the wall clock too: the process may have slept while its monotonic clock stood still', () => {
    lease.renewed(1_000, 900_000);
    expect(lease.valid(1_001, 910_000)).toBe(false);
  });

  it('[LS1] does not end because the wall clock was set back', () => {
    lease.renewed(1_000, 900_000);
    expect(lease.valid(2_000, 100_000)).toBe(true);
    expect(lease.valid(11_000, 100_000)).toBe(false);
  });

  it('[LS1] is valid again after a later renewal', () => {
    lease.renewed(0, 0);
    expect(lease.valid(20_000, 20_000)).toBe(false);
    lease.renewed(20_000, 20_000);
    expect(lease.valid(29_999, 29_999)).toBe(true);
  });
});
