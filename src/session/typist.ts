import type { TypedAtEnd } from '../protocol/end-reason.ts';
import { CloseStreamCause } from '../protocol/ephemeral.ts';
import type { FenceEntry } from '../protocol/fence-entry.ts';
import { type ClientStream, noStream } from '../protocol/ids.ts';

/** What became of a client stream: how much of it was typed, and whether it can still be. */
export interface StreamState {
  readonly stream: ClientStream;
  readonly typed: number;
  readonly endOfInput: boolean;
  /** Set: it will never be typed again (RS6). */
  readonly closedBy: number | undefined;
}

/** Streams whose fate can still be asked for; of an older one it is unknown. */
const keptStreams = 64;

/**
 * Decides which input bytes are typed (RS4, RS6): exactly the next byte of the current stream. What is below was typed before; what is
 * above is a hole, and closes the stream; another stream's fence entry closes all older ones.
 */
export class Typist {
  #streams: StreamState[] = [];
  #current: ClientStream = noStream;
  #forgot = false;
  /** Of each stream that is remembered: its newest fence. */
  readonly #fences = new Map<ClientStream, number>();
  /** The newest fence of a stream that is forgotten. */
  #forgottenFence = 0;

  get current(): StreamState | undefined {
    return this.of(this.#current);
  }

  /** Those that are remembered. */
  get streams(): readonly StreamState[] {
    return this.#streams;
  }

  of(stream: ClientStream): StreamState | undefined {
    return this.#streams.find((state) => state.stream === stream);
  }

  /** A driver was delivered. @returns the streams that this closed */
  adopt(fence: FenceEntry): readonly StreamState[] {
    const { driver } = fence;
    if (!driver) return [];
    // A stream that is closed came before those that are open: its fence entry is read again after a rewind, and takes nothing from them.
    const forgotten = this.#forgot && !this.of(driver.stream) && fence.position.fence <= this.#forgottenFence;
    const again = forgotten || this.of(driver.stream)?.closedBy !== undefined;
    const closed = again ? [] : this.#closeAllBut(driver.stream, CloseStreamCause.superseded);
    this.#current = driver.stream;
    // How far it was typed is not known any more: nothing of it is typed again (RS4).
    if (forgotten) return closed;
    this.#fences.set(driver.stream, fence.position.fence);
    // A stream never seen here starts where its edge starts: what is below was typed by this session's worker or never sent.
    if (!this.of(driver.stream)) this.#put({ stream: driver.stream, typed: driver.next, endOfInput: false, closedBy: undefined });
    return closed;
  }

  /** @returns the part of the bytes to type now; then call `wrote` */
  next(offset: number, bytes: Uint8Array): Uint8Array | 'nothing' | 'hole' {
    const state = this.current;
    if (!state || state.closedBy !== undefined || offset + bytes.length <= state.typed) return 'nothing';
    if (offset > state.typed) {
      this.#put({ ...state, closedBy: CloseStreamCause.hole });
      return 'hole';
    }
    return bytes.subarray(state.typed - offset);
  }

  wrote(count: number): void {
    const state = this.current;
    if (state) this.#put({ ...state, typed: state.typed + count });
  }

  /** @returns whether the end of input is new and to be told to the upstream */
  endOfInput(offset: number): boolean {
    const state = this.current;
    if (!state || state.closedBy !== undefined || state.endOfInput || offset !== state.typed) return false;
    this.#put({ ...state, endOfInput: true });
    return true;
  }

  /** Its client has given the stream up: it is never typed again, whether or not it was ever seen here, or was seen and forgotten (RS6). */
  giveUp(stream: ClientStream): StreamState {
    const known = this.of(stream);
    if (known?.closedBy !== undefined) return known;
    const closedBy = !known && this.#forgot ? CloseStreamCause.forgotten : CloseStreamCause.superseded;
    const state = { stream, typed: 0, endOfInput: false, ...known, closedBy };
    this.#put(state);
    return state;
  }

  /** How far each stream was typed; said in the session's end (RS6). */
  get typedAtEnd(): TypedAtEnd {
    const known = this.#streams.filter(({ closedBy }) => closedBy !== CloseStreamCause.forgotten);
    return { streams: Object.fromEntries(known.map(({ stream, typed }) => [stream, typed])), all: !this.#forgot };
  }

  /** The session is over: nothing more will be typed. */
  closeAll(): readonly StreamState[] {
    return this.#closeAllBut(undefined, CloseStreamCause.ended);
  }

  #closeAllBut(stays: ClientStream | undefined, cause: number): readonly StreamState[] {
    const closed = this.#streams
      .filter((state) => state.stream !== stays && state.closedBy === undefined)
      .map((state) => ({ ...state, closedBy: cause }));
    for (const state of closed) this.#put(state);
    return closed;
  }

  #put(state: StreamState): void {
    this.#streams = [...this.#streams.filter((other) => other.stream !== state.stream), state];
    if (this.#streams.length <= keptStreams) return;
    const oldest = this.#streams.find((other) => other.stream !== this.#current);
    this.#streams = this.#streams.filter((other) => other !== oldest);
    if (oldest) this.#forget(oldest.stream);
  }

  #forget(stream: ClientStream): void {
    this.#forgot = true;
    this.#forgottenFence = Math.max(this.#forgottenFence, this.#fences.get(stream) ?? 0);
    this.#fences.delete(stream);
  }
}
