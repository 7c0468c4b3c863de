import { encodeClientFrame } from '../protocol/client-frame.ts';
import type { ClientHost, ClientSocket } from './client-host.ts';

/** Between two tries, doubling; each is drawn between half of it and all of it, so that many clients do not come back together. */
const retry = { firstMs: 150, mostMs: 5000 } as const;

/**
 * How often the relay is pinged, and how long it may leave that without a word: to come back on another socket loses nothing, so a person
 * need not wait longer for a line that is half-open (DR2).
 */
const pingEveryMs = 10_000;

/** Input is answered at once. When it is not, a ping tells whether anybody is there. */
const answerWithinMs = 2_000;

/** The first ping: late enough to measure the way and not the start of a page. */
const firstPingMs = 1000;

export interface KeeperEvents {
  /** The wait is over. */
  due(): void;
  /** A ping was not answered in {@link pingEveryMs}; the socket is still the current one. */
  silent(): void;
}

/** At most one socket to the relay: its pings, its silence, and the wait before the next one (DR2). */
export class SocketKeeper {
  readonly #host: ClientHost;
  readonly #events: KeeperEvents;
  #socket: ClientSocket | undefined;
  #wait: { cancel(): void } | undefined;
  #ping: { cancel(): void } | undefined;
  #pingedAt = 0;
  #dueAt = 0;
  /** Nothing was heard since the last ping. */
  #unanswered = false;
  /** Nothing was heard since input was sent. */
  #asked = false;
  #tries = 0;

  constructor(host: ClientHost, events: KeeperEvents) {
    this.#host = host;
    this.#events = events;
  }

  /** Tries since the last that succeeded. */
  get tries(): number {
    return this.#tries;
  }

  isCurrent(socket: ClientSocket): boolean {
    return socket === this.#socket;
  }

  open(): void {
    this.stopWaiting();
    const old = this.#socket;
    this.heard();
    this.#socket = this.#host.connect();
    old?.close();
    this.#pingedAt = this.#host.now();
    this.#pingIn(pingEveryMs);
  }

  heard(): void {
    this.#unanswered = false;
    this.#asked = false;
  }

  /** Something was sent that the relay answers. */
  asked(): void {
    this.#asked = true;
    if (!this.#unanswered && this.#dueAt - this.#host.now() > answerWithinMs) this.#pingIn(answerWithinMs);
  }

  /** The socket has joined the session. */
  joined(): void {
    this.#tries = 0;
    this.#pingedAt = this.#host.now() + firstPingMs - pingEveryMs;
    this.#pingIn(firstPingMs);
  }

  send(frame: Uint8Array): void {
    this.#socket?.send(frame);
  }

  /** Lets go of the socket: what it reports from now on is of no account. @returns whether there was one */
  drop(): boolean {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#ping?.cancel();
    socket?.close();
    return socket !== undefined;
  }

  /** `due` follows. @returns after how many milliseconds */
  waitLonger(): number {
    this.stopWaiting();
    const full = Math.min(retry.mostMs, retry.firstMs * 2 ** Math.min(this.#tries, 10));
    const retryMs = Math.round(full * (0.5 + this.#host.random() / 2));
    this.#tries++;
    this.#wait = this.#host.after(retryMs, () => this.#events.due());
    return retryMs;
  }

  stopWaiting(): void {
    this.#wait?.cancel();
    this.#wait = undefined;
  }

  #pingIn(delayMs: number): void {
    this.#ping?.cancel();
    this.#dueAt = this.#host.now() + delayMs;
    this.#ping = this.#host.after(delayMs, () => this.#pingDue());
  }

  #pingDue(): void {
    if (this.#unanswered) return this.#events.silent();
    const leftMs = this.#pingedAt + pingEveryMs - this.#host.now();
    if (!this.#asked && leftMs > 0) return this.#pingIn(leftMs);
    this.#pingedAt = this.#host.now();
    this.#unanswered = true;
    this.send(encodeClientFrame({ kind: 'ping', token: pingToken(this.#host) }));
    this.#pingIn(pingEveryMs);
  }
}

/** The clock in the ping itself: nothing has to be kept until the answer. */
export function pingToken(host: ClientHost): number {
  return Math.floor(host.now()) >>> 0;
}
