import { ownLimitMs } from './lease-time.ts';

/**
 * A worker's own view of its lease (LS1): valid until two thirds of the lease time after the *sending* of the last answered renewal, by
 * the monotonic and the wall clock, whichever ends first. Others wait the whole time, so the last third is the margin.
 */
export class OwnLease {
  readonly #leaseMs: number;
  #sent: { readonly nowMs: number; readonly wallMs: number } | undefined;

  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs;
  }

  get renewEveryMs(): number {
    return this.#leaseMs / 3;
  }

  /** A renewal was answered; the times are those of its sending. */
  renewed(nowMs: number, wallMs: number): void {
    this.#sent = { nowMs, wallMs };
  }

  valid(nowMs: number, wallMs: number): boolean {
    if (!this.#sent) return false;
    const limitMs = ownLimitMs(this.#leaseMs);
    const wallPassed = wallMs - this.#sent.wallMs;
    // A wall clock set back says nothing; one that jumped ahead may mean that this process slept.
    return nowMs - this.#sent.nowMs < limitMs && wallPassed < limitMs;
  }
}
