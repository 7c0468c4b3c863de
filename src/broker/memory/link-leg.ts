import type { Clock } from '../../base/clock.ts';

/** One direction of a connection: messages take their time and never overtake each other. */
export class LinkLeg {
  readonly #clock: Clock;
  readonly #delayMs: () => number;
  #waiting: Array<() => void> = [];
  #held: number | undefined;
  #lastAtMs = 0;

  constructor(clock: Clock, delayMs: () => number) {
    this.#clock = clock;
    this.#delayMs = delayMs;
  }

  send(arrive: () => void): void {
    const nowMs = this.#clock.now();
    this.#lastAtMs = Math.max(this.#lastAtMs, nowMs + this.#delayMs());
    this.#waiting.push(arrive);
    // Each timer lets the oldest message arrive, whichever timer fires first.
    this.#clock.after(this.#lastAtMs - nowMs, () => this.#arrive());
  }

  /** What is under way never arrives. */
  drop(): void {
    this.#waiting = [];
  }

  /** The far end does not read: messages wait. */
  hold(): void {
    this.#held ??= 0;
  }

  release(): void {
    const due = this.#held ?? 0;
    this.#held = undefined;
    for (let count = 0; count < due; count++) this.#arrive();
  }

  #arrive(): void {
    if (this.#held !== undefined) this.#held++;
    else this.#waiting.shift()?.();
  }
}
