import { crc32 } from '../protocol/crc32.ts';
import { type Entry, entryContent, isFence, positionBehind } from '../protocol/entry.ts';
import { decodeFence } from '../protocol/fence-entry.ts';
import { type Position, sameId, startOfLog } from '../protocol/position.ts';

/**
 * The client's own check of every entry: fence, seq, offset and CRC against the last good position (WP3). "Every byte once, in order"
 * is what this counts, not what the relay says.
 */
export class OutputCheck {
  #position: Position = startOfLog;
  #base: Position = startOfLog;
  /** Of the take whose fence the position is in; 0: its fence entry was not seen (RS3). */
  #nonce = 0;
  #adoptCrc = false;
  /** Where the last entry was refused: a second refusal there is adopted as a declared gap. */
  #refusedAt: Position | undefined;

  get position(): Position {
    return this.#position;
  }

  get base(): Position {
    return this.#base;
  }

  get nonce(): number {
    return this.#nonce;
  }

  /** `adopted`: it did not fit twice; what is missing is to be declared. `refused`: come again from `position`. */
  check(entry: Entry): 'good' | 'refused' | 'adopted' {
    const fence = decodeFence(entry);
    const at = this.#position;
    const follows = fence ? sameId(fence.base, at) : entry.fence === at.fence && entry.seq === at.seq + 1;
    const crc = this.#adoptCrc ? entry.crc : crc32(entryContent(entry), at.crc);
    const good = follows && entry.offset === at.offset && crc === entry.crc && (!isFence(entry) || fence !== undefined);
    if (!good && (!this.#refusedAt || !sameId(this.#refusedAt, at))) {
      this.#refusedAt = at;
      return 'refused';
    }
    this.#refusedAt = undefined;
    this.#adoptCrc = false;
    this.#place(positionBehind(entry));
    if (fence) [this.#base, this.#nonce] = [fence.base, fence.nonce];
    return good ? 'good' : 'adopted';
  }

  /** The edge has moved the position: a gap or a rewind. */
  moveTo(to: Position, adoptCrc: boolean): void {
    this.#place(to);
    this.#adoptCrc = adoptCrc;
    if (this.#base.fence > to.fence) this.#base = startOfLog;
  }

  #place(at: Position): void {
    if (at.fence !== this.#position.fence) this.#nonce = 0;
    this.#position = at;
  }
}
