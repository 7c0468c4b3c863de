import { type Entry, endOffset } from '../../protocol/entry.ts';
import { compareIds, type EntryId, type LogPlace, type Position, startOfLog } from '../../protocol/position.ts';

/** The entries of one log, oldest first. Its bound is kept by its writer (LG9). */
export class MemoryLog {
  #entries: Entry[];

  constructor(entries: readonly Entry[] = []) {
    this.#entries = [...entries];
  }

  /** A log whose first entry was not written yet; as an absent stream it refuses appends. */
  get empty(): boolean {
    return this.#entries.length === 0;
  }

  get last(): Entry | undefined {
    return this.#entries.at(-1);
  }

  /** Before the first entry. */
  get front(): LogPlace | undefined {
    const first = this.#entries[0];
    return first && { seq: first.seq - 1, offset: first.offset };
  }

  /** Where the next fence continues: the last entry, the offset behind it, its CRC (LG1). */
  get tail(): Position {
    const last = this.last;
    return last ? { fence: last.fence, seq: last.seq, offset: endOffset(last), crc: last.crc } : startOfLog;
  }

  push(entry: Entry): void {
    this.#entries.push(entry);
  }

  /** The other direction of {@link push}, for a copy that lost its newest writes. */
  pop(count: number): void {
    this.#entries.length = Math.max(0, this.#entries.length - count);
  }

  at(id: EntryId): Entry | undefined {
    const entry = this.#entries[this.#indexOf(id)];
    return entry && compareIds(entry, id) === 0 ? entry : undefined;
  }

  page(from: EntryId, count: number): readonly Entry[] {
    const first = this.#indexOf(from);
    return this.#entries.slice(first, first + count);
  }

  /** Removes what is below `first`; nothing if that would leave no entry (LG9). @returns what was removed */
  trim(first: EntryId): readonly Entry[] {
    const index = this.#indexOf(first);
    return index < this.#entries.length ? this.#entries.splice(0, index) : [];
  }

  untrim(entries: readonly Entry[]): void {
    this.#entries.unshift(...entries);
  }

  copy(): MemoryLog {
    return new MemoryLog(this.#entries);
  }

  /** The index of the first entry at or above `id`; the length when there is none. */
  #indexOf(id: EntryId): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareIds(this.#entries[middle] as Entry, id) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
