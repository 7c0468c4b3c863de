import { readFile } from 'node:fs/promises';
import type { Clock } from '../../base/clock.ts';

/** Rotated tokens and certificates are valid long enough to be noticed a minute late. */
const readAgainAfterMs = 60_000;

/** The text of a small file that may be replaced at any time: read again at most once a minute. */
export class CachedFile {
  readonly #path: string;
  readonly #clock: Clock;
  #text: Promise<string> | undefined;
  #readAtMs = 0;

  constructor(path: string, clock: Clock) {
    this.#path = path;
    this.#clock = clock;
  }

  /** What it holds may be outdated: the next reading reads it again. */
  expire(): void {
    this.#readAtMs = Number.NEGATIVE_INFINITY;
  }

  /** When it has become unreadable, the text that was there before. @throws the error of the file system at the first reading */
  read(): Promise<string> {
    const now = this.#clock.now();
    if (this.#text && now - this.#readAtMs < readAgainAfterMs) return this.#text;
    const before = this.#text;
    this.#readAtMs = now;
    this.#text = readFile(this.#path, 'utf8').catch((failure: unknown) => {
      if (before) return before;
      this.#text = undefined;
      throw failure;
    });
    return this.#text;
  }
}
