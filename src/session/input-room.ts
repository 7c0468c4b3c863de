import { inputUntypedBytes } from '../protocol/limits.ts';
import type { LogPlace } from '../protocol/position.ts';

/** An entry counts for so much beside its bytes: its head, and what a broker needs for it. A log of single keystrokes is bounded too. */
const entryCostBytes = 64;

/**
 * How much of the input log an edge may still fill (LG9, FC5). What the worker has not got past counts, whoever wrote it: drivers that
 * replace each other before a blocked upstream share one bound.
 */
export class InputRoom {
  #consumed: LogPlace;

  /** @param front where the log began when it was taken: what lies behind may be un-typed */
  constructor(front: LogPlace) {
    this.#consumed = front;
  }

  /** The worker has got past this place: absolute, so an older statement moves nothing. @returns whether it is news */
  consumed(upTo: LogPlace): boolean {
    if (upTo.seq <= this.#consumed.seq) return false;
    this.#consumed = { seq: upTo.seq, offset: upTo.offset };
    return true;
  }

  /** @param end behind everything that is with the log's writer. @returns whether one more piece may be */
  has({ seq, offset }: LogPlace): boolean {
    return offset - this.#consumed.offset + (seq - this.#consumed.seq) * entryCostBytes < inputUntypedBytes;
  }
}
