import type { Clock, Timer } from '../base/clock.ts';
import type { FenceEntry } from '../protocol/fence-entry.ts';
import type { CreditGate } from '../session/credit-gate.ts';

/** Who drives a session, if anybody does, and how long it goes on without (DR2, FC3). */
export class DriverSeat {
  readonly #gate: CreditGate;
  readonly #clock: Clock;
  readonly #graceMs: number;
  readonly #abandoned: () => void;
  #driver: FenceEntry | undefined;
  #last: FenceEntry | undefined;
  /** The driver that did not answer: it may come back. */
  #silent: FenceEntry | undefined;
  #grace: Timer | undefined;

  /** @param abandoned nobody has driven for the grace time, which runs from now on */
  constructor(gate: CreditGate, clock: Clock, graceMs: number, abandoned: () => void) {
    this.#gate = gate;
    this.#clock = clock;
    this.#graceMs = graceMs;
    this.#abandoned = abandoned;
    this.#graceStarts();
  }

  get driver(): FenceEntry | undefined {
    return this.#driver;
  }

  /** Who drives, or has driven last: it may come back with the same stream. */
  get last(): FenceEntry | undefined {
    return this.#last;
  }

  taken(fence: FenceEntry): void {
    this.#driver = this.#last = fence;
    this.#silent = undefined;
    this.#grace?.cancel();
  }

  /** @returns whether that was the driver: nobody drives now */
  left(inputFence: number, silent: boolean): boolean {
    if (!this.#gate.gone(inputFence)) return false;
    this.#silent = silent ? this.#driver : undefined;
    this.#driver = undefined;
    this.#graceStarts();
    return true;
  }

  /** A driver speaks. @returns whether it was the silent one, and drives again because nobody took over meanwhile */
  spoke(inputFence: number): boolean {
    if (this.#silent?.position.fence !== inputFence) return false;
    this.#gate.back(inputFence);
    this.taken(this.#silent);
    return true;
  }

  close(): void {
    this.#grace?.cancel();
  }

  #graceStarts(): void {
    this.#grace?.cancel();
    this.#grace = this.#clock.after(this.#graceMs, () => {
      this.#gate.letGo();
      this.#abandoned();
    });
  }
}
