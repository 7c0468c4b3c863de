import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { signIn } from '../../loadtest/driver/relay-client.ts';
import { freePort, RedisServer } from './redis-server.ts';
import { until } from './until.ts';

const command = fileURLToPath(new URL('../../dist/bin/poseidon.js', import.meta.url));

export interface UpstreamAddress {
  readonly url: string;
  readonly tokenFile: string;
  readonly caFile?: string;
}

export interface RelayProcessesOptions {
  readonly edges: number;
  readonly workers: number;
  readonly redis?: RedisServer;
  /** The address at which a process finds Redis; that of `redis` itself by default. */
  readonly redisUrl?: (name: string) => string;
  /** A port from which browsers come, in front of the balancer. */
  readonly browserPort?: number;
  /** Browsers that connect at once, at most; each takes two descriptors of the balancer. 2,000 by default. */
  readonly browsers?: number;
  /** Environment of every edge and worker. */
  readonly environment?: Readonly<Record<string, string>>;
}

interface RelayProcess {
  readonly name: string;
  readonly port: number;
  child: ChildProcess;
}

/**
 * Edges and workers as processes, a real redis-server, and nginx as a plain round-robin balancer without affinity. Everything is ended by
 * `close`; what a process wrote is kept for the failure's message.
 */
export class RelayProcesses implements AsyncDisposable {
  readonly directory: string;
  readonly redis: RedisServer;
  readonly url: string;
  readonly accessToken: string;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #redisUrl: (name: string) => string;
  readonly #edges: RelayProcess[] = [];
  readonly #workers: RelayProcess[] = [];
  #balancer: ChildProcess | undefined;
  #started = 0;
  output = '';

  private constructor(
    directory: string,
    redis: RedisServer,
    url: string,
    accessToken: string,
    environment: Readonly<Record<string, string>>,
    redisUrl: (name: string) => string,
  ) {
    this.#redisUrl = redisUrl;
    this.directory = directory;
    this.redis = redis;
    this.url = url;
    this.accessToken = accessToken;
    this.#environment = environment;
  }

  static async start(upstream: UpstreamAddress, counts: RelayProcessesOptions): Promise<RelayProcesses> {
    const directory = await mkdtemp(join(tmpdir(), 'poseidon-relay-'));
    const redis = counts.redis ?? (await RedisServer.start());
    const accessToken = randomBytes(18).toString('base64url');
    const files = { access: join(directory, 'access-token'), seal: join(directory, 'seal-key') };
    await writeFile(files.access, accessToken, { mode: 0o600 });
    await writeFile(files.seal, randomBytes(32).toString('base64'), { mode: 0o600 });
    const balancerPort = await freePort();
    const url = `http://127.0.0.1:${balancerPort}`;
    const browsers = counts.browserPort ?? balancerPort;
    const environment = {
      POSEIDON_SERVER: upstream.url,
      POSEIDON_TOKEN_FILE: upstream.tokenFile,
      ...(upstream.caFile ? { POSEIDON_CA_FILE: upstream.caFile } : {}),
      POSEIDON_ACCESS_TOKEN_FILE: files.access,
      POSEIDON_SEAL_KEY_FILE: files.seal,
      POSEIDON_ALLOWED_HOSTS: `127.0.0.1:${balancerPort},127.0.0.1:${browsers}`,
      POSEIDON_ALLOWED_ORIGINS: `${url},http://127.0.0.1:${browsers}`,
      POSEIDON_LOG_LEVEL: 'warn',
      ...counts.environment,
    };
    const relay = new RelayProcesses(directory, redis, url, accessToken, environment, counts.redisUrl ?? (() => redis.url));
    for (let index = 0; index < counts.workers; index++) relay.#workers.push(relay.#spawn('worker', `worker-${index}`, 0));
    for (let index = 0; index < counts.edges; index++) relay.#edges.push(relay.#spawn('edge', `edge-${index}`, await freePort()));
    await relay.#balance(balancerPort, counts.browsers ?? 2000);
    await Promise.all(relay.#edges.map((edge) => relay.#ready(edge)));
    return relay;
  }

  get edges(): number {
    return this.#edges.length;
  }

  edgeUrl(index: number): string {
    return `http://127.0.0.1:${this.#edges[index]?.port}`;
  }

  pids(): { readonly edges: readonly number[]; readonly workers: readonly number[] } {
    const pid = (process: RelayProcess) => process.child.pid ?? 0;
    return { edges: this.#edges.map(pid), workers: this.#workers.map(pid) };
  }

  signIn(): Promise<string> {
    return signIn(this.url, this.accessToken);
  }

  /** SIGKILL; resolves when it is gone. */
  async killEdge(index: number): Promise<void> {
    await this.endEdge(index, 'SIGKILL');
  }

  /** Resolves when it is gone. */
  async endEdge(index: number, signal: NodeJS.Signals): Promise<void> {
    const edge = this.#edges[index];
    if (edge) await kill(edge.child, signal);
  }

  async startEdge(index: number): Promise<void> {
    const old = this.#edges[index];
    if (!old) return;
    this.#edges[index] = this.#spawn('edge', old.name, old.port);
    await this.#ready(this.#edges[index]);
  }

  async killWorker(index: number): Promise<void> {
    const worker = this.#workers[index];
    if (worker) await kill(worker.child, 'SIGKILL');
  }

  /** A new worker in the place of one that is gone: names are never used again. */
  startWorker(index: number): void {
    this.#started++;
    this.#workers[index] = this.#spawn('worker', `worker-${index}-${this.#started}`, 0);
  }

  workerName(index: number): string {
    return this.#workers[index]?.name ?? '';
  }

  async close(): Promise<void> {
    const all = [...this.#edges, ...this.#workers].map(({ child }) => child);
    await Promise.all(all.map((child) => kill(child, 'SIGKILL')));
    if (this.#balancer) await kill(this.#balancer, 'SIGTERM');
    await this.redis[Symbol.asyncDispose]();
    await rm(this.directory, { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #spawn(kind: 'edge' | 'worker', name: string, port: number): RelayProcess {
    const own = kind === 'edge' ? { POSEIDON_LISTEN: `127.0.0.1:${port}`, POSEIDON_EDGE_ID: name } : { POSEIDON_WORKER_ID: name };
    const redis = { POSEIDON_REDIS_URL: this.#redisUrl(name) };
    const env = { PATH: process.env['PATH'] ?? '', ...this.#environment, ...redis, ...own };
    const child = spawn(process.execPath, [command, kind], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        this.output = `${this.output}${name}: ${chunk.toString()}`.slice(-100_000);
      });
    }
    return { name, port, child };
  }

  async #ready(edge: RelayProcess): Promise<void> {
    const ask = () =>
      fetch(`http://127.0.0.1:${edge.port}/readyz`).then(
        (answer) => answer.ok,
        () => false,
      );
    await until(ask, { withinMs: 90_000, what: () => `${edge.name} to be ready:\n${this.output}` });
  }

  /** Two edges in turn; a dead one is passed over, and tried again at once when it is back. */
  async #balance(port: number, browsers: number): Promise<void> {
    const servers = this.#edges.map((edge) => `server 127.0.0.1:${edge.port} max_fails=0;`).join(' ');
    const config = join(this.directory, 'nginx.conf');
    await writeFile(
      config,
      `daemon off; pid ${this.directory}/nginx.pid; error_log ${this.directory}/nginx.log;
       worker_processes ${Math.ceil(browsers / 6000)};
       events { worker_connections 16384; }
       http {
         access_log off; client_body_temp_path ${this.directory}/body; proxy_temp_path ${this.directory}/proxy;
         fastcgi_temp_path ${this.directory}/f; uwsgi_temp_path ${this.directory}/u; scgi_temp_path ${this.directory}/s;
         map $http_upgrade $connection_upgrade { default upgrade; '' close; }
         upstream edges { ${servers} }
         server {
           listen 127.0.0.1:${port} reuseport;
           location / {
             proxy_pass http://edges; proxy_http_version 1.1; proxy_buffering off; proxy_read_timeout 1h; proxy_connect_timeout 2s;
             proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade; proxy_set_header Host $http_host;
             proxy_next_upstream error timeout non_idempotent;
           }
         }
       }`,
    );
    this.#balancer = spawn('nginx', ['-p', this.directory, '-c', config], { stdio: 'ignore' });
    await until(
      () =>
        fetch(this.url).then(
          () => true,
          () => false,
        ),
      { withinMs: 30_000, what: 'the balancer to listen' },
    );
  }
}

async function kill(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await gone;
}

/** The id of the one cluster that the relay serves. */
export async function clusterId(url: string, cookie: string): Promise<string> {
  const answer = await fetch(`${url}/v1/clusters`, { headers: { cookie } });
  const list = (await answer.json()) as { clusters: readonly { id: string }[] };
  return list.clusters[0]?.id ?? '';
}
