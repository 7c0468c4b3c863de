/**
 * Another worker's lease as an observer sees it (LS1): dead when its counter stood still for the lease time by the observer's monotonic
 * clock, counting only time in which the observer's own reads were answered. Clocks are never compared.
 */
export class LeaseWatch {
  readonly #leaseMs: number;
  readonly #mostGapMs: number;
  #counter: number | undefined;
  #stillMs = 0;
  #lastReadMs: number | undefined;

  /** @param mostGapMs reads further apart than this do not count: an outage restarts the count */
  constructor(leaseMs: number, mostGapMs: number) {
    this.#leaseMs = leaseMs;
    this.#mostGapMs = mostGapMs;
  }

  /** @param counter undefined: the lease is gone. @returns whether the worker is to be called dead */
  read(counter: number | undefined, nowMs: number): boolean {
    const sinceMs = this.#lastReadMs === undefined ? 0 : nowMs - this.#lastReadMs;
    const moved = this.#lastReadMs === undefined || counter !== this.#counter || sinceMs > this.#mostGapMs;
    this.#stillMs = moved ? 0 : this.#stillMs + sinceMs;
    this.#counter = counter;
    this.#lastReadMs = nowMs;
    return this.#stillMs >= this.#leaseMs;
  }
}
