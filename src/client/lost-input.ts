import type { ClientStream } from '../protocol/ids.ts';
import { lostStreams } from '../protocol/limits.ts';
import type { InputKeeper } from './input-keeper.ts';

/** Streams that this client gave up with bytes un-typed, until the worker says how far each was typed: then it is exact what was lost (RS6). */
export class LostInput {
  readonly #ends = new Map<ClientStream, number>();
  #notSentBytes = 0;

  /** Bytes that were not typed and never will be. */
  get notSentBytes(): number {
    return this.#notSentBytes;
  }

  /** Those to ask for. */
  get streams(): readonly ClientStream[] {
    return [...this.#ends.keys()].slice(0, lostStreams);
  }

  gaveUp(input: InputKeeper): void {
    if (input.untypedBytes > 0) this.#ends.set(input.stream, input.typed + input.untypedBytes);
  }

  closed(stream: ClientStream, typed: number): void {
    const end = this.#ends.get(stream);
    if (end === undefined) return;
    this.#ends.delete(stream);
    this.#notSentBytes += Math.max(0, end - typed);
  }
}
