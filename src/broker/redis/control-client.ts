import { Redis } from 'ioredis';
import type { Random } from '../../base/clock.ts';
import { BrokerUnavailable } from '../broker.ts';
import { type RedisAddress, tlsNameOf } from './redis-address.ts';
import type { Script } from './scripts.ts';

/** A reply element: the scripts of the control plane answer in text. */
export type Reply = string | number | null | readonly Reply[];

export interface ControlOptions {
  /** Longer for a connection that waits. */
  readonly commandTimeoutMs?: number;
  /** Off for a connection whose every command waits: nothing may be written behind it. */
  readonly pipelining?: boolean;
}

/** A dead or hung server must be known to be one soon: callers retry themselves. */
const defaultTimeoutMs = 2_000;

/** The control plane's connection: everything that is asked seldom. Rejections are always BrokerUnavailable. */
export class ControlClient {
  readonly redis: Redis;

  constructor(address: RedisAddress, random: Random, options: ControlOptions = {}) {
    const { host, port, username, password, db, tls } = address;
    const { commandTimeoutMs = defaultTimeoutMs, pipelining = true } = options;
    this.redis = new Redis({
      host,
      port,
      db,
      ...(username === '' ? {} : { username }),
      ...(password === '' ? {} : { password }),
      ...(tls ? { tls: { ...tlsNameOf(host), ...tls } } : {}),
      connectionName: 'poseidon-control',
      lazyConnect: true,
      enableAutoPipelining: pipelining,
      protocol: 2,
      connectTimeout: defaultTimeoutMs,
      commandTimeout: commandTimeoutMs,
      socketTimeout: 2 * commandTimeoutMs,
      // A command is sent once: its caller knows whether it may be repeated.
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 1,
      retryStrategy: (attempt: number) => Math.min(2_000, 50 * 2 ** Math.min(attempt, 6)) * (0.5 + random.fraction() / 2),
    });
    // Without a listener ioredis prints; every command that fails says so to its caller.
    this.redis.on('error', () => undefined);
  }

  /** Awaits a command of {@link redis}. */
  async answer<Answer>(command: (redis: Redis) => Promise<Answer>): Promise<Answer> {
    try {
      return await command(this.redis);
    } catch (failure) {
      throw new BrokerUnavailable(withoutArguments(failure));
    }
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
