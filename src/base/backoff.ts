import type { Random } from './clock.ts';

/** Delays that double up to a bound, each drawn between half of it and all of it, so that many do not come back together. */
export class Backoff {
  readonly #random: Random;
  readonly #firstMs: number;
  readonly #mostMs: number;
  #tries = 0;

  constructor(random: Random, firstMs: number, mostMs: number) {
    this.#random = random;
    this.#firstMs = firstMs;
    this.#mostMs = mostMs;
  }

  nextMs(): number {
    const full = Math.min(this.#mostMs, this.#firstMs * 2 ** Math.min(this.#tries, 20));
    this.#tries++;
    return full * (0.5 + this.#random.fraction() / 2);
  }

  reset(): void {
    this.#tries = 0;
  }
}
