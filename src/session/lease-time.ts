/** A worker is called dead when its counter stood still this long; it stops itself after two thirds. Both sides count with this (LS1). */
export const leaseMs = 15_000;

/** After so long without a renewal a worker stops itself (LS1). */
export function ownLimitMs(ofLeaseMs: number): number {
  return (ofLeaseMs * 2) / 3;
}
