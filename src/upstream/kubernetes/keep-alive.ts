import type { Clock, Timer } from '../../base/clock.ts';

/** What keep-alive needs of a connection. */
export interface LivingLine {
  /** Bytes received so far. */
  readonly received: number;
  ping(): void;
  /** A message that servers read and ignore. */
  sendEmpty(): void;
  /** A message that counts as traffic upstream: the size again on a TTY, an empty one otherwise. */
  sendData(): void;
  /** Nothing has been received for {@link deadAfterMs}. */
  dead(): void;
}

/** Well under the 60 s after which common proxies cut an idle connection. */
const pingEveryMs = 20_000;
/** As client-go has it; found at the next ping. */
const deadAfterMs = 60_000;
/** Servers end a session after 4 h without data; pings do not count (facts 4.7). */
const dataEveryMs = 30 * 60_000;

/**
 * Keeps one connection alive and finds out when it is dead (UP2). While this side has paused reading it neither counts silence nor pings:
 * a server that is blocked writing to us would block its reader on the pong, and with it the input behind. An empty message does the work
 * for the proxies then.
 */
export class KeepAlive {
  readonly #clock: Clock;
  readonly #line: LivingLine;
  #timer: Timer | undefined;
  #paused = false;
  #received = 0;
  #heardAtMs: number;
  #dataAtMs: number;

  constructor(clock: Clock, line: LivingLine) {
    this.#clock = clock;
    this.#line = line;
    this.#heardAtMs = clock.now();
    this.#dataAtMs = this.#heardAtMs;
  }

  start(): void {
    this.#timer = this.#clock.after(pingEveryMs, () => this.#tick());
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#heardAtMs = this.#clock.now();
  }

  #tick(): void {
    const now = this.#clock.now();
    if (this.#line.received !== this.#received || this.#paused) {
      this.#received = this.#line.received;
      this.#heardAtMs = now;
    }
    if (now - this.#heardAtMs >= deadAfterMs) {
      this.stop();
      this.#line.dead();
      return;
    }
    this.start();
    if (now - this.#dataAtMs >= dataEveryMs) {
      this.#dataAtMs = now;
      this.#line.sendData();
    } else if (this.#paused) this.#line.sendEmpty();
    if (!this.#paused) this.#line.ping();
  }
}
