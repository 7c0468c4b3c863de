import type { Clock, Timer } from '../../src/base/clock.ts';
import type { Scheduler } from './scheduler.ts';

/** 2026-01-01, so that fences look like the ones of production. */
const epochMs = 1_767_225_600_000;

/**
 * One operating system process: a border that everything from outside crosses through `enter`. Stopped (SIGSTOP) it reacts to nothing
 * until it is woken, killed it never does again. Its clocks are its own.
 */
export class SimProcess {
  readonly name: string;
  readonly clock: Clock;
  readonly #scheduler: Scheduler;
  readonly #startMs: number;
  #held: Array<() => void> | undefined;
  #alive = true;
  /** How far this process's wall clock is off. */
  #skewMs = 0;
  /** It reaches no server of the broker. */
  cutOff = false;
  /** So long the answers of its broker take. */
  answersTakeMs: number | undefined;
  /** Longest time it was ever stopped. */
  longestStopMs = 0;
  #stoppedAtMs = 0;
  /** Its machine was suspended meanwhile: its monotonic clock stands still, its wall clock goes on. */
  #suspends = false;
  #suspendedMs = 0;

  /**
   * @param startMs what the monotonic clock shows at virtual time 0
   * @param leastMs of a timer; as in Node one millisecond, less for what stands for a network
   */
  constructor(name: string, scheduler: Scheduler, startMs: number, leastMs = 1) {
    this.name = name;
    this.#scheduler = scheduler;
    this.#startMs = startMs;
    this.clock = {
      now: () => this.#startMs + scheduler.nowMs - this.#suspendedMs,
      wallMs: () => epochMs + scheduler.nowMs + this.#skewMs,
      after: (delayMs, run) => this.#after(Math.max(leastMs, delayMs), run),
      endOfTurn: (run) => void this.#after(0, run),
    };
  }

  get alive(): boolean {
    return this.#alive;
  }

  get stopped(): boolean {
    return this.#held !== undefined;
  }

  /** The wall clock is set. */
  jump(byMs: number): void {
    this.#skewMs += byMs;
  }

  enter(run: () => void): void {
    if (!this.#alive) return;
    if (this.#held) this.#held.push(run);
    else run();
  }

  suspend(): void {
    if (this.#held) return;
    this.stop();
    this.#suspends = true;
  }

  stop(): void {
    if (this.#held) return;
    this.#held = [];
    this.#stoppedAtMs = this.#scheduler.nowMs;
  }

  /** What came meanwhile is handled in its order, before anything newer. */
  wake(): void {
    if (!this.#held) return;
    const forMs = this.#scheduler.nowMs - this.#stoppedAtMs;
    this.longestStopMs = Math.max(this.longestStopMs, forMs);
    if (this.#suspends) this.#suspendedMs += forMs;
    this.#suspends = false;
    this.#release();
  }

  kill(): void {
    this.#alive = false;
    this.#held = undefined;
  }

  #release(): void {
    this.#scheduler.after(0, () => {
      const first = this.#held?.shift();
      if (!first) {
        this.#held = undefined;
        return;
      }
      first();
      this.#release();
    });
  }

  #after(delayMs: number, run: () => void): Timer {
    const process = this;
    const dueMs = this.clock.now() + delayMs;
    let event = this.#scheduler.after(delayMs, arrive);
    return {
      cancel: () => {
        event.cancelled = true;
      },
    };

    function arrive(): void {
      process.enter(() => {
        if (event.cancelled) return;
        const leftMs = process.#suspendedMs > 0 ? dueMs - process.clock.now() : 0;
        if (leftMs > 0.001) event = process.#scheduler.after(leftMs, arrive);
        else run();
      });
    }
  }
}
