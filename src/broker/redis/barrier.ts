import { Buffer } from 'node:buffer';
import type { Clock, Timer } from '../../base/clock.ts';
import type { Confirmation } from '../log-store.ts';
import type { CommandQueue } from './command-queue.ts';
import { infoOf } from './node-info.ts';
import type { RespReply } from './resp-decoder.ts';
import type { RespSocket } from './resp-socket.ts';

/** A round of the barrier takes at least this long: a ring of 512 KiB carries 100 MB/s with it, and an idle server is left alone. */
const roundMs = 5;
/** How long a server waits for its replicas before it answers how many have it. Shorter than the command time-out. */
const waitMs = 500;
/** Written by every barrier; nobody reads it. */
const barrierTtlMs = 60_000;

export interface BarrierOptions {
  readonly socket: RespSocket;
  readonly queue: CommandQueue;
  readonly clock: Clock;
  /** A key on this node (its slot, in a Cluster). */
  readonly key: () => string;
  readonly replicas: number;
  /** The node is no primary any more. */
  readonly demoted: (cause: Error) => void;
}

/**
 * The replication barrier of one node (FC4): a tiny write and `WAIT 1` on a connection of its own, round after round while somebody
 * waits. What the node had answered before a round began is on a replica when the round is answered: one replication order.
 */
export class Barrier {
  readonly #options: BarrierOptions;
  #replicas: number;
  #waiting: ((confirmation: Confirmation) => void)[] = [];
  #running = false;
  #pause: Timer | undefined;
  #closed = false;

  constructor(options: BarrierOptions) {
    this.#options = options;
    this.#replicas = options.replicas;
  }

  /** @returns undefined without a replica: nothing is to be waited for */
  confirm(): Promise<Confirmation> | undefined {
    if (this.#replicas === 0 || this.#closed) return undefined;
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (!this.#running) void this.#run();
    });
  }

  /** Now and then: replicas come and go, and a primary may have become a replica. */
  async look(): Promise<void> {
    const info = await this.#ask(['INFO', 'replication']);
    if (!Buffer.isBuffer(info) || this.#closed) return;
    const { role, replicas } = infoOf(info.toString());
    if (role !== 'master') return this.#options.demoted(new Error(`the server is no primary but ${role}`));
    this.#replicas = replicas;
  }

  /** The link is gone: nothing is known. */
  close(): void {
    this.#closed = true;
    this.#pause?.cancel();
    for (const resolve of this.#waiting.splice(0)) resolve('lost');
  }

  async #run(): Promise<void> {
    this.#running = true;
    const covered = this.#waiting.splice(0);
    const write = this.#ask(['SET', this.#options.key(), '', 'PX', String(barrierTtlMs)]);
    const reached = this.#ask(['WAIT', '1', String(waitMs)]);
    const [written, replicas] = await Promise.all([write, reached]);
    const confirmed = Buffer.isBuffer(written) && typeof replicas === 'number' && replicas >= 1;
    // No replica has it: either there is none any more, or it is slow and the next round asks again.
    if (!confirmed) await this.look();
    if (this.#closed) for (const resolve of covered) resolve('lost');
    else if (confirmed || this.#replicas === 0) for (const resolve of covered) resolve(confirmed ? 'replicated' : 'alone');
    else this.#waiting.unshift(...covered);
    if (this.#closed) return;
    this.#pause = this.#options.clock.after(roundMs, () => {
      this.#running = false;
      if (this.#waiting.length > 0) void this.#run();
    });
  }

  /** An error is an answer like any other; a lost connection is an error. */
  #ask(parts: readonly string[]): Promise<RespReply> {
    const { socket, queue } = this.#options;
    return new Promise((resolve) => {
      if (this.#closed) return resolve(new Error('the link is gone'));
      queue.sent({ answered: resolve, lost: resolve }, socket.encoder.command(parts));
      socket.flushLater();
    });
  }
}
