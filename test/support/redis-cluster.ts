import { slotOf } from '../../src/broker/redis/key-slot.ts';
import { RedisServer, testAuthority } from './redis-server.ts';
import { until } from './until.ts';

export interface RedisClusterOptions {
  /** With a replica for every primary. */
  readonly replicas?: boolean;
  readonly args?: readonly string[];
  readonly tls?: boolean;
}

const primaries = 3;

/** Three primaries, on request with a replica each: real processes, for one test. */
export class RedisCluster implements AsyncDisposable {
  readonly servers: readonly RedisServer[];
  /** Of the servers' certificates, if they speak TLS. */
  readonly ca?: string;

  private constructor(servers: readonly RedisServer[], tls: boolean) {
    this.servers = servers;
    if (tls) this.ca = testAuthority;
  }

  static async start(options: RedisClusterOptions = {}): Promise<RedisCluster> {
    const { replicas = false, args = [], tls = false } = options;
    const all = [
      '--cluster-enabled',
      'yes',
      '--cluster-node-timeout',
      '1000',
      '--cluster-require-full-coverage',
      'no',
      '--repl-diskless-sync-delay',
      '0',
      ...(tls ? ['--tls-cluster', 'yes'] : []),
      ...args,
    ];
    const count = replicas ? 2 * primaries : primaries;
    const servers = await Promise.all(
      Array.from({ length: count }, async () => {
        // The cluster bus is on a port of its own, which must be free as well and below 65536.
        for (;;) {
          const server = await RedisServer.start({ args: all, portBelow: 55_000, tls }).catch(() => undefined);
          if (server) return server;
        }
      }),
    );
    const cluster = new RedisCluster(servers, tls);
    const nodes = servers.map(({ port }) => `127.0.0.1:${port}`);
    await servers[0]?.cli('--cluster', 'create', ...nodes, '--cluster-replicas', replicas ? '1' : '0', '--cluster-yes');
    await cluster.settled();
    return cluster;
  }

  get url(): string {
    return `${this.ca ? 'rediss' : 'redis'}+cluster://${this.servers.map(({ port }) => `127.0.0.1:${port}`).join(',')}`;
  }

  /** Every node that answers calls the Cluster well, and knows a primary for every slot. */
  async settled(): Promise<void> {
    await until(
      async () => {
        const infos = await Promise.all(this.servers.map((server) => server.cli('CLUSTER', 'INFO').catch(() => undefined)));
        const answered = infos.filter((info) => info !== undefined && !/refused/.test(info));
        return (
          answered.length >= 2 && answered.every((info) => /cluster_state:ok/.test(info ?? '') && /known_nodes:(?!1\b)/.test(info ?? ''))
        );
      },
      { withinMs: 60_000, what: 'the cluster is well' },
    );
  }

  /** The primary that holds the slot of a hash tag, by the view of most. */
  async holder(tag: string): Promise<RedisServer> {
    for (const server of this.servers) {
      const view = await server.cli('CLUSTER', 'NODES').catch(() => '');
      const line = view.split('\n').find((each) => /myself,master/.test(each) && holds(each, slotOf(tag)));
      if (line) return server;
    }
    throw new Error(`nobody holds the slot of ${tag}`);
  }

  async replicaOf(primary: RedisServer): Promise<RedisServer> {
    const view = await primary.cli('CLUSTER', 'REPLICAS', await primary.cli('CLUSTER', 'MYID'));
    const replica = this.servers.find(({ port }) => view.includes(`127.0.0.1:${port}@`));
    if (!replica) throw new Error('the primary has no replica');
    return replica;
  }

  /** Moves a slot with its keys to another primary, as redis-cli does: in the end every node knows. */
  async moveSlot(tag: string, to: RedisServer, during: () => Promise<void> = async () => undefined): Promise<void> {
    const slot = String(slotOf(tag));
    const from = await this.holder(tag);
    const [fromId, toId] = [await from.cli('CLUSTER', 'MYID'), await to.cli('CLUSTER', 'MYID')];
    await to.cli('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId);
    await from.cli('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId);
    await during();
    for (;;) {
      const keys = (await from.cli('CLUSTER', 'GETKEYSINSLOT', slot, '10')).split('\n').filter((key) => key !== '');
      if (keys.length === 0) break;
      // One by one: in between the keys of a session are on two nodes.
      for (const key of keys) await from.cli('MIGRATE', '127.0.0.1', String(to.port), key, '0', '5000');
    }
    await to.cli('CLUSTER', 'SETSLOT', slot, 'NODE', toId);
    for (const server of this.servers) if (server !== to) await server.cli('CLUSTER', 'SETSLOT', slot, 'NODE', toId).catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.servers.map((server) => server[Symbol.asyncDispose]()));
  }
}

function holds(line: string, slot: number): boolean {
  return line
    .split(' ')
    .slice(8)
    .some((range) => {
      const [first, last = first] = range.split('-').map(Number);
      return first !== undefined && last !== undefined && first <= slot && slot <= last;
    });
}
