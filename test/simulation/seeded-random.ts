import type { Random } from '../../src/base/clock.ts';

/** Numbers from a seed: the same seed, the same numbers (sfc32). Never used for anything but the simulation. */
export class SeededRandom implements Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number, stream = 0) {
    this.#a = seed >>> 0;
    this.#b = Math.floor(seed / 0x100000000) >>> 0;
    this.#c = stream >>> 0;
    for (let i = 0; i < 12; i++) this.word();
  }

  /** 32 random bits. */
  word(): number {
    const sum = (this.#a + this.#b + this.#counter++) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    return sum >>> 0;
  }

  fraction(): number {
    return this.word() / 0x100000000;
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.word() & 0xff);
  }

  /** 0 ≤ value < bound, whole. */
  below(bound: number): number {
    return Math.floor(this.fraction() * bound);
  }

  between(least: number, most: number): number {
    return least + this.fraction() * (most - least);
  }

  /** Whole, both ends included. */
  whole(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  pick<Item>(items: readonly Item[]): Item | undefined {
    return items[this.below(items.length)];
  }

  /** Mean waiting time of a thing that happens at random. */
  exponential(mean: number): number {
    return -mean * Math.log(1 - this.fraction());
  }

  /** A source of its own, so that what one part draws does not shift another's numbers. */
  fork(): SeededRandom {
    return new SeededRandom(this.word() * 0x100000 + (this.word() & 0xfffff), this.word());
  }
}
