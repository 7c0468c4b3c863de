/** A worker is called dead when its counter stood still this long; it stops itself after two thirds. Both sides count with this (LS1). */
export const leaseMs = 15_000;
