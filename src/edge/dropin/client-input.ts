import type { Random } from '../../base/clock.ts';
import { InputKeeper } from '../../client/input-keeper.ts';
import type { ClientStream } from '../../protocol/ids.ts';
import type { InputLine } from '../relay/input-line.ts';
import { unreadInputBytes } from './constants.ts';

/**
 * The input of a client that knows no offsets and keeps nothing: the edge is the client here, names the bytes, and keeps them until they
 * were typed (RS4). At {@link unreadInputBytes} the client's socket is not read (FC5).
 */
export class ClientInput {
  readonly #keeper: InputKeeper;
  readonly #line: () => InputLine | undefined;
  readonly #full: (full: boolean) => void;
  #isFull = false;
  #ended = false;
  #endTold = false;
  #size: { readonly cols: number; readonly rows: number } | undefined;

  /** @param line the input log while this client drives; @param full whether reading has to stop */
  constructor(random: Random, line: () => InputLine | undefined, full: (full: boolean) => void) {
    this.#keeper = InputKeeper.ofNewStream({ randomBytes: (count) => random.bytes(count) });
    this.#line = line;
    this.#full = full;
  }

  get stream(): ClientStream {
    return this.#keeper.stream;
  }

  get typed(): number {
    return this.#keeper.typed;
  }

  get keptBytes(): number {
    return this.#keeper.untypedBytes;
  }

  /** @returns false when it is more than can be kept: nothing of it was */
  write(bytes: Uint8Array): boolean {
    if (this.#ended) return true;
    const kept = this.#keeper.keep(bytes);
    this.#feed();
    return kept;
  }

  end(): void {
    this.#ended = true;
    this.#feed();
  }

  resize(cols: number, rows: number): void {
    this.#size = { cols, rows };
    this.#line()?.resize(cols, rows);
  }

  /** The log is this client's from `next` on. */
  startAt(next: number): void {
    this.#keeper.startAt(next);
    this.#endTold = false;
    if (this.#size) this.#line()?.resize(this.#size.cols, this.#size.rows);
    this.#feed();
  }

  acknowledged(accepted: number, typed: number): void {
    this.#keeper.acknowledged(accepted, typed);
    this.#feed();
  }

  #feed(): void {
    const line = this.#line();
    for (let piece = line && this.#keeper.nextPiece(); piece; piece = this.#keeper.nextPiece()) line?.input(piece.offset, piece.bytes);
    if (line && this.#ended && !this.#endTold && this.#keeper.sent === this.#keeper.typed + this.#keeper.untypedBytes) {
      this.#endTold = true;
      line.endOfInput(this.#keeper.sent);
    }
    this.#pauseOrResume();
  }

  #pauseOrResume(): void {
    const full = this.keptBytes >= (this.#isFull ? unreadInputBytes / 2 : unreadInputBytes);
    if (full === this.#isFull) return;
    this.#isFull = full;
    this.#full(full);
  }
}
