import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** What test/kubernetes-server prints when it is ready; its README says what is in it. */
export interface KubernetesServerReady {
  readonly url: string;
  readonly httpUrl: string;
  readonly caFile: string;
  readonly token: string;
  readonly tokenFile: string;
  readonly readonlyToken: string;
  readonly getOnlyToken: string;
  readonly stateDir: string;
  readonly pid: number;
}

export interface KubernetesServer extends KubernetesServerReady, AsyncDisposable {
  /** A control request, for example `kill-sessions?reset=true`. */
  control(request: string): Promise<void>;
  stats(): Promise<{ readonly openSessions: number; readonly aliveProcesses: number }>;
  close(): Promise<void>;
}

/** Go is there, or the server has been built before. */
export function canRunKubernetesServer(): boolean {
  return spawnSync('go', ['version']).status === 0;
}

/** Kubernetes' own exec, attach and log code in front of local processes, built once per state of its sources. */
export async function startKubernetesServer(flags: readonly string[] = []): Promise<KubernetesServer> {
  const child = spawn(await build(), ['--exit-with-stdin', ...flags], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ready = await readyLine(child);
  const ask = async (method: string, request: string) => {
    const answer = await fetch(`${ready.httpUrl}/test/${request}`, { method });
    if (!answer.ok) throw new Error(`${request}: HTTP ${answer.status}`);
    return answer;
  };
  const close = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.stdin?.end();
    await exited;
  };
  return {
    ...ready,
    control: async (request) => void (await ask('POST', request)),
    stats: async () => (await ask('GET', 'stats')).json() as Promise<{ openSessions: number; aliveProcesses: number }>,
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function readyLine(child: ChildProcess): Promise<KubernetesServerReady> {
  if (!child.stdout) throw new Error('no stdout');
  for await (const line of createInterface({ input: child.stdout })) return JSON.parse(line) as KubernetesServerReady;
  throw new Error('the Kubernetes test server ended before it was ready');
}

const sources = join(dirname(fileURLToPath(import.meta.url)), '../kubernetes-server');
const cache = join(sources, '../../.cache');

async function build(): Promise<string> {
  const hash = createHash('sha256');
  for (const name of (await readdir(sources)).sort()) {
    if (/\.(go|mod|sum)$/.test(name) && !name.endsWith('_test.go')) hash.update(name).update(await readFile(join(sources, name)));
  }
  const binary = join(cache, `kubernetes-server-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(binary)) return binary;
  await mkdir(cache, { recursive: true });
  // Several test processes may build at once: each its own file, the last one wins.
  const own = `${binary}.${process.pid}`;
  await promisify(execFile)('go', ['build', '-trimpath', '-ldflags', '-s -w', '-o', own, '.'], { cwd: sources });
  await rename(own, binary);
  return binary;
}
