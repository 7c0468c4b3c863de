import type { Clock, Timer } from '../base/clock.ts';
import type { FenceEntry } from '../protocol/fence-entry.ts';
import type { CreditGate } from '../session/credit-gate.ts';

/** Who drives a session, if anybody does, and how long it goes on without (DR2, FC3). */
export class DriverSeat {
  readonly #gate: CreditGate;
  readonly #clock: Clock;
  readonly #graceMs: number;
  readonly #abandoned: () => void;
  #last: FenceEntry | undefined;
  /** Of the last driver. `silent`: it did not answer, and may come back. */
  #standing: 'drives' | 'silent' | 'gone' = 'gone';
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
    return this.#standing === 'drives' ? this.#last : undefined;
  }

  /** Who drives, or has driven last: it may come back with the same stream. */
  get last(): FenceEntry | undefined {
    return this.#last;
  }

  taken(fence: FenceEntry): void {
    this.#last = fence;
    this.#standing = 'drives';
    this.#grace?.cancel();
  }

  /** @returns whether that was the driver: nobody drives now */
  left(inputFence: number, silent: boolean): boolean {
    if (!this.#gate.gone(inputFence)) return false;
    this.#standing = silent ? 'silent' : 'gone';
    this.#graceStarts();
    return true;
  }

  /** A driver speaks. @returns whether it was the silent one, and drives again because nobody took over meanwhile */
  spoke(inputFence: number): boolean {
    if (this.#standing !== 'silent' || this.#last?.position.fence !== inputFence) return false;
    this.#gate.back(inputFence);
    this.taken(this.#last);
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
