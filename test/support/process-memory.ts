import { readFileSync } from 'node:fs';

/** Resident memory of a process, MiB (Linux). */
export function residentMiB(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1] ?? 0) / 1024;
}

/** Samples processes until stopped; gives the growth from an early look to the highest. */
export class MemoryWatch {
  readonly #pids: readonly number[];
  readonly #timer: NodeJS.Timeout;
  readonly #samples: number[][] = [];

  constructor(pids: readonly number[], everyMs = 250) {
    this.#pids = pids;
    this.#timer = setInterval(() => this.#sample(), everyMs);
    this.#sample();
  }

  /** @returns for each process its first and highest sample, MiB */
  stop(): readonly { readonly first: number; readonly highest: number }[] {
    this.#sample();
    clearInterval(this.#timer);
    return this.#pids.map((_, index) => {
      const own = this.#samples.map((sample) => sample[index] ?? 0);
      return { first: own[0] ?? 0, highest: Math.max(...own) };
    });
  }

  #sample(): void {
    this.#samples.push(this.#pids.map(residentMiB));
  }
}
