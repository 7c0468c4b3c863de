import type { EndReason } from '../../protocol/end-reason.ts';
import { type Entry, endOffset, entryContent, OutputFlag } from '../../protocol/entry.ts';
import { windowBytes } from './constants.ts';

/** The client's side of a session, in the words of its protocol. */
export interface Front {
  /** @param taken called when the network has the bytes */
  output(bytes: Uint8Array, source: 'stdout' | 'stderr', taken: () => void): void;
  /** A word of this relay; a client that has no place for it does not get it. */
  say(text: string): void;
  /** Said once, after all output. */
  end(end: EndReason): void;
  /** The session takes no more input for now. */
  hold(held: boolean): void;
  bufferedBytes(): number;
}

/**
 * The output of a client that acknowledges nothing: its credit is what the network has taken (DI5). What comes before its request was
 * answered is kept; after it has left all counts as taken.
 */
export class ClientOutput {
  readonly #moved: () => void;
  #front: Front | undefined;
  #early: Entry[] = [];
  /** Why it ended, if that is so before the client's request was answered. */
  #end: EndReason | undefined;
  #gone = false;
  #shown = false;
  #credit = { fence: 0, offset: 0 };
  #toldOffset = 0;

  /** @param moved the worker is to be told the credit */
  constructor(moved: () => void) {
    this.#moved = moved;
  }

  get credit(): { readonly fence: number; readonly offset: number } {
    return this.#credit;
  }

  /** Whether the client has been given any: it cannot be taken back. */
  get shown(): boolean {
    return this.#shown;
  }

  get bufferedBytes(): number {
    return this.#front?.bufferedBytes() ?? this.#early.reduce((sum, entry) => sum + entry.frame.length, 0);
  }

  told(): void {
    this.#toldOffset = this.#credit.offset;
  }

  /** The client's request was answered: from here on it gets what there is. */
  start(front: Front): void {
    if (!this.#gone) this.#front = front;
    for (const entry of this.#early.splice(0)) this.#show(entry, front);
    if (this.#end) front.end(this.#end);
  }

  /** A worker writes under this fence from here on. */
  fence(fence: number): void {
    this.#credit = { ...this.#credit, fence };
  }

  data(entry: Entry): void {
    if (this.#gone) this.#took(entry);
    else if (this.#front) this.#show(entry, this.#front);
    else this.#early.push(entry);
  }

  say(text: string): void {
    this.#front?.say(text);
  }

  /** What was kept is not on the record. */
  forgetEarly(): void {
    this.#early = [];
  }

  end(end: EndReason): void {
    if (this.#front) this.#front.end(end);
    else this.#end = end;
  }

  hold(held: boolean): void {
    this.#front?.hold(held);
  }

  /** The client has left; up to this offset everything was for it. */
  leave(offset: number): void {
    this.#gone = true;
    this.#front = undefined;
    this.#early = [];
    this.#credit = { ...this.#credit, offset: Math.max(this.#credit.offset, offset) };
  }

  #show(entry: Entry, front: Front): void {
    this.#shown = true;
    front.output(entryContent(entry), (entry.flags & OutputFlag.stderr) === 0 ? 'stdout' : 'stderr', () => this.#took(entry));
  }

  #took(entry: Entry): void {
    this.#credit = { ...this.#credit, offset: Math.max(this.#credit.offset, endOffset(entry)) };
    if (this.#credit.offset - this.#toldOffset >= windowBytes / 2) this.#moved();
  }
}
