import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { goProgram } from './go-program.ts';

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
  stats(): Promise<ServerStats>;
  close(): Promise<void>;
}

export interface ServerStats {
  readonly openSessions: number;
  readonly aliveProcesses: number;
  readonly sessions: readonly ServerSession[];
}

/** An exec, attach or log as Kubernetes' code sees who asked for it. */
export interface ServerSession {
  readonly kind: string;
  readonly pod: string;
  readonly user: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>> | null;
}

/** Go is there, or the server has been built before. */
export function canRunKubernetesServer(): boolean {
  return spawnSync('go', ['version']).status === 0;
}

/** Kubernetes' own exec, attach and log code in front of local processes, built once per state of its sources. */
export async function startKubernetesServer(flags: readonly string[] = []): Promise<KubernetesServer> {
  const child = spawn(await goProgram('kubernetes-server'), ['--exit-with-stdin', ...flags], { stdio: ['pipe', 'pipe', 'inherit'] });
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
    stats: async () => (await ask('GET', 'stats')).json() as Promise<ServerStats>,
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function readyLine(child: ChildProcess): Promise<KubernetesServerReady> {
  if (!child.stdout) throw new Error('no stdout');
  for await (const line of createInterface({ input: child.stdout })) return JSON.parse(line) as KubernetesServerReady;
  throw new Error('the Kubernetes test server ended before it was ready');
}
