/** Times whose lines are counted: two streams of one process may cross by some microseconds, so the newest one alone would not do. */
const keptTimes = 16;

interface TimeCount {
  readonly seconds: number;
  readonly nanos: number;
  lines: number;
}

/** How many lines of a log had which time, of the times seen last. */
export class LineCounts {
  #times: TimeCount[] = [];

  of(seconds: number, nanos: number): number {
    return this.#find(seconds, nanos)?.lines ?? 0;
  }

  /** @returns the count with this one */
  add(seconds: number, nanos: number): number {
    const known = this.#find(seconds, nanos);
    if (known) return ++known.lines;
    this.#times.push({ seconds, nanos, lines: 1 });
    if (this.#times.length > keptTimes) this.#times.shift();
    return 1;
  }

  copy(): LineCounts {
    const copy = new LineCounts();
    copy.#times = this.#times.map((time) => ({ ...time }));
    return copy;
  }

  #find(seconds: number, nanos: number): TimeCount | undefined {
    return this.#times.findLast((time) => time.nanos === nanos && time.seconds === seconds);
  }
}
