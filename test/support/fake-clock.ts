import type { Clock, Timer } from '../../src/base/clock.ts';

interface Pending {
  readonly atMs: number;
  readonly run: () => void;
}

/** A clock that stands still until a test moves it. Monotonic and wall time move together unless a test lets them part. */
export class FakeClock implements Clock {
  #nowMs = 50_000;
  #wallMs = Date.UTC(2026, 0, 1);
  #timers: Pending[] = [];

  now(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#wallMs;
  }

  after(delayMs: number, run: () => void): Timer {
    const pending = { atMs: this.#nowMs + Math.max(0, delayMs), run };
    this.#timers.push(pending);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== pending);
      },
    };
  }

  endOfTurn(run: () => void): void {
    queueMicrotask(run);
  }

  get timers(): number {
    return this.#timers.length;
  }

  /** Lets everything that is due at this moment happen: promises, pushes, answers. */
  async settle(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Time passes; each timer runs at its time and what follows from it happens before the next. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await this.settle();
    for (let next = this.#due(untilMs); next; next = this.#due(untilMs)) {
      const { atMs, run } = next;
      this.#timers = this.#timers.filter((other) => other !== next);
      this.#move(Math.max(0, atMs - this.#nowMs));
      run();
      await this.settle();
    }
    this.#move(untilMs - this.#nowMs);
  }

  /** The process sleeps: time passes and no timer runs; those that are due run at the next `advance`, late. */
  sleepThrough(ms: number): void {
    this.#move(ms);
  }

  /** Somebody sets the wall clock. */
  setWall(byMs: number): void {
    this.#wallMs += byMs;
  }

  #due(untilMs: number): Pending | undefined {
    let first: Pending | undefined;
    for (const timer of this.#timers) if (timer.atMs <= untilMs && (!first || timer.atMs < first.atMs)) first = timer;
    return first;
  }

  #move(ms: number): void {
    this.#nowMs += ms;
    this.#wallMs += ms;
  }
}
