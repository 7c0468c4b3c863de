import type { WorkerId } from '../../protocol/ids.ts';
import type { ControlClient } from './control-client.ts';
import { opensGroup } from './keys.ts';

type Outcome = { readonly streams: unknown[] | null } | { readonly failure: unknown };

/** Waits for an item of some partitions of one node, on a connection of its own: one read at a time, whose outcome is kept until it is taken. */
export class OpensReader {
  readonly #keys: readonly string[];
  readonly #connect: () => ControlClient;
  readonly #blockMs: number;
  #client: ControlClient | undefined;
  #reading: Promise<void> | undefined;
  #outcome: Outcome | undefined;

  constructor(keys: readonly string[], connect: () => ControlClient, blockMs: number) {
    this.#keys = keys;
    this.#connect = connect;
    this.#blockMs = blockMs;
  }

  /** Resolves when there is an outcome to take; reads if nothing is under way. */
  settled(worker: WorkerId): Promise<void> {
    this.#reading ??= this.#read(worker);
    return this.#reading;
  }

  /** Streams as `XREADGROUP` gives them; null: none, or not yet. @throws what the read failed with */
  take(): unknown[] | null {
    const outcome = this.#outcome;
    if (!outcome) return null;
    this.#outcome = undefined;
    this.#reading = undefined;
    if ('failure' in outcome) throw outcome.failure;
    return outcome.streams;
  }

  /** Gives the connection up; what was just delivered to it is delivered again later: at least once. */
  stop(): void {
    this.#client?.close();
    this.#client = undefined;
  }

  async #read(worker: WorkerId): Promise<void> {
    this.#client ??= this.#connect();
    const client = this.#client;
    try {
      const ids = this.#keys.map(() => '>');
      const streams = await client.answer((redis) =>
        redis.xreadgroup('GROUP', opensGroup, worker, 'COUNT', 1, 'BLOCK', this.#blockMs, 'STREAMS', ...this.#keys, ...ids),
      );
      this.#outcome = { streams };
    } catch (failure) {
      // Who stopped it does not want to hear why it ended.
      this.#outcome = this.#client === client ? { failure } : { streams: null };
      client.close();
      if (this.#client === client) this.#client = undefined;
    }
  }
}
