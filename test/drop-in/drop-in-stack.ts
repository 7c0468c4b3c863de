import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PoseidonProcess } from '../bin/poseidon-process.ts';
import { goProgram } from '../support/go-program.ts';
import { type KubernetesServer, startKubernetesServer } from '../support/kubernetes-server.ts';
import { freePort, RedisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';

const tls = (name: string) => fileURLToPath(new URL(`../support/tls/${name}.pem`, import.meta.url));

/** Kubernetes' own server code behind a relay of one worker and two edges that take turns; nginx sends it what is the API server's alone. */
export class DropInStack implements AsyncDisposable {
  readonly cluster: KubernetesServer;
  /** Where clients go: everything of the API server, exec, attach and log by way of the relay. */
  readonly url: string;
  readonly directory: string;
  readonly caFile = tls('cert');
  readonly edges: readonly PoseidonProcess[];
  readonly worker: PoseidonProcess;
  readonly redis: RedisServer;
  readonly #nginx: ChildProcess;
  readonly #kubectl: string;

  private constructor(parts: {
    cluster: KubernetesServer;
    url: string;
    directory: string;
    edges: readonly PoseidonProcess[];
    worker: PoseidonProcess;
    redis: RedisServer;
    nginx: ChildProcess;
    kubectl: string;
  }) {
    this.cluster = parts.cluster;
    this.url = parts.url;
    this.directory = parts.directory;
    this.edges = parts.edges;
    this.worker = parts.worker;
    this.redis = parts.redis;
    this.#nginx = parts.nginx;
    this.#kubectl = parts.kubectl;
  }

  /** @param flags of the Kubernetes server; @param path what is behind its address, for example that of a Rancher's cluster */
  static async start(flags: readonly string[] = [], path = ''): Promise<DropInStack> {
    const directory = await mkdtemp(join(tmpdir(), 'poseidon-drop-in-'));
    const [cluster, redis, kubectl] = await Promise.all([
      startKubernetesServer(flags),
      RedisServer.start(),
      goProgram('kubectl', '-X k8s.io/component-base/version.gitVersion=v1.37.2'),
    ]);
    const sealKey = join(directory, 'seal.key');
    await writeFile(sealKey, randomBytes(32).toString('base64'), { mode: 0o600 });
    const upstream = [
      '--server',
      `${cluster.url}${path}`,
      '--ca-file',
      cluster.caFile,
      '--seal-key-file',
      sealKey,
      '--redis-url',
      redis.url,
    ];
    const edge = ['edge', '--listen', '127.0.0.1:0', '--kubernetes-listen', '127.0.0.1:0', '--auth', 'passthrough', ...upstream];
    const edges = [new PoseidonProcess(edge), new PoseidonProcess(edge)];
    const worker = new PoseidonProcess(['worker', ...upstream]);
    const ports = await Promise.all(edges.map((one) => one.printed(/"port":(\d+),"tls":false,"event":"drop-in door listens"/)));
    await worker.printed(/worker takes sessions/);
    const port = await freePort();
    const nginx = await startNginx(directory, port, ports, cluster.url);
    return new DropInStack({ cluster, url: `https://127.0.0.1:${port}`, directory, edges, worker, redis, nginx, kubectl });
  }

  /** @param server below the stack's address; @returns the file's path */
  async kubeconfig(token = this.cluster.token, server = ''): Promise<string> {
    const file = join(this.directory, `kubeconfig-${randomBytes(4).toString('hex')}`);
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'c',
      clusters: [{ name: 'c', cluster: { server: `${this.url}${server}`, 'certificate-authority': this.caFile } }],
      users: [{ name: 'u', user: { token } }],
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u', namespace: 'default' } }],
    };
    await writeFile(file, JSON.stringify(config));
    return file;
  }

  /** Command, arguments and environment of kubectl. */
  async kubectlCommand(args: readonly string[], token?: string, server?: string) {
    const env = { PATH: process.env['PATH'] ?? '', HOME: this.directory, KUBECONFIG: await this.kubeconfig(token, server) };
    return { file: this.#kubectl, args, env };
  }

  async kubectl(args: readonly string[], { input = '' as string | Buffer, token = this.cluster.token, server = '' } = {}) {
    const command = await this.kubectlCommand(args, token, server);
    return await new Promise<{ readonly code: number; readonly stdout: Buffer; readonly stderr: string }>((resolve) => {
      const options = { env: command.env, encoding: 'buffer', maxBuffer: 64 * 1024 * 1024, timeout: 60_000 } as const;
      const child = execFile(command.file, args, options, (failure, stdout, stderr) => {
        const code = failure ? (typeof failure.code === 'number' ? failure.code : -1) : 0;
        resolve({ code, stdout, stderr: stderr.toString() });
      });
      child.stdin?.on('error', () => {});
      child.stdin?.end(input);
    });
  }

  /** Everything that edges and worker have written. */
  get written(): string {
    return [...this.edges, this.worker].map(({ stdout, stderr }) => stdout + stderr).join('');
  }

  async close(): Promise<void> {
    await Promise.all([...this.edges, this.worker].map((each) => each[Symbol.asyncDispose]()));
    const exited = new Promise((resolve) => this.#nginx.once('exit', resolve));
    if (this.#nginx.exitCode === null && this.#nginx.kill('SIGTERM')) await exited;
    await this.redis[Symbol.asyncDispose]();
    await this.cluster.close();
    await rm(this.directory, { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** With the configuration that docs/drop-in.md gives, at the addresses of this test. */
async function startNginx(directory: string, port: number, doors: readonly string[], api: string): Promise<ChildProcess> {
  const page = await readFile(new URL('../../docs/drop-in.md', import.meta.url), 'utf8');
  let documented = /```nginx\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
  const here = {
    'server poseidon-1:8081; server poseidon-2:8081;': doors.map((door) => `server 127.0.0.1:${door};`).join(' '),
    'listen 443 ssl;': `listen 127.0.0.1:${port} ssl;`,
    '/etc/nginx/tls/cert.pem': tls('cert'),
    '/etc/nginx/tls/key.pem': tls('key'),
    'https://rancher.internal': api,
  };
  for (const [there, instead] of Object.entries(here)) {
    if (!documented.includes(there)) throw new Error(`docs/drop-in.md has no ${there}`);
    documented = documented.replace(there, instead);
  }
  const config = join(directory, 'nginx.conf');
  const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${directory}/${name};`);
  await writeFile(
    config,
    `daemon off; pid ${directory}/nginx.pid; error_log ${directory}/nginx.log; worker_processes 1;
     events { worker_connections 1024; }
     http { access_log off; ${folders.join(' ')} ${documented} }`,
  );
  const child = spawn('nginx', ['-p', directory, '-c', config], { stdio: 'ignore' });
  const answers = () =>
    new Promise<boolean>((resolve) => {
      execFile('sh', ['-c', `exec 3<>/dev/tcp/127.0.0.1/${port}`], { shell: '/bin/bash' }, (failure) => resolve(!failure));
    });
  await until(answers, { withinMs: 30_000, what: 'nginx to listen' });
  return child;
}
