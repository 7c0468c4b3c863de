import { Buffer } from 'node:buffer';
import { Backoff } from '../../base/backoff.ts';
import type { Random, Timer } from '../../base/clock.ts';
import { BrokerUnavailable } from '../broker.ts';
import { youngMs } from '../lifetimes.ts';
import type { Confirmation, LogListener, LogSubscription } from '../log-store.ts';
import { Barrier } from './barrier.ts';
import { ignored, type Waiting } from './command-queue.ts';
import { encodeAppend } from './encode-append.ts';
import { barrierKey } from './keys.ts';
import { LinkSockets, type SocketsOptions } from './link-sockets.ts';
import type { NodeInfo } from './node-info.ts';
import type { RespReply } from './resp-decoder.ts';
import type { Script } from './scripts.ts';
import { Subscriptions } from './subscriptions.ts';

export interface LinkOptions extends SocketsOptions {
  readonly random: Random;
  readonly events: LinkEvents;
  /** A key on this node for its replication barrier; default: any. */
  readonly barrierKey?: () => string;
}

/** For a log line a change of state. */
export interface LinkEvents {
  linkUp?(node: NodeInfo): void;
  /** The link broke, or an attempt to connect failed. */
  linkDown?(cause: Error): void;
  /** The node does not hold a slot that it was asked for, or not any more. */
  moved?(): void;
  /** The sentinels name another primary. */
  replaced?(): void;
}

/** A command that came while the link was down: sent, or failed, when the next attempt is over. */
interface Deferred {
  sendable(): void;
  lost(cause: Error): void;
}

const reconnectMs = { first: 50, most: 2_000 } as const;
/** An idle link is asked so often whether it lives: a half-open subscriber connection would be silent for ever. */
const beatMs = 2_000;

/**
 * A command socket and a subscriber socket to one Redis node, treated as one thing: both verified to reach the same process before
 * anything is confirmed (LG5), both closed when either breaks. So a read never comes from another server than the pushes do, and a
 * script never passes by an append of the same log (LS3).
 */
export class RedisLink {
  readonly #options: LinkOptions;
  readonly #backoff: Backoff;
  readonly #subscriptions: Subscriptions;
  readonly #breakListeners = new Set<() => void>();
  #sockets: LinkSockets | undefined;
  #barrier: Barrier | undefined;
  #runId: string | undefined;
  /** By this clock: until then what the node does not know may still be restored (LG11). */
  #youngUntilMs = Number.NEGATIVE_INFINITY;
  #deferred: Deferred[] = [];
  #timer: Timer | undefined;
  #closed = false;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.random, reconnectMs.first, reconnectMs.most);
    this.#subscriptions = new Subscriptions(options.clock, {
      send: (command, channel) => this.#sendToSubscriber([command, channel]),
      moved: () => options.events.moved?.(),
      damaged: (cause) => this.break(cause),
    });
  }

  get up(): boolean {
    return this.#sockets !== undefined;
  }

  /** The node started a short time ago, or it took the place of another one: sessions may be missing whose owners restore them (LG11). */
  get young(): boolean {
    return this.#options.clock.now() < this.#youngUntilMs;
  }

  /** Starts to connect, and connects again whenever the link breaks, until {@link close}. */
  open(): void {
    void this.#connect();
  }

  close(): void {
    const cause = new Error('the link was closed');
    this.#closed = true;
    this.#timer?.cancel();
    this.#sockets?.close(cause);
    this.#failDeferred(cause);
  }

  /** Breaks the link, if there is one: it leads to the wrong place. */
  break(cause: Error): void {
    this.#sockets?.close(cause);
  }

  /** What was answered before this call is on a replica too; undefined without one (FC4). */
  confirm(): Promise<Confirmation> | undefined {
    return this.#barrier?.confirm();
  }

  /** The node has lost these channels to another one: their subscriptions are over. */
  breakChannels(lost: (channel: string) => boolean): void {
    this.#subscriptions.breakChannels(lost);
  }

  /** Any reply but an error. @throws BrokerUnavailable for an error, a time-out, a broken link */
  command(parts: readonly (string | Uint8Array)[]): Promise<RespReply> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        answered: (reply) => (reply instanceof Error ? reject(this.#refused(reply)) : resolve(reply)),
        lost: (cause) => reject(new BrokerUnavailable(cause)),
      };
      this.#whenUp(waiting, ({ commands, queue }) => queue.sent(waiting, commands.encoder.command(parts)));
    });
  }

  /** Runs a script by its hash; by its source when the server has forgotten it (`SCRIPT FLUSH`). */
  async script(script: Script, keys: readonly string[], args: readonly (string | Uint8Array)[]): Promise<RespReply> {
    const rest = [String(keys.length), ...keys, ...args];
    try {
      return await this.command(['EVALSHA', script.sha, ...rest]);
    } catch (failure) {
      if (failure instanceof BrokerUnavailable && isError(failure.cause, 'NOSCRIPT')) return this.command(['EVAL', script.source, ...rest]);
      throw failure;
    }
  }

  /** XADD under the frame's own id, then SPUBLISH of the same frame, in one write (LG4). Only the id is an answer (LG6). */
  append(key: string, frame: Uint8Array): Promise<'stored' | 'doubt'> {
    return new Promise((resolve) => {
      const sockets = this.#sockets;
      // Never sent on a later connection: between the two, another may have become the writer. The doubt waits for news of the link.
      if (!sockets) return this.#defer({ sendable: () => resolve('doubt'), lost: () => resolve('doubt') });
      const { id, bytes } = encodeAppend(sockets.commands.encoder, key, frame);
      const waiting: Waiting = {
        answered: (reply) => {
          if (reply instanceof Error) this.#refused(reply);
          resolve(isText(reply, id) ? 'stored' : 'doubt');
        },
        lost: () => resolve('doubt'),
      };
      sockets.queue.sent(waiting, bytes, 1);
      sockets.commands.flushLater();
    });
  }

  /** Best effort: dropped while the link is down. */
  send(parts: readonly (string | Uint8Array)[]): void {
    const sockets = this.#sockets;
    if (!sockets) return;
    sockets.queue.sent(ignored, sockets.commands.encoder.command(parts));
    sockets.commands.flushLater();
  }

  subscribe(channel: string, listener: LogListener): LogSubscription {
    return this.#subscriptions.subscribe(channel, listener, this.up);
  }

  /** Calls `broken` whenever the connections are lost, before others are used. @returns a function that stops it */
  onBreak(broken: () => void): () => void {
    const listener = () => broken();
    this.#breakListeners.add(listener);
    return () => this.#breakListeners.delete(listener);
  }

  #whenUp(waiting: Waiting, send: (sockets: LinkSockets) => void): void {
    const sockets = this.#sockets;
    if (!sockets) return this.#defer({ sendable: () => this.#whenUp(waiting, send), lost: (cause) => waiting.lost(cause) });
    send(sockets);
    sockets.commands.flushLater();
  }

  #defer(deferred: Deferred): void {
    if (this.#closed) deferred.lost(new Error('the link was closed'));
    else this.#deferred.push(deferred);
  }

  #failDeferred(cause: Error): void {
    for (const deferred of this.#deferred.splice(0)) deferred.lost(cause);
  }

  #sendToSubscriber(parts: readonly string[]): void {
    this.#sockets?.pushes.encoder.command(parts);
    this.#sockets?.pushes.flushLater();
  }

  async #connect(): Promise<void> {
    const pushed = (reply: RespReply) => this.#subscriptions.reply(reply);
    let opened: { sockets: LinkSockets; node: NodeInfo };
    try {
      opened = await LinkSockets.open(this.#options, { pushed, closed: (cause) => this.#broken(cause) });
    } catch (failure) {
      this.#failed(failure as Error);
      return;
    }
    const { sockets, node } = opened;
    if (this.#closed) return sockets.close(new Error('the link was closed'));
    if (sockets.closed) return this.#failed(new Error('the connection was closed'));
    this.#backoff.reset();
    this.#sockets = sockets;
    this.#met(node);
    this.#barrier = new Barrier({
      socket: sockets.barrier,
      queue: sockets.barrierQueue,
      clock: this.#options.clock,
      key: this.#options.barrierKey ?? (() => barrierKey('0')),
      replicas: node.replicas,
      demoted: (cause) => sockets.close(cause),
    });
    this.#options.events.linkUp?.(node);
    this.#subscriptions.connected();
    for (const deferred of this.#deferred.splice(0)) deferred.sendable();
    this.#beat(sockets);
  }

  #met({ runId, uptimeMs }: NodeInfo): void {
    const leftMs = this.#runId !== undefined && this.#runId !== runId ? youngMs : youngMs - uptimeMs;
    if (this.#runId !== runId) this.#youngUntilMs = this.#options.clock.now() + leftMs;
    this.#runId = runId;
  }

  #failed(cause: Error): void {
    if (this.#closed) return;
    this.#options.events.linkDown?.(cause);
    this.#connectLater();
    this.#failDeferred(cause);
  }

  #connectLater(): void {
    this.#timer = this.#options.clock.after(this.#backoff.nextMs(), () => void this.#connect());
  }

  /** Both sockets are closed, whichever broke. What was un-answered is in doubt, what was subscribed is over. */
  #broken(cause: Error): void {
    if (!this.#sockets) return;
    this.#sockets = undefined;
    this.#barrier?.close();
    this.#barrier = undefined;
    this.#timer?.cancel();
    if (!this.#closed) {
      this.#options.events.linkDown?.(cause);
      this.#connectLater();
    }
    for (const listener of [...this.#breakListeners]) listener();
    this.#subscriptions.broken();
  }

  #beat(sockets: LinkSockets): void {
    const { clock } = this.#options;
    this.#timer = clock.after(beatMs, () => {
      if (this.#sockets !== sockets) return;
      if (sockets.queue.empty) this.send(['PING']);
      void this.#barrier?.look();
      // If this process itself stood still, the pong is in the socket's buffer: one turn of the loop reads it.
      clock.endOfTurn(() => {
        if (this.#sockets !== sockets) return;
        if (sockets.pushes.silent) return sockets.close(new Error('the subscriber connection is silent'));
        this.#sendToSubscriber(['PING']);
        sockets.pushes.expectReply();
        this.#beat(sockets);
      });
    });
  }

  /** A node that was made a replica serves old data: the link must find the new primary. A moved slot is never followed, only looked for (LG6). */
  #refused(error: Error): BrokerUnavailable {
    if (isError(error, 'READONLY')) this.#sockets?.close(error);
    else if (/^(MOVED|ASK|CLUSTERDOWN|TRYAGAIN)\b/.test(error.message)) this.#options.events.moved?.();
    return new BrokerUnavailable(error);
  }
}

function isError(cause: unknown, code: string): boolean {
  return cause instanceof Error && cause.message.startsWith(code);
}

function isText(reply: RespReply, text: string): boolean {
  return Buffer.isBuffer(reply) && reply.length === text.length && reply.toString('latin1') === text;
}
