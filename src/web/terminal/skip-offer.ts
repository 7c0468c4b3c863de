import type { Queued } from '../../client/client-host.ts';

/** More than this of queued output, and Ctrl-C is not seen to work: skipping is offered (FC9). */
const offerAfterMs = 1_000;
/** However slow: less than this is not worth a gap. */
const offerFromBytes = 16 * 1024;

export interface SkipOfferParts {
  /** The process is no longer in the foreground, but so much of its output is still to come. */
  readonly show: (queuedBytes: number) => void;
  readonly hide: () => void;
  readonly skip: () => void;
}

/** After a Ctrl-C into a flood the page offers to leave out what is queued; a second Ctrl-C takes the offer (FC9). */
export class SkipOffer {
  readonly #parts: SkipOfferParts;
  #shown = false;

  constructor(parts: SkipOfferParts) {
    this.#parts = parts;
  }

  /** Ctrl-C was typed; it is on its way to the process whatever becomes of the offer. */
  interrupted(queued: Queued): void {
    if (queued.ms <= offerAfterMs || queued.bytes < offerFromBytes) return this.withdraw();
    if (this.#shown) return this.accept();
    this.#shown = true;
    this.#parts.show(queued.bytes);
  }

  accept(): void {
    this.withdraw();
    this.#parts.skip();
  }

  /** The queue is worked off, or somebody else drives. */
  withdraw(): void {
    if (!this.#shown) return;
    this.#shown = false;
    this.#parts.hide();
  }

  changed(queued: Queued, driving: boolean): void {
    if (!driving || queued.bytes < offerFromBytes) this.withdraw();
  }
}
