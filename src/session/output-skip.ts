import { type OutputPiece, pieceBehind } from './output-piece.ts';

/** When a skip is over (FC9): the upstream was quiet for so long, or so much time has passed, whatever it prints. */
export const skipEnds = { quietMs: 250, mostMs: 5_000 } as const;

/** What the upstream said last is kept behind the gap, from the start of a line: usually the prompt. */
export const skipTailBytes = 1024;

const newline = 0x0a;

/** Output that the driver asked not to see: it is read and counted, not kept, but for its last lines (FC9). */
export class OutputSkip {
  readonly #startedMs: number;
  #lastMs: number;
  #skippedBytes = 0;
  #tail: OutputPiece[] = [];
  #tailBytes = 0;

  constructor(nowMs: number) {
    this.#startedMs = this.#lastMs = nowMs;
  }

  /** Held at the moment: bounded by {@link skipTailBytes} and one piece of the upstream. */
  get tailBytes(): number {
    return this.#tailBytes;
  }

  /** @param bytes belong to the skip from here on */
  take(piece: OutputPiece, nowMs: number): void {
    this.#lastMs = nowMs;
    this.#tail.push(piece);
    this.#tailBytes += piece.bytes.length;
    for (let first = this.#tail[0]; first && this.#tailBytes > skipTailBytes; first = this.#tail[0]) {
      const drop = Math.min(first.bytes.length, this.#tailBytes - skipTailBytes);
      if (drop === first.bytes.length) this.#tail.shift();
      // A copy, so that a large piece of the upstream is not held for its end.
      else this.#tail[0] = { ...pieceBehind(first, drop), bytes: first.bytes.slice(drop) };
      this.#tailBytes -= drop;
      this.#skippedBytes += drop;
    }
  }

  /** @returns after how many milliseconds it may be over; 0: it is */
  leftMs(nowMs: number): number {
    return Math.max(0, Math.min(this.#lastMs + skipEnds.quietMs, this.#startedMs + skipEnds.mostMs) - nowMs);
  }

  /** What to declare, and what comes behind it. */
  end(): { readonly skippedBytes: number; readonly tail: readonly OutputPiece[] } {
    if (this.#skippedBytes > 0) this.#cutToLine();
    return { skippedBytes: this.#skippedBytes, tail: this.#tail };
  }

  /** The tail begins in the middle of something: a character, an escape sequence, a line. */
  #cutToLine(): void {
    for (let first = this.#tail[0]; first; first = this.#tail[0]) {
      const at = first.bytes.indexOf(newline);
      const drop = at === -1 ? first.bytes.length : at + 1;
      this.#skippedBytes += drop;
      this.#tailBytes -= drop;
      this.#tail.shift();
      if (at === -1) continue;
      if (drop < first.bytes.length) this.#tail.unshift(pieceBehind(first, drop));
      return;
    }
  }
}
