import { readdir, readFile } from 'node:fs/promises';
import type { Clock } from '../base/clock.ts';
import { sleep } from '../base/clock.ts';

/** Between the hang-up and the kill. */
const graceMs = 2_000;
const closeGraceMs = 300;

/**
 * Ends what the demo has started. A client that goes away takes its process with it: kinder than containerd, which lets it run on
 * (facts 5), because here the processes are on somebody's own machine.
 */
export class ProcessKeeper {
  readonly #clock: Clock;
  readonly #marker: string;
  readonly #groups = new Set<number>();

  /** @param marker an environment entry `NAME=value` that all processes carry */
  constructor(marker: string, clock: Clock) {
    this.#marker = marker;
    this.#clock = clock;
  }

  started(pid: number): void {
    this.#groups.add(pid);
  }

  exited(pid: number): void {
    this.#groups.delete(pid);
  }

  hangUp(pid: number): void {
    if (!this.#groups.has(pid)) return;
    signalGroup(pid, 'SIGHUP');
    signalGroup(pid, 'SIGCONT');
    this.#clock.after(graceMs, () => {
      if (this.#groups.has(pid)) signalGroup(pid, 'SIGKILL');
    });
  }

  /** Nothing that was started is left, also what has left its group: on Linux it is found by the marker. */
  async close(): Promise<void> {
    for (const pid of this.#groups) this.hangUp(pid);
    if (this.#groups.size > 0) await sleep(this.#clock, closeGraceMs);
    for (const pid of this.#groups) signalGroup(pid, 'SIGKILL');
    for (const pid of await this.#marked()) kill(pid, 'SIGKILL');
  }

  async #marked(): Promise<readonly number[]> {
    const names = await readdir('/proc').catch(() => []);
    const found: number[] = [];
    for (const name of names) {
      if (!/^\d+$/.test(name)) continue;
      const environment = await readFile(`/proc/${name}/environ`, 'latin1').catch(() => '');
      if (`\0${environment}`.includes(`\0${this.#marker}\0`)) found.push(Number(name));
    }
    return found;
  }
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  kill(-pid, signal);
}

function kill(pid: number, signal: NodeJS.Signals): void {
  if (pid === 0 || pid === -1 || pid === 1) return;
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}
