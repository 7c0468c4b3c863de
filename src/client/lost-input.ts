import { type EndReason, typedAtEnd } from '../protocol/end-reason.ts';
import { CloseStreamCause } from '../protocol/ephemeral.ts';
import type { ClientStream } from '../protocol/ids.ts';
import { lostStreams } from '../protocol/limits.ts';
import type { InputKeeper } from './input-keeper.ts';

interface GivenUp {
  readonly end: number;
  /** As {@link InputKeeper.reached}. */
  readonly reached: number;
  readonly typed: number;
}

/** Streams that this client gave up with bytes un-typed, until the worker says how far each was typed: then it is exact what was lost (RS6). */
export class LostInput {
  readonly #streams = new Map<ClientStream, GivenUp>();
  #notSentBytes = 0;
  #fateUnknownBytes = 0;

  /** `notSentBytes` were not typed and never will be; `fateUnknownBytes` may have been, and nobody is left who knows. */
  get shown(): { readonly notSentBytes: number; readonly fateUnknownBytes: number } {
    return { notSentBytes: this.#notSentBytes, fateUnknownBytes: this.#fateUnknownBytes };
  }

  /** Those to ask for. */
  get streams(): readonly ClientStream[] {
    return [...this.#streams.keys()].slice(0, lostStreams);
  }

  gaveUp(input: InputKeeper): void {
    const { stream, typed, reached, untypedBytes } = input;
    // Nothing of it was ever sent: no edge has heard of this stream, and nobody else can say what became of it.
    if (reached === 0) this.#notSentBytes += untypedBytes;
    else if (untypedBytes > 0) this.#streams.set(stream, { typed, reached, end: typed + untypedBytes });
  }

  closed(stream: ClientStream, typed: number, cause: number): void {
    const given = this.#streams.get(stream);
    if (!given) return;
    this.#streams.delete(stream);
    if (cause === CloseStreamCause.forgotten) this.#unknown(given);
    else this.#known(given, typed);
  }

  /** The session is over. What was on its way may have been typed, unless its worker has said how far. */
  ended(reason: EndReason): void {
    for (const [stream, given] of [...this.#streams]) {
      const typed = typedAtEnd(reason, stream);
      if (typed === undefined) this.#unknown(given);
      else this.#known(given, typed);
    }
    this.#streams.clear();
  }

  #known({ end }: GivenUp, typed: number): void {
    this.#notSentBytes += Math.max(0, end - typed);
  }

  #unknown({ typed, reached, end }: GivenUp): void {
    this.#fateUnknownBytes += reached - typed;
    this.#notSentBytes += end - reached;
  }
}
