import { Buffer } from 'node:buffer';
import type { Clock } from '../../base/clock.ts';
import { CommandQueue } from './command-queue.ts';
import { infoOf, type NodeInfo } from './node-info.ts';
import type { RedisAddress } from './redis-address.ts';
import type { RespReply } from './resp-decoder.ts';
import { RespSocket } from './resp-socket.ts';
import type { Script } from './scripts.ts';

export interface SocketsOptions {
  /** Where to connect; a function is asked before every attempt. */
  readonly address: RedisAddress | (() => Promise<RedisAddress>);
  readonly clock: Clock;
  /** Loaded into the server with every connection, so that none is missing. */
  readonly scripts: readonly Script[];
  /** A command without reply for so long breaks the connection (append time-out of LG6). */
  readonly timeoutMs: number;
}

export interface SocketsEvents {
  /** What the subscriber connection brings: pushes and confirmations. */
  pushed(reply: RespReply): void;
  /** Once: both sockets are closed. */
  closed(cause: Error): void;
}

/** For `CLIENT LIST`. */
const clientName = 'poseidon-data';
const barrierName = 'poseidon-barrier';

/** The sockets of a link: for commands, for pushes, for the replication barrier. They live and die together. */
export class LinkSockets {
  readonly commands: RespSocket;
  readonly pushes: RespSocket;
  readonly barrier: RespSocket;
  readonly queue: CommandQueue;
  readonly barrierQueue: CommandQueue;
  readonly #logins: CommandQueue;
  readonly #events: SocketsEvents;
  #ready = false;
  #closed = false;

  private constructor(address: RedisAddress, { clock, timeoutMs }: SocketsOptions, events: SocketsEvents) {
    const close = (cause: Error) => this.close(cause);
    this.#events = events;
    this.queue = new CommandQueue(clock, timeoutMs, close);
    this.barrierQueue = new CommandQueue(clock, timeoutMs, close);
    this.#logins = new CommandQueue(clock, timeoutMs, close);
    this.commands = RespSocket.connect(address, clock, { reply: (reply) => this.queue.reply(reply), closed: close });
    this.pushes = RespSocket.connect(address, clock, { reply: (reply) => this.#pushed(reply), closed: close });
    this.barrier = RespSocket.connect(address, clock, { reply: (reply) => this.barrierQueue.reply(reply), closed: close });
  }

  /**
   * Connects, logs in, and makes sure that all sockets reach the same process and that it is a primary: two addresses of one name,
   * or a proxy, may lead to two servers (LG5).
   */
  static async open(options: SocketsOptions, events: SocketsEvents): Promise<{ sockets: LinkSockets; node: NodeInfo }> {
    const address = typeof options.address === 'function' ? await options.address() : options.address;
    const sockets = new LinkSockets(address, options, events);
    try {
      const [node, ...others] = await Promise.all([
        login(sockets.commands, sockets.queue, address, options.scripts),
        login(sockets.pushes, sockets.#logins, address, []),
        login(sockets.barrier, sockets.barrierQueue, address, [], barrierName),
      ]);
      if (node.runId === '') throw new Error('the server does not say which process it is');
      if (others.some(({ runId }) => runId !== node.runId)) throw new Error('the connections reached different servers');
      if (node.role !== 'master') throw new Error(`the server is no primary but ${node.role}`);
      sockets.#ready = true;
      return { sockets, node };
    } catch (failure) {
      sockets.close(failure as Error);
      throw failure;
    }
  }

  get closed(): boolean {
    return this.#closed;
  }

  close(cause: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    this.commands.close(cause);
    this.pushes.close(cause);
    this.barrier.close(cause);
    this.#events.closed(cause);
    this.#logins.lost(cause);
    this.queue.lost(cause);
    this.barrierQueue.lost(cause);
  }

  #pushed(reply: RespReply): void {
    if (this.#closed) return;
    if (this.#ready) this.#events.pushed(reply);
    else this.#logins.reply(reply);
  }
}

async function login(
  socket: RespSocket,
  queue: CommandQueue,
  address: RedisAddress,
  scripts: readonly Script[],
  name = clientName,
): Promise<NodeInfo> {
  const { username, password, db } = address;
  const ask = (...parts: string[]) =>
    new Promise<RespReply>((resolve, reject) => {
      const answered = (reply: RespReply) => (reply instanceof Error ? reject(reply) : resolve(reply));
      queue.sent({ answered, lost: reject }, socket.encoder.command(parts));
      socket.flushLater();
    });
  const asked: Promise<RespReply>[] = [];
  if (password !== '') asked.push(username === '' ? ask('AUTH', password) : ask('AUTH', username, password));
  if (db > 0) asked.push(ask('SELECT', String(db)));
  asked.push(ask('CLIENT', 'SETNAME', name));
  for (const { source } of scripts) asked.push(ask('SCRIPT', 'LOAD', source));
  const [info] = await Promise.all([ask('INFO'), ...asked]);
  return infoOf(Buffer.isBuffer(info) ? info.toString() : '');
}
