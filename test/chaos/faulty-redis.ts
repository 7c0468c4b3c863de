import { setTimeout as pause } from 'node:timers/promises';
import { FaultProxy } from '../support/fault-proxy.ts';
import { RedisCluster } from '../support/redis-cluster.ts';
import { RedisSentinel } from '../support/redis-sentinel.ts';
import { RedisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';

export const topologies = ['standalone', 'sentinel', 'cluster'] as const;
export type Topology = (typeof topologies)[number];

/** The Redis of a run, and the hands that break it. */
export interface FaultyRedis extends AsyncDisposable {
  /** One of its servers, which a relay may take down with itself. */
  readonly server: RedisServer;
  /** The legs to it; none where its clients find the servers by themselves, past any proxy. */
  readonly proxies: { readonly 'edge–redis': FaultProxy; readonly 'worker–redis': FaultProxy } | undefined;
  url(role: 'edge' | 'worker'): string;
  /** Gone without a word for so long; `empty`: and its data with it. Where there is a replica, that takes over. */
  kill(holdMs: number, empty: boolean): Promise<void>;
  freeze(holdMs: number): Promise<void>;
  /** The newest id of a session's stream. */
  lastId(key: string): Promise<string>;
}

export function startRedis(topology: Topology): Promise<FaultyRedis> {
  switch (topology) {
    case 'standalone':
      return LoneRedis.start();
    case 'sentinel':
      return SentinelRedis.start();
    case 'cluster':
      return ClusterRedis.start();
  }
}

/** One server with every answered write on disk, a proxy on each leg. */
class LoneRedis implements FaultyRedis {
  readonly server: RedisServer;
  readonly proxies: NonNullable<FaultyRedis['proxies']>;

  private constructor(server: RedisServer, proxies: NonNullable<FaultyRedis['proxies']>) {
    this.server = server;
    this.proxies = proxies;
  }

  static async start(): Promise<FaultyRedis> {
    const server = await RedisServer.start({ durable: true });
    const [edge, worker] = [await FaultProxy.start(server.port), await FaultProxy.start(server.port)];
    return new LoneRedis(server, { 'edge–redis': edge, 'worker–redis': worker });
  }

  url(role: 'edge' | 'worker'): string {
    return `redis://127.0.0.1:${this.proxies[`${role}–redis`].port}`;
  }

  async kill(holdMs: number, empty: boolean): Promise<void> {
    await this.server.kill();
    if (empty) this.server.wipe();
    await pause(holdMs);
    await this.server.restart();
  }

  freeze(holdMs: number): Promise<void> {
    return frozenFor(this.server, holdMs);
  }

  lastId(key: string): Promise<string> {
    return newestId(this.server, key);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await Promise.all(Object.values(this.proxies).map((proxy) => proxy[Symbol.asyncDispose]()));
  }
}

/** A primary and a replica; what is killed or frozen is the primary. */
class SentinelRedis implements FaultyRedis {
  readonly server: RedisServer;
  readonly proxies = undefined;
  readonly #set: RedisSentinel;

  private constructor(set: RedisSentinel, server: RedisServer) {
    this.#set = set;
    this.server = server;
  }

  static async start(): Promise<FaultyRedis> {
    const set = await RedisSentinel.start();
    return new SentinelRedis(set, await set.primary());
  }

  url(): string {
    return this.#set.url;
  }

  async kill(holdMs: number): Promise<void> {
    const primary = await this.#set.primary();
    await primary.kill();
    await this.#set.failedOver(primary);
    await pause(holdMs);
    await primary.restart();
    await this.#inStep();
  }

  async freeze(holdMs: number): Promise<void> {
    await frozenFor(await this.#set.primary(), holdMs);
    await this.#inStep();
  }

  async lastId(key: string): Promise<string> {
    return newestId(await this.#set.primary(), key);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#set[Symbol.asyncDispose]();
  }

  async #inStep(): Promise<void> {
    const online = async () => (await (await this.#set.primary()).cli('INFO', 'replication')).includes('state=online');
    await until(() => online().catch(() => false), { withinMs: 60_000, what: 'the replica to be in step' });
  }
}

/** Three primaries with a replica each; what is killed or frozen is one of the primaries. */
class ClusterRedis implements FaultyRedis {
  readonly server: RedisServer;
  readonly proxies = undefined;
  readonly #cluster: RedisCluster;
  #turn = 0;

  private constructor(cluster: RedisCluster, server: RedisServer) {
    this.#cluster = cluster;
    this.server = server;
  }

  static async start(): Promise<FaultyRedis> {
    const cluster = await RedisCluster.start({ replicas: true });
    return new ClusterRedis(cluster, await cluster.holder('any'));
  }

  url(): string {
    return this.#cluster.url;
  }

  async kill(holdMs: number): Promise<void> {
    const primary = await this.#next();
    await primary.kill();
    await this.#cluster.settled();
    await pause(holdMs);
    await primary.restart();
    await this.#inStep();
  }

  async freeze(holdMs: number): Promise<void> {
    await frozenFor(await this.#next(), holdMs);
    await this.#inStep();
  }

  /** Of all that know one: a primary that has just come back may hold its slots for its own, and be empty. */
  async lastId(key: string): Promise<string> {
    const ids = await Promise.all(this.#cluster.servers.map((server) => newestId(server, key).catch(() => '')));
    return ids.sort(byId).at(-1) ?? '';
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#cluster[Symbol.asyncDispose]();
  }

  #next(): Promise<RedisServer> {
    return this.#cluster.holder(`turn-${this.#turn++}`);
  }

  async #inStep(): Promise<void> {
    const roles = () => Promise.all(this.#cluster.servers.map((server) => server.cli('INFO', 'replication')));
    const inStep = (infos: readonly string[]) =>
      infos.filter((info) => info.includes('role:master')).length === 3 &&
      infos.filter((info) => info.includes('master_link_status:up')).length === 3;
    await until(() => roles().then(inStep, () => false), { withinMs: 60_000, what: 'the replicas to be in step' });
    await this.#cluster.settled();
  }
}

async function frozenFor(server: RedisServer, ms: number): Promise<void> {
  server.freeze();
  await pause(ms);
  server.thaw();
}

async function newestId(server: RedisServer, key: string): Promise<string> {
  const answer = (await server.cli('XREVRANGE', key, '+', '-', 'COUNT', '1')).split('\n')[0] ?? '';
  return /^\d+-\d+$/.test(answer) ? answer : '';
}

function byId(a: string, b: string): number {
  const [[fenceA = 0, seqA = 0], [fenceB = 0, seqB = 0]] = [a.split('-').map(Number), b.split('-').map(Number)];
  return fenceA - fenceB || seqA - seqB;
}
