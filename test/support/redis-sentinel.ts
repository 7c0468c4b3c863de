import { RedisServer, testAuthority } from './redis-server.ts';
import { until } from './until.ts';

export interface RedisSentinelOptions {
  readonly replicas?: number;
  /** Further arguments of every server. */
  readonly args?: readonly string[];
  readonly tls?: boolean;
}

const name = 'poseidon';

/** A primary, its replicas and three sentinels that fail over fast: real processes, for one test. */
export class RedisSentinel implements AsyncDisposable {
  readonly servers: readonly RedisServer[];
  readonly sentinels: readonly RedisServer[];

  /** Of the servers' certificates, if they speak TLS. */
  readonly ca?: string;

  private constructor(servers: readonly RedisServer[], sentinels: readonly RedisServer[], tls: boolean) {
    this.servers = servers;
    this.sentinels = sentinels;
    if (tls) this.ca = testAuthority;
  }

  static async start(options: RedisSentinelOptions = {}): Promise<RedisSentinel> {
    const { replicas = 1, args = [], tls = false } = options;
    const all = ['--repl-diskless-sync-delay', '0', '--repl-ping-replica-period', '1', ...args];
    const primary = await RedisServer.start({ args: all, tls });
    const follow = ['--replicaof', '127.0.0.1', String(primary.port)];
    const following = await Promise.all(Array.from({ length: replicas }, () => RedisServer.start({ args: [...all, ...follow], tls })));
    await until(async () => (await primary.cli('INFO', 'replication')).match(/state=online/g)?.length === replicas, {
      what: 'the replicas are in step',
    });
    const config = [
      'bind 127.0.0.1',
      `sentinel monitor ${name} 127.0.0.1 ${primary.port} 2`,
      `sentinel down-after-milliseconds ${name} 700`,
      `sentinel failover-timeout ${name} 4000`,
      `sentinel parallel-syncs ${name} 1`,
    ].join('\n');
    const sentinels = await Promise.all(Array.from({ length: 3 }, () => RedisServer.start({ config, args: ['--sentinel'], tls })));
    const set = new RedisSentinel([primary, ...following], sentinels, tls);
    await until(async () => {
      const views = await Promise.all(sentinels.map((sentinel) => sentinel.cli('SENTINEL', 'MASTER', name)));
      return views.every((view) => /num-slaves\n(\d+)/.exec(view)?.[1] === String(replicas) && /num-other-sentinels\n2/.test(view));
    });
    return set;
  }

  get url(): string {
    return `${this.ca ? 'rediss' : 'redis'}+sentinel://${this.sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')}/${name}`;
  }

  /** The server that most sentinels name. */
  async primary(): Promise<RedisServer> {
    const views = await Promise.all(this.sentinels.map((sentinel) => sentinel.cli('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name)));
    const ports = views.map((view) => Number(view.split('\n')[1]));
    const agreed = this.servers.find(({ port }) => ports.filter((other) => other === port).length >= 2);
    if (!agreed) throw new Error('the sentinels do not agree');
    return agreed;
  }

  /** Waits until another server is the primary, and takes writes. */
  async failedOver(from: RedisServer): Promise<RedisServer> {
    return until(
      async () => {
        const now = await this.primary().catch(() => undefined);
        return now !== undefined && now !== from && (await now.cli('ROLE')).startsWith('master') ? now : undefined;
      },
      { withinMs: 30_000, what: 'a fail-over' },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.sentinels, ...this.servers].map((server) => server[Symbol.asyncDispose]()));
  }
}
