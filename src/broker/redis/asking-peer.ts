import type { Clock } from '../../base/clock.ts';
import { CommandQueue } from './command-queue.ts';
import type { RedisAddress } from './redis-address.ts';
import type { RespReply } from './resp-decoder.ts';
import { RespSocket } from './resp-socket.ts';

/** A dead node costs its asker no more than this. */
const answerWithinMs = 1_000;

/** A connection for questions about the topology: to a sentinel, or to any node of a Cluster. Opened when it is asked, kept while it lives. */
export class AskingPeer {
  readonly address: RedisAddress;
  readonly #clock: Clock;
  #open: { readonly socket: RespSocket; readonly queue: CommandQueue } | undefined;

  constructor(address: RedisAddress, clock: Clock) {
    this.address = address;
    this.#clock = clock;
  }

  /** @throws when there is no answer in time, or an error */
  async ask(parts: readonly string[]): Promise<RespReply> {
    const fresh = this.#open === undefined;
    this.#open ??= this.#connect();
    const { username, password } = this.address;
    if (fresh && password !== '') await this.#send(username === '' ? ['AUTH', password] : ['AUTH', username, password]);
    return this.#send(parts);
  }

  close(): void {
    this.#open?.socket.close(new Error('no more questions'));
  }

  #connect(): { readonly socket: RespSocket; readonly queue: CommandQueue } {
    const queue: CommandQueue = new CommandQueue(this.#clock, answerWithinMs, (cause) => socket.close(cause));
    const socket = RespSocket.connect(this.address, this.#clock, {
      reply: (reply) => queue.reply(reply),
      closed: (cause) => {
        this.#open = undefined;
        queue.lost(cause);
      },
    });
    return { socket, queue };
  }

  #send(parts: readonly string[]): Promise<RespReply> {
    return new Promise((resolve, reject) => {
      const open = this.#open;
      if (!open) return reject(new Error('the connection was closed'));
      const answered = (reply: RespReply) => (reply instanceof Error ? reject(reply) : resolve(reply));
      open.queue.sent({ answered, lost: reject }, open.socket.encoder.command(parts));
      open.socket.flushLater();
    });
  }
}
