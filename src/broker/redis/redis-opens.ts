import type { Clock } from '../../base/clock.ts';
import { isSessionId, type WorkerId } from '../../protocol/ids.ts';
import { BrokerUnavailable, type OpensQueue, type QueuedItem, type QueueItem } from '../broker.ts';
import { type Lifetimes, queuedOpens } from '../lifetimes.ts';
import type { ControlClient } from './control-client.ts';
import { entriesOf, listOf, type StreamEntry, streamsOf } from './control-replies.ts';
import { openPartitions, opensGroup, opensKey, opensPartition } from './keys.ts';
import { OpensReader } from './opens-reader.ts';

/** A waiting worker looks for forgotten items, and whether it should stop, this often. */
const blockMs = 2_000;
/** A consumer without pending items that was silent for so long is a worker of the past. */
const deadConsumerMs = 60 * 60_000;

/**
 * The opens queue: streams with one consumer group. Several partitions, so that in a Cluster it does not live on one node; a waiting
 * worker reads them by one command, or in a Cluster by one command and connection each.
 */
export class RedisOpens implements OpensQueue {
  readonly #control: ControlClient;
  readonly #clock: Clock;
  readonly #lifetimes: Lifetimes;
  readonly #keys = Array.from({ length: openPartitions }, (_, partition) => opensKey(partition));
  readonly #readers: readonly OpensReader[];
  #reclaimedMs = Number.NEGATIVE_INFINITY;
  #prepared = false;
  /** Where the next look begins, so that no partition is always last. */
  #turn = 0;
  /** A waiting read may be answered by several partitions at once: the few items too many wait for the next pull. */
  #extra: QueuedItem[] = [];

  /**
   * @param blocking makes a connection that waits; made at the first pull, because only workers pull
   * @param spread whether the partitions are on several nodes
   */
  constructor(control: ControlClient, blocking: (timeoutMs: number) => ControlClient, clock: Clock, lifetimes: Lifetimes, spread = false) {
    const groups = spread ? this.#keys.map((key) => [key]) : [this.#keys];
    this.#readers = groups.map((keys) => new OpensReader(keys, () => blocking(2 * blockMs), blockMs));
    this.#control = control;
    this.#clock = clock;
    this.#lifetimes = lifetimes;
  }

  async push(item: QueueItem): Promise<void> {
    const key = opensKey(opensPartition(item.session));
    const bound = Math.ceil(queuedOpens / openPartitions);
    await this.#control.answer((redis) => redis.xadd(key, 'MAXLEN', '~', bound, '*', item.kind, item.session));
  }

  async pull(worker: WorkerId, count: number, signal: AbortSignal): Promise<readonly QueuedItem[]> {
    while (!signal.aborted) {
      const items = this.#extra.length > 0 ? this.#extra : await this.#pullOnce(worker, count, signal);
      this.#extra = items.slice(count);
      if (items.length > 0) return items.slice(0, count);
    }
    return [];
  }

  async acknowledge({ token }: QueuedItem): Promise<void> {
    const [partition = '', id = ''] = token.split('/');
    const key = opensKey(Number(partition));
    await this.#control.answer((redis) => Promise.all([redis.xack(key, opensGroup, id), redis.xdel(key, id)]));
  }

  close(): void {
    for (const reader of this.#readers) reader.stop();
  }

  async #pullOnce(worker: WorkerId, count: number, signal: AbortSignal): Promise<readonly QueuedItem[]> {
    if (!this.#prepared) await this.#prepare();
    try {
      const forgotten = await this.#reclaim(worker, count);
      if (forgotten.length > 0) return forgotten;
      const ready = await this.#look(worker, count);
      return ready.length > 0 ? ready : await this.#wait(worker, signal);
    } catch (failure) {
      // A restart without data: the groups have to be made again.
      if (failure instanceof BrokerUnavailable && String(failure.cause).includes('NOGROUP')) this.#prepared = false;
      else throw failure;
      return [];
    }
  }

  /** One partition after the other, because `COUNT` is for each stream: a worker must not hold what it has no room for. */
  async #look(worker: WorkerId, count: number): Promise<readonly QueuedItem[]> {
    const items: QueuedItem[] = [];
    this.#turn++;
    for (let step = 0; step < openPartitions && items.length < count; step++) {
      const partition = (this.#turn + step) % openPartitions;
      const key = opensKey(partition);
      const room = count - items.length;
      const streams = await this.#control.answer((redis) =>
        redis.xreadgroup('GROUP', opensGroup, worker, 'COUNT', room, 'STREAMS', key, '>'),
      );
      items.push(...this.#itemsOf(streams));
    }
    return items;
  }

  async #wait(worker: WorkerId, signal: AbortSignal): Promise<readonly QueuedItem[]> {
    const stop = () => this.close();
    signal.addEventListener('abort', stop, { once: true });
    try {
      await Promise.race(this.#readers.map((reader) => reader.settled(worker)));
      return this.#readers.flatMap((reader) => this.#itemsOf(reader.take()));
    } catch (failure) {
      if (signal.aborted) return [];
      throw failure;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  #itemsOf(streams: unknown[] | null): readonly QueuedItem[] {
    return streamsOf(streams).flatMap(({ key, entries }) => {
      const partition = this.#keys.indexOf(key);
      return partition === -1 ? [] : itemsOf(partition, entries);
    });
  }

  /** Items that a worker pulled and did not acknowledge in time. */
  async #reclaim(worker: WorkerId, count: number): Promise<readonly QueuedItem[]> {
    const nowMs = this.#clock.now();
    if (nowMs - this.#reclaimedMs < blockMs) return [];
    this.#reclaimedMs = nowMs;
    const items: QueuedItem[] = [];
    for (const [partition, key] of this.#keys.entries()) {
      const room = count - items.length;
      if (room === 0) break;
      const claimed = await this.#control.answer((redis) =>
        redis.xautoclaim(key, opensGroup, worker, this.#lifetimes.redeliverMs, '0', 'COUNT', room),
      );
      const [, entries] = listOf(claimed);
      items.push(...itemsOf(partition, entriesOf(entries)));
    }
    return items;
  }

  /** The groups begin with the first item, so that what was pushed before any worker came is not overlooked. */
  async #prepare(): Promise<void> {
    const create = async (key: string) => {
      try {
        await this.#control.answer((redis) => redis.xgroup('CREATE', key, opensGroup, '0', 'MKSTREAM'));
      } catch (failure) {
        if (!(failure instanceof BrokerUnavailable && String(failure.cause).includes('BUSYGROUP'))) throw failure;
      }
    };
    await Promise.all(this.#keys.map(create));
    await this.#forgetDeadConsumers();
    this.#prepared = true;
  }

  async #forgetDeadConsumers(): Promise<void> {
    for (const key of this.#keys) {
      const consumers = await this.#control.answer((redis) => redis.xinfo('CONSUMERS', key, opensGroup));
      for (const consumer of listOf(consumers)) {
        const [, name, , pending, , idleMs] = listOf(consumer);
        if (pending !== 0 || Number(idleMs) < deadConsumerMs) continue;
        await this.#control.answer((redis) => redis.xgroup('DELCONSUMER', key, opensGroup, String(name)));
      }
    }
  }
}

function itemsOf(partition: number, entries: readonly StreamEntry[]): readonly QueuedItem[] {
  return entries.flatMap(({ id, fields: [kind, session] }) => {
    if ((kind !== 'open' && kind !== 'check') || !isSessionId(session)) return [];
    return { kind, session, token: `${partition}/${id}` };
  });
}
