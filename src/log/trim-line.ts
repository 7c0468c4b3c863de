import type { EntryId } from '../protocol/position.ts';

/** Frames counted together are at most so many: a log of single keys needs no mark for each. */
const marksPerLog = 64;

/**
 * Where the writer of the output log trims: it counts the frames it stored and names the first to keep once they pass the bound (LG9).
 * Trimming goes an eighth below the bound, so that a busy log is not trimmed at every append.
 */
export class TrimLine {
  readonly #boundBytes: number;
  #entries: Array<{ readonly id: EntryId; bytes: number }> = [];
  #bytes = 0;

  constructor(boundBytes: number) {
    this.#boundBytes = boundBytes;
  }

  /** Bytes of frames that are in the log as far as this writer knows. */
  get bytes(): number {
    return this.#bytes;
  }

  get marks(): number {
    return this.#entries.length;
  }

  /** @returns the first entry to keep, when it is time to trim */
  stored(id: EntryId, frameBytes: number): EntryId | undefined {
    const last = this.#entries.at(-1);
    if (last && last.bytes + frameBytes <= this.#boundBytes / marksPerLog) last.bytes += frameBytes;
    else this.#entries.push({ id, bytes: frameBytes });
    this.#bytes += frameBytes;
    if (this.#bytes <= this.#boundBytes) return undefined;
    let drop = 0;
    for (const entry of this.#entries) {
      if (this.#bytes <= (this.#boundBytes * 7) / 8 || drop === this.#entries.length - 1) break;
      this.#bytes -= entry.bytes;
      drop++;
    }
    this.#entries.splice(0, drop);
    return this.#entries[0]?.id;
  }
}
