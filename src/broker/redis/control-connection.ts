import { Cluster, Redis } from 'ioredis';
import type { Random } from '../../base/clock.ts';
import { tlsNameOf } from './redis-address.ts';
import type { RedisLogin, RedisPlace } from './redis-place.ts';

export interface ControlOptions {
  /** Longer for a connection that waits. */
  readonly commandTimeoutMs?: number;
  /** Off for a connection whose every command waits: nothing may be written behind it. */
  readonly pipelining?: boolean;
}

/** A dead or hung server must be known to be one soon: callers retry themselves. */
export const defaultTimeoutMs = 2_000;

/**
 * ioredis for a place: it finds the primary by the sentinels, or the node of a key. A Cluster has the same commands as one server; only
 * its type differs, and what it does not share is not used here.
 */
export function controlConnection(place: RedisPlace, random: Random, options: ControlOptions): Redis {
  const { commandTimeoutMs = defaultTimeoutMs, pipelining = true } = options;
  const retry = (attempt: number) => Math.min(2_000, 50 * 2 ** Math.min(attempt, 6)) * (0.5 + random.fraction() / 2);
  const common = {
    connectionName: 'poseidon-control',
    disableClientInfo: true,
    protocol: 2,
    connectTimeout: defaultTimeoutMs,
    commandTimeout: commandTimeoutMs,
    socketTimeout: 2 * commandTimeoutMs,
    // A command is sent once: its caller knows whether it may be repeated.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 1,
    // A primary that was made a replica: find the new one.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
  } as const;
  const single = { ...common, lazyConnect: true, enableAutoPipelining: pipelining, retryStrategy: retry };
  switch (place.kind) {
    case 'standalone': {
      const { host, port } = place.address;
      return new Redis({ ...single, host, port, ...loginOptions(place.address, host) });
    }
    case 'sentinel': {
      const { sentinels, name, login, sentinelLogin } = place;
      const { username, password } = sentinelLogin;
      return new Redis({
        ...single,
        ...loginOptions(login),
        sentinels: [...sentinels],
        name,
        sentinelRetryStrategy: retry,
        sentinelCommandTimeout: defaultTimeoutMs,
        ...(username === '' ? {} : { sentinelUsername: username }),
        ...(password === '' ? {} : { sentinelPassword: password }),
        ...(login.tls ? { enableTLSForSentinelMode: true, sentinelTLS: login.tls } : {}),
      });
    }
    case 'cluster':
      return new Cluster([...place.seeds], {
        lazyConnect: true,
        redisOptions: { ...common, ...loginOptions(place.login) },
        clusterRetryStrategy: retry,
        slotsRefreshTimeout: defaultTimeoutMs,
        // Its callers ask again themselves, and wait no longer than for one server.
        maxRedirections: 4,
        ...(place.login.tls ? { dnsLookup: (address, answer) => answer(null, address) } : {}),
      }) as unknown as Redis;
  }
}

function loginOptions({ username, password, db, tls }: RedisLogin, host = '') {
  return {
    db,
    ...(username === '' ? {} : { username }),
    ...(password === '' ? {} : { password }),
    ...(tls ? { tls: { ...tlsNameOf(host), ...tls } } : {}),
  };
}
