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

  /** @param mostGapMs time between reads further apart does not count: the broker did not answer meanwhile, or this process slept */
  constructor(leaseMs: number, mostGapMs: number) {
    this.#leaseMs = leaseMs;
    this.#mostGapMs = mostGapMs;
  }

  /** For how long the counter has stood still, as far as it counts. */
  get stillMs(): number {
    return this.#stillMs;
  }

  get dead(): boolean {
    return this.#stillMs >= this.#leaseMs;
  }

  /** @param counter undefined: the lease is gone. @returns whether the worker is to be called dead */
  read(counter: number | undefined, nowMs: number): boolean {
    if (this.#lastReadMs !== undefined && nowMs - this.#lastReadMs > this.#mostGapMs) this.missed();
    if (counter !== this.#counter) this.#stillMs = 0;
    else if (this.#lastReadMs !== undefined) this.#stillMs += nowMs - this.#lastReadMs;
    this.#counter = counter;
    this.#lastReadMs = nowMs;
    return this.dead;
  }

  /**
   * A read was not answered. From the next one that is, two thirds of the lease time must pass: a worker that lives has renewed by then,
   * and one whose last renewal a fail-over lost has stopped by itself.
   */
  missed(): void {
    this.#stillMs = Math.min(this.#stillMs, this.#leaseMs / 3);
    this.#lastReadMs = undefined;
  }
}
