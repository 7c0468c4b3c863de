export interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
  cancelled: boolean;
}

/** Events one loop turn takes; microtasks are drained between any two `setImmediate` callbacks, so a batch costs one turn of the real loop. */
const batch = 64;

/** The one queue of everything that happens, by virtual time, then by the order in which it was asked for. */
export class Scheduler {
  #heap: Event[] = [];
  #nowMs = 0;
  #order = 0;
  #done = 0;

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Events that have run. */
  get done(): number {
    return this.#done;
  }

  after(delayMs: number, run: () => void): Event {
    return this.at(this.#nowMs + Math.max(0, delayMs), run);
  }

  /** At an absolute time, to the bit: what is asked for at one time stays in the order in which it was asked for. */
  at(atMs: number, run: () => void): Event {
    const event = { atMs: Math.max(this.#nowMs, atMs), order: this.#order++, run, cancelled: false };
    this.#push(event);
    return event;
  }

  /** Runs events, each to the end of all its microtasks, until `untilMs` or until `stop` says so after one of them. */
  run(untilMs: number, stop: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      let over = false;
      const one = () => {
        if (over) return;
        try {
          if (!stop() && this.#step(untilMs)) return;
        } catch (failure) {
          reject(failure);
        }
        over = true;
        resolve();
      };
      const turn = () => {
        for (let i = 1; i < batch; i++) setImmediate(one);
        setImmediate(() => {
          one();
          if (!over) turn();
        });
      };
      turn();
    });
  }

  #step(untilMs: number): boolean {
    for (;;) {
      const first = this.#heap[0];
      if (!first || first.atMs > untilMs) {
        this.#nowMs = Math.max(this.#nowMs, untilMs);
        return false;
      }
      this.#pop();
      if (first.cancelled) continue;
      this.#nowMs = first.atMs;
      this.#done++;
      first.run();
      return true;
    }
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const up = (at - 1) >>> 1;
      const parent = heap[up] as Event;
      if (!before(event, parent)) break;
      heap[at] = parent;
      at = up;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Event;
    const size = heap.length;
    if (size === 0) return;
    let at = 0;
    for (let child = 1; child < size; child = 2 * at + 1) {
      const right = child + 1;
      if (right < size && before(heap[right] as Event, heap[child] as Event)) child = right;
      const down = heap[child] as Event;
      if (!before(down, last)) break;
      heap[at] = down;
      at = child;
    }
    heap[at] = last;
  }
}

function before(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
