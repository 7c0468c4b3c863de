import type { Position } from '../protocol/position.ts';
import { startOfLog } from '../protocol/position.ts';

/**
 * How far the terminal has parsed, as a position of the log: what is acknowledged (FC2). Output that was handed over waits here
 * until its token comes back; entries without output count as parsed together with what was before them.
 */
export class ParseLedger {
  #waiting: Array<{ readonly token: number; readonly bytes: number; to: Position }> = [];
  #waitingBytes = 0;
  #nextToken = 1;
  #parsed: Position = startOfLog;

  get parsed(): Position {
    return this.#parsed;
  }

  /** Nothing was handed over that is not parsed. */
  get idle(): boolean {
    return this.#waiting.length === 0;
  }

  /** Handed over and not parsed. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** @returns the token of these bytes; everything up to `to` is parsed when it comes back */
  given(bytes: number, to: Position): number {
    const token = this.#nextToken++;
    this.#waiting.push({ token, bytes, to });
    this.#waitingBytes += bytes;
    return token;
  }

  /** @returns the bytes that this token and those before it stand for */
  returned(token: number): number {
    let bytes = 0;
    let first = this.#waiting[0];
    while (first && first.token <= token) {
      bytes += first.bytes;
      this.#parsed = first.to;
      this.#waiting.shift();
      first = this.#waiting[0];
    }
    this.#waitingBytes -= bytes;
    return bytes;
  }

  /** The client's position moved without output: an entry that has none, a gap. */
  movedOn(to: Position): void {
    const last = this.#waiting.at(-1);
    if (last) last.to = to;
    else this.#parsed = to;
  }

  /** What was handed over beyond `to` is not on the record: parsing it must not be acknowledged (LG8). */
  rewound(to: Position): void {
    for (const waiting of this.#waiting) if (waiting.to.offset > to.offset) waiting.to = to;
    if (this.#parsed.offset > to.offset) this.#parsed = to;
    this.movedOn(to);
  }
}
