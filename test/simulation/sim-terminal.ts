import { hiddenBufferBytes, OutputFeed } from '../../src/addon/output-feed.ts';
import type { SimProcess } from './sim-process.ts';
import type { World } from './world.ts';

interface ToParse {
  readonly done: () => void;
  left: number;
}

/** What a page hands to its terminal, which parses at its own speed: the production feed of the page, seen or hidden (FC1). */
export class SimTerminal {
  parseRate: number;
  readonly #world: World;
  readonly #process: SimProcess;
  readonly #feed: OutputFeed;
  /** Given by the client and neither written to the terminal nor declared as dropped, oldest first. */
  #expected: Uint8Array[] = [];
  #toParse: ToParse[] = [];

  constructor(world: World, process: SimProcess, parseRate: number) {
    this.#world = world;
    this.#process = process;
    this.parseRate = parseRate;
    this.#feed = new OutputFeed({
      write: (bytes, _replayed, done) => this.#write(bytes, done),
      dropped: (count) => this.#dropped(count),
    });
  }

  get idle(): boolean {
    return this.#expected.length === 0 && this.#toParse.length === 0;
  }

  give(bytes: Uint8Array, replayed: boolean, parsed: () => void): void {
    this.#expected.push(bytes);
    this.#feed.give(bytes, replayed, parsed);
    const most = hiddenBufferBytes + 1024 * 1024;
    if (this.#feed.behindBytes > most) this.#world.truth.fail(`${this.#process.name} keeps ${this.#feed.behindBytes} bytes (FC1)`);
  }

  setHidden(hidden: boolean): void {
    this.#feed.setHidden(hidden);
  }

  #write(bytes: Uint8Array, done: () => void): void {
    if (this.#expected.shift() !== bytes) this.#world.truth.fail(`${this.#process.name} writes what is not next to its terminal (FC1)`);
    this.#toParse.push({ done, left: bytes.length });
    if (this.#toParse.length === 1) this.#parseLater();
  }

  /** The hidden page says how much is missing here: whole pieces, and exactly those. */
  #dropped(count: number): void {
    this.#world.note(`${this.#process.name}: ${count} bytes dropped while it was hidden`);
    this.#world.saw('hidden page drops');
    let left = count;
    while (left > 0) left -= this.#expected.shift()?.length ?? Number.POSITIVE_INFINITY;
    if (left !== 0) this.#world.truth.fail(`${this.#process.name} declares ${count} bytes as dropped, which is not what is missing (FC1)`);
  }

  /** In slices, so that a change of the rate counts at once. */
  #parseLater(): void {
    const first = this.#toParse[0];
    if (!first) return;
    const sliceMs = Math.min(200, (1000 * first.left) / this.parseRate);
    const parsed = (this.parseRate * sliceMs) / 1000;
    this.#process.clock.after(sliceMs, () => {
      first.left -= parsed;
      if (first.left < 0.5) {
        this.#toParse.shift();
        first.done();
      }
      this.#parseLater();
    });
  }
}
