import type { Fences } from '../protocol/ephemeral.ts';
import type { Driver } from '../protocol/fence-entry.ts';
import { creditWindowBytes, outputLogBytes } from '../protocol/limits.ts';

/**
 * How far the worker may write ahead of its driver (FC2). Credit is a position: only the current fences count, the highest is kept, and
 * never beyond what was written. Without a driver everything may be written (`run`) or nothing (`pause`) (FC3).
 */
export class CreditGate {
  #detached: 'run' | 'pause';
  #driver: { readonly inputFence: number } | undefined;
  /** This worker's take, and its newest fence: a restore goes on at the same place, so what was said of the place before counts (LG11). */
  readonly #takenFence: number;
  readonly #baseOffset: number;
  #outputFence: number;
  #offset: number;
  #windowBytes: number = creditWindowBytes.max;

  /** @param base where this worker's fence starts: the credit until a driver states one (LS4) */
  constructor(base: { readonly outputFence: number; readonly offset: number }, detached: 'run' | 'pause') {
    this.#takenFence = this.#outputFence = base.outputFence;
    this.#offset = this.#baseOffset = base.offset;
    this.#detached = detached;
  }

  get driven(): boolean {
    return this.#driver !== undefined;
  }

  /** Whether the driver of this fence is the current one. */
  drivenBy(inputFence: number): boolean {
    return this.#driver?.inputFence === inputFence;
  }

  get inputFence(): number {
    return this.#driver?.inputFence ?? 0;
  }

  get windowBytes(): number {
    return Math.min(outputLogBytes / 2, 2 * this.#windowBytes);
  }

  /** A new driver was delivered: its fence entry carries its first credit. */
  adopt(inputFence: number, driver: Driver, headOffset: number): void {
    this.#driver = { inputFence };
    this.#windowBytes = clampWindow(driver.credit.windowBytes);
    if (driver.credit.outputFence <= this.#outputFence) this.#offset = Math.min(driver.credit.offset, headOffset);
  }

  /** @returns whether the credit counted */
  credit(fences: Fences, offset: number, windowBytes: number, headOffset: number): boolean {
    if (!this.drivenBy(fences.input)) return false;
    if (fences.output > this.#outputFence) return false;
    // What the driver had of the worker before: it says no more until something new comes, and the two go on at one place (LS2).
    const mostOffset = fences.output < this.#takenFence ? this.#baseOffset : headOffset;
    this.#windowBytes = clampWindow(windowBytes);
    this.#offset = Math.max(this.#offset, Math.min(offset, mostOffset));
    return true;
  }

  /**
   * What lies before `headOffset` was skipped for the driver (FC9): it need not come to the gap before anything is written behind it.
   * Half a window only: with what was written before the gap it still fits the log.
   */
  jumped(headOffset: number): void {
    if (this.#driver) this.#offset = Math.max(this.#offset, headOffset - this.windowBytes / 2);
  }

  /** @returns whether that driver was the current one: nobody drives now */
  gone(inputFence: number): boolean {
    if (!this.drivenBy(inputFence)) return false;
    this.#driver = undefined;
    return true;
  }

  /** The last driver was only silent, and nobody has driven since: what its credit was counts on (DR2). */
  back(inputFence: number): void {
    this.#driver = { inputFence };
  }

  /** The grace time is over: what the upstream still said is written whether or not somebody reads. */
  letGo(): void {
    this.#driver = undefined;
    this.#detached = 'run';
  }

  /** The worker writes on under another fence, at the same place (LG11). */
  refenced(outputFence: number): void {
    this.#outputFence = outputFence;
  }

  /** Bytes that may be written beyond `headOffset`. */
  room(headOffset: number): number {
    if (!this.#driver && this.#detached === 'run') return Number.POSITIVE_INFINITY;
    return Math.max(0, this.windowBytes - (headOffset - this.#offset));
  }
}

function clampWindow(bytes: number): number {
  return Math.min(creditWindowBytes.max, Math.max(creditWindowBytes.min, bytes));
}
