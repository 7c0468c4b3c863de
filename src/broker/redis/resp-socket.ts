import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Clock } from '../../base/clock.ts';
import { type RedisAddress, tlsNameOf } from './redis-address.ts';
import { RespDecoder, type RespReply } from './resp-decoder.ts';
import { RespEncoder } from './resp-encoder.ts';

/** The kernel's probes of an idle connection; ours (`beat` of the link) notice earlier. */
const keepAliveMs = 10_000;

export interface RespEvents {
  reply(reply: RespReply): void;
  /** Once, whoever closed it. */
  closed(cause: Error): void;
}

/** One socket that speaks RESP2 in bytes: what is written during a turn of the event loop leaves in one write at its end (FC6). */
export class RespSocket {
  readonly encoder = new RespEncoder();
  readonly #clock: Clock;
  readonly #events: RespEvents;
  readonly #socket: Socket;
  #flushing = false;
  #closed = false;
  #expecting = false;

  private constructor(socket: Socket, clock: Clock, events: RespEvents) {
    this.#socket = socket;
    this.#clock = clock;
    this.#events = events;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveMs);
    const decoder = new RespDecoder((reply) => this.#reply(reply));
    socket.on('data', (chunk) => {
      this.#expecting = false;
      const damage = decoder.read(chunk);
      if (damage) this.close(damage);
    });
    socket.on('error', (error) => this.close(error));
    socket.on('close', () => this.close(new Error('the connection was closed')));
  }

  static connect({ host, port, tls }: RedisAddress, clock: Clock, events: RespEvents): RespSocket {
    return new RespSocket(tls ? connectTls({ host, port, ...tlsNameOf(host), ...tls }) : connectTcp({ host, port }), clock, events);
  }

  /** Nothing has arrived since {@link expectReply}. */
  get silent(): boolean {
    return this.#expecting;
  }

  expectReply(): void {
    this.#expecting = true;
  }

  /** Must follow everything that was put into {@link encoder}. */
  flushLater(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    this.#clock.endOfTurn(() => this.#flush());
  }

  close(cause: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.destroy();
    this.#events.closed(cause);
  }

  #reply(reply: RespReply): void {
    // The decoder goes on through its chunk after a close: those replies belong to nobody any more.
    if (!this.#closed) this.#events.reply(reply);
  }

  #flush(): void {
    this.#flushing = false;
    if (this.#closed) return;
    const chunks = this.encoder.take();
    if (chunks.length > 1) this.#socket.cork();
    for (const chunk of chunks) this.#socket.write(chunk);
    if (chunks.length > 1) this.#socket.uncork();
  }
}
