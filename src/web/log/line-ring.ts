/** What the page keeps of a log: the newest lines, bounded in number and in size. The oldest go first; how many went is counted. */
const ringBounds = { lines: 50_000, units: 32 * 1024 * 1024 } as const;

export type LineKind = 'stdout' | 'stderr' | 'notice';

export interface LogLine {
  /** Counts from 0 since the page was opened, never reused. */
  readonly number: number;
  readonly kind: LineKind;
  /** As it came, colours and all. */
  readonly raw: string;
}

/** A ring over an array: dropping from the front costs nothing until half of it is empty. */
export class LineRing {
  readonly #bounds: { readonly lines: number; readonly units: number };
  #lines: LogLine[] = [];
  #start = 0;
  #units = 0;
  #next = 0;

  constructor(bounds: { readonly lines: number; readonly units: number } = ringBounds) {
    this.#bounds = bounds;
  }

  get count(): number {
    return this.#lines.length - this.#start;
  }

  /** Number of the oldest line kept; so many were dropped. */
  get first(): number {
    return this.#next - this.count;
  }

  /** Number of the next line. */
  get next(): number {
    return this.#next;
  }

  add(kind: LineKind, raw: string): LogLine {
    const line = { number: this.#next++, kind, raw };
    this.#lines.push(line);
    this.#units += raw.length;
    while (this.count > this.#bounds.lines || (this.#units > this.#bounds.units && this.count > 1)) this.#drop();
    return line;
  }

  /** @param number from `first` to below `next` */
  at(number: number): LogLine | undefined {
    return this.#lines[this.#start + number - this.first];
  }

  /** Forgets the lines; numbers go on. */
  clear(): void {
    this.#lines = [];
    this.#start = 0;
    this.#units = 0;
  }

  *[Symbol.iterator](): Generator<LogLine> {
    for (let i = this.#start; i < this.#lines.length; i++) yield this.#lines[i] as LogLine;
  }

  #drop(): void {
    this.#units -= this.#lines[this.#start]?.raw.length ?? 0;
    this.#start++;
    if (this.#start * 2 < this.#lines.length || this.#start < 1024) return;
    this.#lines = this.#lines.slice(this.#start);
    this.#start = 0;
  }
}
