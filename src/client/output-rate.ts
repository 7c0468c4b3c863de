/** Half of the time that the rate is measured over. */
const bucketMs = 500;

/** How fast output is parsed, over the last second or less: what is queued takes so long (FC9). */
export class OutputRate {
  readonly #now: () => number;
  #bucketAt: number;
  #bytes = 0;
  #before = { bytes: 0, ms: 0 };

  constructor(now: () => number) {
    this.#now = now;
    this.#bucketAt = now();
  }

  parsed(bytes: number): void {
    this.#turn();
    this.#bytes += bytes;
  }

  /** @returns how long so much output takes; without end when nothing moved for a while */
  msFor(bytes: number): number {
    this.#turn();
    if (bytes === 0) return 0;
    const ms = this.#now() - this.#bucketAt + this.#before.ms;
    const moved = this.#bytes + this.#before.bytes;
    return moved === 0 ? Number.POSITIVE_INFINITY : (bytes / moved) * ms;
  }

  #turn(): void {
    const ms = this.#now() - this.#bucketAt;
    if (ms < bucketMs) return;
    this.#before = { bytes: this.#bytes, ms };
    this.#bucketAt += ms;
    this.#bytes = 0;
  }
}
