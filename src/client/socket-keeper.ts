import { encodeClientFrame } from '../protocol/client-frame.ts';
import { browserDeadMs, browserPingMs } from '../protocol/limits.ts';
import type { ClientHost, ClientSocket } from './client-host.ts';

/** Between two tries, doubling; each is drawn between half of it and all of it, so that many clients do not come back together. */
const retry = { firstMs: 150, mostMs: 5000 } as const;

/** The first ping: late enough to measure the way and not the start of a page. */
const firstPingMs = 1000;

export interface KeeperEvents {
  /** The wait is over. */
  due(): void;
  /** Nothing was heard for {@link browserDeadMs}; the socket is still the current one. */
  silent(): void;
}

/** At most one socket to the relay: its pings, its silence, and the wait before the next one (DR2). */
export class SocketKeeper {
  readonly #host: ClientHost;
  readonly #events: KeeperEvents;
  #socket: ClientSocket | undefined;
  #wait: { cancel(): void } | undefined;
  #ping: { cancel(): void } | undefined;
  #heardAt = 0;
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
    this.#heardAt = this.#host.now();
    this.#socket = this.#host.connect();
    old?.close();
    this.#pingIn(browserPingMs);
  }

  heard(): void {
    this.#heardAt = this.#host.now();
  }

  /** The socket has joined the session. */
  joined(): void {
    this.#tries = 0;
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
    this.#ping = this.#host.after(delayMs, () => {
      if (this.#host.now() - this.#heardAt > browserDeadMs) return this.#events.silent();
      this.send(encodeClientFrame({ kind: 'ping', token: pingToken(this.#host) }));
      this.#pingIn(browserPingMs);
    });
  }
}

/** The clock in the ping itself: nothing has to be kept until the answer. */
export function pingToken(host: ClientHost): number {
  return Math.floor(host.now()) >>> 0;
}
