import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { startKubernetesServer } from '../support/kubernetes-server.ts';
import { freePort } from '../support/redis-server.ts';
import { clusterId, RelayProcesses } from '../support/relay-processes.ts';
import { until } from '../support/until.ts';
import type { BrowserRelay } from './support.ts';

/** Both ways to run the relay; every page test runs against each. */
export const relays: ReadonlyArray<readonly [name: string, start: () => Promise<BrowserRelay>]> = [
  ['npm start (demo cluster)', startStandalone],
  ['edges, workers, Redis (kubernetes server)', () => startTopology()],
];

/** What `npm start` runs: one process, nothing configured. */
async function startStandalone(): Promise<BrowserRelay> {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const listen = `127.0.0.1:${await freePort()}`;
  const child = spawn('npm', ['start', '--silent', '--', '--listen', listen], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const link = await until(
    () => {
      if (child.exitCode !== null) throw new Error(`npm start ended with ${child.exitCode}:\n${output}`);
      return /(http:\/\/\S+)\/#token=(\S+)/.exec(output);
    },
    { withinMs: 180_000, what: () => `a link:\n${output}` },
  );
  const place = { cluster: 'demo', namespace: 'demo' };
  return {
    url: link[1] ?? '',
    accessToken: link[2] ?? '',
    shell: { ...place, pod: 'web-0', container: 'app' },
    logger: { ...place, pod: 'logger', container: 'logger' },
    output: () => output,
    [Symbol.asyncDispose]: () => interrupt(child),
  };
}

/**
 * Two edges and two workers behind a balancer without affinity, a real Redis, Kubernetes' own server code as upstream.
 * @param browserPort where browsers come in, if it is not the balancer's own port
 * @param environment of edges and workers, beside the usual
 */
export async function startTopology(
  browserPort?: number,
  environment: Readonly<Record<string, string>> = {},
): Promise<BrowserRelay & { readonly processes: RelayProcesses }> {
  const upstream = await startKubernetesServer();
  const options = { edges: 2, workers: 2, environment, ...(browserPort !== undefined && { browserPort }) };
  const relay = await RelayProcesses.start(upstream, options).catch(async (failure: unknown) => {
    await upstream.close();
    throw failure;
  });
  const cluster = await clusterId(relay.url, await relay.signIn());
  return {
    url: browserPort === undefined ? relay.url : `http://127.0.0.1:${browserPort}`,
    accessToken: relay.accessToken,
    shell: { cluster, namespace: 'default', pod: 'shell', container: 'main' },
    logger: { cluster, namespace: 'default', pod: 'logger', container: 'main' },
    output: () => relay.output,
    processes: relay,
    [Symbol.asyncDispose]: () => relay.close().finally(() => upstream.close()),
  };
}

/** Ctrl-C to the group of processes: npm and what it started. */
async function interrupt(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.pid === undefined) return;
  const gone = new Promise((resolve) => child.once('close', resolve));
  process.kill(-child.pid, 'SIGINT');
  await gone;
}
