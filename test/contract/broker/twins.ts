import { randomBytes } from 'node:crypto';
import { Cluster, type Redis } from 'ioredis';
import type { Random } from '../../../src/base/clock.ts';
import { systemClock } from '../../../src/bin/system.ts';
import type { Broker } from '../../../src/broker/broker.ts';
import type { Lifetimes } from '../../../src/broker/lifetimes.ts';
import { FaultyLink, type LinkFaults } from '../../../src/broker/memory/faulty-link.ts';
import { MemoryBroker } from '../../../src/broker/memory/memory-broker.ts';
import { DirectLink } from '../../../src/broker/memory/memory-link.ts';
import { MemoryServer } from '../../../src/broker/memory/memory-server.ts';
import { ControlClient } from '../../../src/broker/redis/control-client.ts';
import { sessionKeys } from '../../../src/broker/redis/keys.ts';
import { RedisBroker } from '../../../src/broker/redis/redis-broker.ts';
import { parseRedisPlace } from '../../../src/broker/redis/redis-place.ts';
import type { SessionId } from '../../../src/protocol/ids.ts';
import { RedisCluster } from '../../support/redis-cluster.ts';
import { RedisSentinel } from '../../support/redis-sentinel.ts';
import { RedisServer } from '../../support/redis-server.ts';
import { startRestrictedServer } from '../../support/restricted-redis.ts';

export const platformRandom: Random = {
  fraction: () => randomBytes(4).readUInt32BE() / 2 ** 32,
  bytes: (count) => randomBytes(count),
};

/** One broker server under test, and what can be done to it. Every twin passes the same cases. */
export interface TwinServer extends AsyncDisposable {
  /** A new client with links of its own. Closed with the server. */
  client(): Promise<Broker>;
  /** Breaks every link of every client: subscriptions are broken, un-answered appends are in doubt. */
  breakLinks(): Promise<void>;
  /** @returns what makes the session's keys again what they are now: a fail-over to a replica that got nothing since. Breaks every link */
  rememberSession(id: SessionId): Promise<() => Promise<void>>;
}

export interface Twin {
  readonly name: string;
  /** Whether links can break: not inside one process. */
  readonly breaks: boolean;
  start(lifetimes?: Partial<Lifetimes>): Promise<TwinServer>;
}

const direct: Twin = {
  name: 'memory, inside one process',
  breaks: false,
  async start(lifetimes = {}) {
    const server = new MemoryServer({ clock: systemClock, lifetimes });
    const impossible = () => Promise.reject(new Error('nothing breaks inside one process'));
    return {
      client: async () => new MemoryBroker(new DirectLink(server), systemClock),
      breakLinks: impossible,
      rememberSession: impossible,
      [Symbol.asyncDispose]: async () => undefined,
    };
  },
};

const linked: Twin = {
  name: 'memory, over links',
  breaks: true,
  async start(lifetimes = {}) {
    let server = new MemoryServer({ clock: systemClock, lifetimes });
    const links: FaultyLink[] = [];
    const faults: LinkFaults = { delayMs: () => Math.random() * 2, append: () => 'stored', arrivesLate: () => true };
    const breakLinks = async () => {
      for (const link of links) link.break();
    };
    return {
      async client() {
        const link = new FaultyLink({ clock: systemClock, random: platformRandom, route: () => server, faults });
        links.push(link);
        return new MemoryBroker(link, systemClock);
      },
      breakLinks,
      async rememberSession() {
        const replica = server.copyWithout();
        return async () => {
          server = replica.copyWithout();
          await breakLinks();
        };
      },
      async [Symbol.asyncDispose]() {
        for (const link of links) link.close();
      },
    };
  },
};

const redis: Twin = {
  name: 'redis',
  breaks: true,
  async start(lifetimes = {}) {
    const server = await RedisServer.start();
    return startRedisTwin(server, lifetimes);
  },
};

export interface RedisPlaceUnderTest extends AsyncDisposable {
  readonly url: string;
  readonly ca?: string;
  /** For what the test does to it; default: as its clients. */
  readonly adminUrl?: string;
}

/** The Redis twin on a server of the caller's; the server is ended with it. */
export function startRedisTwin(
  server: RedisPlaceUnderTest,
  lifetimes: Partial<Lifetimes> = {},
): TwinServer & { readonly control: ControlClient } {
  const brokers: Broker[] = [];
  const control = new ControlClient(
    parseRedisPlace(server.adminUrl ?? server.url, server.adminUrl ? undefined : server.ca),
    platformRandom,
  );
  const nodes = async (): Promise<readonly Redis[]> => {
    const redis: unknown = control.redis;
    if (!(redis instanceof Cluster)) return [control.redis];
    await control.redis.ping();
    return redis.nodes('master');
  };
  const breakLinks = async () => {
    for (const node of await nodes()) {
      for (const line of String(await node.call('CLIENT', 'LIST')).split('\n')) {
        const id = /^id=(\d+) .* name=poseidon-data /.exec(line)?.[1];
        if (id) await node.call('CLIENT', 'KILL', 'ID', id);
      }
    }
  };
  return {
    control,
    async client() {
      const ca = server.ca === undefined ? {} : { ca: server.ca };
      const broker = await RedisBroker.open({ url: server.url, ...ca, clock: systemClock, random: platformRandom, lifetimes });
      brokers.push(broker);
      return broker;
    },
    breakLinks,
    async rememberSession(id) {
      const keys = Object.values(sessionKeys(id)) as string[];
      const dumps = await Promise.all(keys.map((key) => control.redis.dumpBuffer(key)));
      return async () => {
        await control.redis.del(...keys);
        for (const [index, key] of keys.entries()) {
          const dump = dumps[index];
          if (dump) await control.redis.restore(key, 60_000, dump);
        }
        await breakLinks();
      };
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(brokers.map((broker) => broker.close()));
      control.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

const sentinel: Twin = {
  name: 'redis behind Sentinel',
  breaks: true,
  async start(lifetimes = {}) {
    const set = await RedisSentinel.start();
    return startRedisTwin(set, lifetimes);
  },
};

const cluster: Twin = {
  name: 'a redis Cluster',
  breaks: true,
  async start(lifetimes = {}) {
    const nodes = await RedisCluster.start();
    return startRedisTwin(nodes, lifetimes);
  },
};

const restricted: Twin = {
  name: 'redis, TLS and ACL',
  breaks: true,
  async start(lifetimes = {}) {
    return startRedisTwin(await startRestrictedServer(), lifetimes);
  },
};

/** Redis as people run it. */
const redisTwins = [redis, sentinel, cluster, restricted];
export const twins: readonly Twin[] = [direct, linked, ...redisTwins];
export const breakableTwins: readonly Twin[] = [linked, ...redisTwins];
