import type { Pages } from '../../broker/log-follower.ts';
import type { LogName, PageAnswer } from '../../broker/log-store.ts';
import type { EntryId } from '../../protocol/position.ts';

/**
 * The pages that all attachments of an edge read, a bounded number at once: a thousand clients that come back together are served in
 * turn, and what is under way stays bounded whatever they missed (DR3).
 */
export class SharedReads implements Pages {
  readonly #below: Pages;
  readonly #atOnce: number;
  #underWay = 0;
  #waiting: Array<() => void> = [];

  constructor(below: Pages, atOnce: number) {
    this.#below = below;
    this.#atOnce = atOnce;
  }

  get underWay(): number {
    return this.#underWay;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  async read(log: LogName, from: EntryId, count: number): Promise<PageAnswer> {
    if (this.#underWay >= this.#atOnce) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#underWay++;
    try {
      return await this.#below.read(log, from, count);
    } finally {
      // The place goes on to the next in the line.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#underWay--;
    }
  }
}
