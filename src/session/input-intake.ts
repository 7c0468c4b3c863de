import { inputGrantBytes } from '../protocol/limits.ts';

/** Input that an edge has taken from its client and not yet handed to the log, in order. */
interface Held {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/**
 * The edge's account of one client stream (RS4, FC5): takes exactly the next byte, holds at most the grant, and calls a client that sends
 * more a broken one. How much the log takes of it is `InputRoom`'s business.
 */
export class InputIntake {
  /** Offset of the next byte to take from the client. */
  #next: number;
  /** Handed to the log's writer. */
  #offered: number;
  #accepted: number;
  #typed: number;
  #held: Held[] = [];

  /** @param next as `take` answered; @param typed what the client knows to be typed, at most `next` */
  constructor(next: number, typed: number) {
    this.#next = this.#offered = this.#accepted = next;
    this.#typed = Math.min(typed, next);
  }

  get next(): number {
    return this.#next;
  }

  /** The first offset that is not with the log's writer: at it applies what is offered now beside the bytes. */
  get offered(): number {
    return this.#offered;
  }

  get accepted(): number {
    return this.#accepted;
  }

  get typed(): number {
    return this.#typed;
  }

  /** Accepted and not known to be typed. */
  get untyped(): number {
    return this.#accepted - this.#typed;
  }

  /** Taken from the client and not yet with the log's writer. */
  get heldBytes(): number {
    return this.#next - this.#offered;
  }

  /** @returns 'ignored': not the next byte, the client sends again from `next`; 'too-much': beyond the grant */
  take(offset: number, bytes: Uint8Array): 'taken' | 'ignored' | 'too-much' {
    if (offset !== this.#next) return 'ignored';
    if (this.#next + bytes.length - this.#accepted > inputGrantBytes) return 'too-much';
    this.#next += bytes.length;
    this.#held.push({ offset, bytes });
    return 'taken';
  }

  /** The next piece for the log's writer. */
  release(): Held | undefined {
    const first = this.#held[0];
    if (!first) return undefined;
    this.#held.shift();
    this.#offered += first.bytes.length;
    return first;
  }

  stored(upTo: number): void {
    this.#accepted = Math.max(this.#accepted, upTo);
  }

  typedUpTo(typed: number): void {
    this.#typed = Math.max(this.#typed, Math.min(typed, this.#next));
  }
}
