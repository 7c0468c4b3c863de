import { matchesFilter } from '../picker/filter.ts';
import type { LineRing, LogLine } from './line-ring.ts';
import { plainText } from './sgr.ts';

/**
 * The lines that pass the filter, as a list that the view indexes. Without a filter it is the ring itself; with one, the numbers of
 * the lines that match, kept up to date line by line. Notices always pass: what is missing is missing for every reader.
 */
export class ShownLines {
  readonly #ring: LineRing;
  #filter = '';
  #matches: number[] = [];
  #start = 0;

  constructor(ring: LineRing) {
    this.#ring = ring;
  }

  get count(): number {
    return this.#filter === '' ? this.#ring.count : this.#matches.length - this.#start;
  }

  setFilter(filter: string): void {
    this.#filter = filter.trim();
    this.#matches = [];
    this.#start = 0;
    if (this.#filter === '') return;
    for (const line of this.#ring) if (this.#passes(line)) this.#matches.push(line.number);
  }

  /** After a line was added to the ring. */
  added(line: LogLine): void {
    if (this.#filter !== '' && this.#passes(line)) this.#matches.push(line.number);
  }

  /** Lets go of what the ring has dropped. @returns how many shown lines went from the front */
  trim(before: number): number {
    const first = this.#ring.first;
    if (this.#filter === '') return Math.max(0, first - before);
    let dropped = 0;
    while (this.#start < this.#matches.length && (this.#matches[this.#start] as number) < first) {
      this.#start++;
      dropped++;
    }
    if (this.#start > 4096 && this.#start * 2 > this.#matches.length) {
      this.#matches = this.#matches.slice(this.#start);
      this.#start = 0;
    }
    return dropped;
  }

  at(index: number): LogLine | undefined {
    if (this.#filter === '') return this.#ring.at(this.#ring.first + index);
    const number = this.#matches[this.#start + index];
    return number === undefined ? undefined : this.#ring.at(number);
  }

  #passes(line: LogLine): boolean {
    return line.kind === 'notice' || matchesFilter(this.#filter, plainText(line.raw));
  }
}
