import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { until } from './until.ts';

const run = promisify(execFile);
const tlsFile = (name: string) => fileURLToPath(new URL(`tls/${name}.pem`, import.meta.url));
/** For clients of a server with `tls`. */
export const testAuthority = readFileSync(tlsFile('cert'), 'utf8');
const tlsArgs = {
  'tls-cert-file': tlsFile('cert'),
  'tls-key-file': tlsFile('key'),
  'tls-ca-cert-file': tlsFile('cert'),
  'tls-auth-clients': 'no',
  'tls-replication': 'yes',
};

export interface RedisServerOptions {
  /** Every write is on disk before it is answered: a killed server comes back with its data. */
  readonly durable?: boolean;
  /** Further arguments of redis-server, `--name value`. */
  readonly args?: readonly string[];
  /** For a server that listens on a port above its own as well. */
  readonly portBelow?: number;
  /** Everybody has to speak TLS with it: clients, replicas, nodes of its Cluster, sentinels. */
  readonly tls?: boolean;
  /** In front of all of it: a sentinel's configuration file, which it rewrites. */
  readonly config?: string;
}

/** A real redis-server process on a free port, for one test. */
export class RedisServer implements AsyncDisposable {
  readonly port: number;
  readonly #options: RedisServerOptions;
  readonly #dir = mkdtempSync(join(tmpdir(), 'poseidon-redis-'));
  #process: ChildProcess | undefined;

  private constructor(port: number, options: RedisServerOptions) {
    this.port = port;
    this.#options = options;
  }

  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    let port = await freePort();
    while (port >= (options.portBelow ?? 65_536)) port = await freePort();
    const server = new RedisServer(port, options);
    await server.restart();
    return server;
  }

  get url(): string {
    return `${this.#options.tls ? 'rediss' : 'redis'}://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** Starts the process again on the same port; with its data only if the server is durable. */
  async restart(): Promise<void> {
    const { durable = false, args = [], config, tls = false } = this.#options;
    const port = tls ? { port: 0, 'tls-port': this.port, ...tlsArgs } : { port: this.port };
    const settings = { ...port, bind: '127.0.0.1', dir: this.#dir, save: '', 'stream-node-max-bytes': 1024 };
    const durably = durable ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no'];
    const all = config === undefined ? [...named(settings), ...durably, ...args] : [this.#file(config), ...named(port), ...args];
    this.#process = spawn('redis-server', all, { stdio: 'ignore' });
    this.#process.unref();
    process.once('exit', this.#killAtExit);
    await until(() => this.#pong(), { what: 'redis-server answers' });
  }

  /** One command by redis-cli. @returns its raw output */
  async cli(...command: readonly string[]): Promise<string> {
    const { stdout } = await run('redis-cli', [
      '-p',
      String(this.port),
      ...(this.#options.tls ? ['--tls', '--cacert', tlsFile('cert')] : []),
      ...command,
    ]);
    return stdout.trim();
  }

  /** The data of a server that does not run. */
  wipe(): void {
    rmSync(join(this.#dir, 'appendonlydir'), { recursive: true, force: true });
  }

  /** As a crash: nothing is said to anybody. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** The process stands still: connections stay open, nothing is answered. */
  freeze(): void {
    this.#process?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#process?.kill('SIGCONT');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end('SIGKILL');
    rmSync(this.#dir, { recursive: true, force: true });
  }

  #file(config: string): string {
    const path = join(this.#dir, 'redis.conf');
    if (!existsSync(path)) writeFileSync(path, config);
    return path;
  }

  readonly #killAtExit = () => void this.#process?.kill('SIGKILL');

  async #end(signal: NodeJS.Signals): Promise<void> {
    const ended = this.#process;
    this.#process = undefined;
    process.removeListener('exit', this.#killAtExit);
    if (!ended || ended.exitCode !== null || ended.signalCode !== null) return;
    await new Promise((resolve) => {
      ended.once('exit', resolve);
      ended.kill(signal);
    });
  }

  #pong(): Promise<boolean> {
    return new Promise((resolve) => {
      const place = { host: '127.0.0.1', port: this.port };
      const ping = () => socket.write('PING\r\n');
      const socket = this.#options.tls ? connectTls({ ...place, ca: testAuthority }, ping) : connect(place, ping);
      const answer = (pong: boolean) => {
        socket.destroy();
        resolve(pong);
      };
      socket.once('data', (data) => answer(/^(\+PONG|-NOAUTH)/.test(data.toString())));
      socket.once('error', () => answer(false));
    });
  }
}

function named(settings: { readonly [name: string]: string | number }): readonly string[] {
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
