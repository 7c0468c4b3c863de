import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { until } from './until.ts';

const run = promisify(execFile);

export interface RedisServerOptions {
  /** Every write is on disk before it is answered: a killed server comes back with its data. */
  readonly durable?: boolean;
  /** Further arguments of redis-server, `--name value`. */
  readonly args?: readonly string[];
  /** For a server that listens on a port above its own as well. */
  readonly portBelow?: number;
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
    return `redis://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** Starts the process again on the same port; with its data only if the server is durable. */
  async restart(): Promise<void> {
    const { durable = false, args = [], config } = this.#options;
    const settings = { port: this.port, bind: '127.0.0.1', dir: this.#dir, save: '', 'stream-node-max-bytes': 1024 };
    const durably = durable ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no'];
    const named = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const all = config === undefined ? [...named, ...durably, ...args] : [this.#file(config), '--port', String(this.port), ...args];
    this.#process = spawn('redis-server', all, { stdio: 'ignore' });
    this.#process.unref();
    process.once('exit', this.#killAtExit);
    await until(() => this.#pong(), { what: 'redis-server answers' });
  }

  /** One command by redis-cli. @returns its raw output */
  async cli(...command: readonly string[]): Promise<string> {
    const { stdout } = await run('redis-cli', ['-p', String(this.port), ...command]);
    return stdout.trim();
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
      const socket = connect(this.port, '127.0.0.1', () => socket.write('PING\r\n'));
      const answer = (pong: boolean) => {
        socket.destroy();
        resolve(pong);
      };
      socket.once('data', (data) => answer(/^(\+PONG|-NOAUTH)/.test(data.toString())));
      socket.once('error', () => answer(false));
    });
  }
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
