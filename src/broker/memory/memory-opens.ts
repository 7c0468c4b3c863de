import type { QueuedItem, QueueItem } from '../broker.ts';
import { queuedOpens } from '../lifetimes.ts';

interface Queued {
  readonly item: QueuedItem;
  /** undefined: not pulled yet. */
  pulledAtMs: number | undefined;
}

/** The opens queue: at least once, in order, again when it was not acknowledged in time (LS2). */
export class MemoryOpens {
  readonly #redeliverMs: number;
  readonly #items = new Map<string, Queued>();
  readonly #waiting = new Set<() => void>();
  #pushed = 0;

  constructor(redeliverMs: number) {
    this.#redeliverMs = redeliverMs;
  }

  push(item: QueueItem): void {
    const token = String(++this.#pushed);
    this.#items.set(token, { item: { ...item, token }, pulledAtMs: undefined });
    if (this.#items.size > queuedOpens) {
      for (const oldest of this.#items.keys()) {
        this.#items.delete(oldest);
        break;
      }
    }
    for (const wake of [...this.#waiting]) wake();
  }

  pull(count: number, nowMs: number): readonly QueuedItem[] {
    const pulled: QueuedItem[] = [];
    for (const queued of this.#items.values()) {
      if (pulled.length >= count) break;
      if (queued.pulledAtMs !== undefined && nowMs - queued.pulledAtMs < this.#redeliverMs) continue;
      queued.pulledAtMs = nowMs;
      pulled.push(queued.item);
    }
    return pulled;
  }

  acknowledge(token: string): void {
    this.#items.delete(token);
  }

  /** @returns a function that stops listening */
  onPush(wake: () => void): () => void {
    this.#waiting.add(wake);
    return () => this.#waiting.delete(wake);
  }

  copy(): MemoryOpens {
    const copy = new MemoryOpens(this.#redeliverMs);
    for (const [token, queued] of this.#items) copy.#items.set(token, { ...queued });
    copy.#pushed = this.#pushed;
    return copy;
  }
}
