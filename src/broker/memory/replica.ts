import type { Confirmation } from '../log-store.ts';
import type { WriteHistory } from './memory-session.ts';

interface Waiting {
  readonly writes: number;
  readonly answer: (confirmation: Confirmation) => void;
}

/** What of its server's writes a replica has, and who waits until it has more: the twin of `WAIT 1` (FC4). */
export class Replica {
  readonly #history: WriteHistory;
  #writes: number;
  #waiting: Waiting[] = [];

  constructor(history: WriteHistory) {
    this.#history = history;
    this.#writes = history.writes;
  }

  /** The server's writes up to this one are here. */
  get writes(): number {
    return this.#writes;
  }

  /** The newest write of its server. */
  get written(): number {
    return this.#history.writes;
  }

  /** @param answer told once everything that was written by now is here */
  confirm(answer: (confirmation: Confirmation) => void): void {
    if (this.#writes === this.#history.writes) answer('replicated');
    else this.#waiting.push({ writes: this.#history.writes, answer });
  }

  /** It has got everything up to this write. */
  follow(writes: number): void {
    this.#writes = Math.max(this.#writes, Math.min(writes, this.#history.writes));
    const reached = this.#waiting.filter((each) => each.writes <= this.#writes);
    this.#waiting = this.#waiting.filter((each) => each.writes > this.#writes);
    for (const { answer } of reached) answer('replicated');
  }

  /** It is gone: its server is alone. */
  close(): void {
    for (const { answer } of this.#waiting.splice(0)) answer('alone');
  }
}
