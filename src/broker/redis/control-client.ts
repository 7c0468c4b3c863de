import { once } from 'node:events';
import { Cluster, type Redis } from 'ioredis';
import type { Random } from '../../base/clock.ts';
import { BrokerUnavailable } from '../broker.ts';
import { type ControlOptions, controlConnection, defaultTimeoutMs } from './control-connection.ts';
import type { RedisPlace } from './redis-place.ts';
import type { Script } from './scripts.ts';

/** A reply element: the scripts of the control plane answer in text. */
export type Reply = string | number | null | readonly Reply[];

/** The control plane's connection: everything that is asked seldom. Rejections are always BrokerUnavailable. */
export class ControlClient {
  readonly redis: Redis;
  readonly #timeoutMs: number;
  #becomingReady: Promise<unknown> | undefined;

  constructor(place: RedisPlace, random: Random, options: ControlOptions = {}) {
    this.#timeoutMs = options.commandTimeoutMs ?? defaultTimeoutMs;
    this.redis = controlConnection(place, random, options);
    // Without a listener ioredis prints; every command that fails says so to its caller.
    this.redis.on('error', () => undefined);
  }

  /** Awaits a command of {@link redis}. */
  async answer<Answer>(command: (redis: Redis) => Promise<Answer>): Promise<Answer> {
    try {
      const redis: unknown = this.redis;
      if (redis instanceof Cluster && redis.status !== 'ready') await this.#ready(redis);
      return await command(this.redis);
    } catch (failure) {
      throw new BrokerUnavailable(withoutArguments(failure));
    }
  }

  /** A Cluster of which no node answers would keep what it is given for as long as that lasts, without a bound. */
  #ready(cluster: Cluster): Promise<unknown> {
    if (cluster.status === 'wait') cluster.connect().catch(() => undefined);
    this.#becomingReady ??= once(cluster, 'ready', { signal: AbortSignal.timeout(this.#timeoutMs) }).finally(() => {
      this.#becomingReady = undefined;
    });
    return this.#becomingReady;
  }

  /** Asks every node that takes writes. */
  async everywhere<Answer>(ask: (node: Redis) => Promise<Answer>): Promise<readonly Answer[]> {
    const redis: unknown = this.redis;
    if (!(redis instanceof Cluster)) return [await this.answer(ask)];
    await this.answer((one) => one.ping());
    return this.answer(() => Promise.all(redis.nodes('master').map(ask)));
  }

  /** @returns the words and values of the script's reply; by its source when the server does not know its hash */
  run(script: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<readonly Reply[]> {
    const rest = [...keys, ...args];
    return this.answer(async (redis) => {
      try {
        return (await redis.evalsha(script.sha, keys.length, ...rest)) as readonly Reply[];
      } catch (failure) {
        if (failure instanceof Error && failure.message.startsWith('NOSCRIPT')) {
          return (await redis.eval(script.source, keys.length, ...rest)) as readonly Reply[];
        }
        throw failure;
      }
    });
  }

  close(): void {
    this.redis.disconnect();
  }
}

/** ioredis hangs a failed command's arguments on its error, and Redis may repeat them: a credential among them must not be logged (UP8). */
function withoutArguments(failure: unknown): Error {
  const text = failure instanceof Error ? failure.message : String(failure);
  return new Error(text.split(', with args')[0]);
}
