import type { Clock, Timer } from '../../base/clock.ts';
import type { ClientStream } from '../../protocol/ids.ts';
import { lostStreams } from '../../protocol/limits.ts';
import { askTyped } from './constants.ts';

/**
 * Streams of this socket's client that it will not use again: the worker is asked, as long as the socket lives, until it has stated
 * how much of each was typed. A statement is ephemeral and may be lost, and of a stream that never reached the log nobody knows (RS6).
 */
export class LostStreams {
  readonly #clock: Clock;
  readonly #ask: (stream: ClientStream) => void;
  readonly #streams = new Set<ClientStream>();
  #timer: Timer | undefined;
  #delayMs: number = askTyped.firstMs;

  constructor(clock: Clock, ask: (stream: ClientStream) => void) {
    this.#clock = clock;
    this.#ask = ask;
  }

  get size(): number {
    return this.#streams.size;
  }

  add(...streams: readonly ClientStream[]): void {
    for (const stream of streams) if (this.#streams.size < lostStreams) this.#streams.add(stream);
    this.#delayMs = askTyped.firstMs;
    if (this.#streams.size > 0) this.#later();
  }

  closed(stream: ClientStream): void {
    this.#streams.delete(stream);
  }

  close(): void {
    this.#timer?.cancel();
    this.#streams.clear();
  }

  #later(): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.after(this.#delayMs, () => {
      if (this.#streams.size === 0) return;
      for (const stream of this.#streams) this.#ask(stream);
      this.#delayMs = Math.min(askTyped.mostMs, this.#delayMs * 2);
      this.#later();
    });
  }
}
