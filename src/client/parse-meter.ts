import { creditWindowBytes } from '../protocol/limits.ts';

/** Half a second of what the terminal parses, within the bounds of the window (FC1). Measured only while there was always work. */
export class ParseMeter {
  readonly #now: () => number;
  #busySince: number | undefined;
  #bytes = 0;
  #windowBytes: number = creditWindowBytes.max;

  constructor(now: () => number) {
    this.#now = now;
  }

  get windowBytes(): number {
    return this.#windowBytes;
  }

  /** Output was handed to the terminal. */
  given(): void {
    this.#busySince ??= this.#now();
  }

  /** @param idle nothing is left to parse */
  parsed(bytes: number, idle: boolean): void {
    this.#bytes += bytes;
    const tookMs = this.#now() - (this.#busySince ?? this.#now());
    if (tookMs >= 250) {
      const half = (this.#bytes / tookMs) * 500;
      this.#windowBytes = Math.round(Math.min(creditWindowBytes.max, Math.max(creditWindowBytes.min, half)));
      this.#busySince = this.#now();
      this.#bytes = 0;
    }
    if (idle) {
      this.#busySince = undefined;
      this.#bytes = 0;
    }
  }
}
