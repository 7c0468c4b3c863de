/**
 * `npx tsx loadtest/bench/reattach.ts [--sessions N]`: so many open shells on two edges, one edge killed. How long until every browser that
 * sat on it has typed into its own shell again and read the echo. The upstream is the bench's own echo (v4), the balancer a plain nginx.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Scope } from '../../src/base/scope.ts';
import { residentMiB } from '../../test/support/process-memory.ts';
import { clusterId, RelayProcesses } from '../../test/support/relay-processes.ts';
import { until } from '../../test/support/until.ts';
import { pause } from './ping-pong.ts';
import type { FromClients, ToClients } from './reattach-clients.ts';
import { startProgram } from './start-program.ts';
import { percentile } from './statistics.ts';

const { values } = parseArgs({ options: { sessions: { type: 'string', default: '10000' } } });
const sessions = Number(values.sessions);
const edges = 2;
const workers = 2;
const clientProcesses = 2;

type Report = Extract<FromClients, { kind: 'report' }>;

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const scope = new Scope();

/** One process of browsers. */
class Clients {
  readonly #child: ChildProcess;
  #reported: (report: Report) => void = () => {};
  open = 0;

  constructor(args: readonly string[]) {
    this.#child = fork(file('reattach-clients.ts'), args, { execArgv: ['--import', 'tsx'] });
    scope.own(() => void this.#child.kill('SIGKILL'));
    this.#child.on('message', (message: FromClients) => {
      if (message.kind === 'open') this.open = message.count;
      else this.#reported(message);
    });
  }

  tell(message: ToClients): void {
    this.#child.send(message);
  }

  report(): Promise<Report> {
    return new Promise((resolve) => {
      this.#reported = resolve;
      this.tell({ kind: 'report' });
    });
  }
}

try {
  const directory = await mkdtemp(join(tmpdir(), 'poseidon-reattach-'));
  scope.own(() => rm(directory, { recursive: true, force: true }));
  const upstream = await startProgram(scope, 'echo-upstream.ts');
  const tokenFile = join(directory, 'token');
  await writeFile(tokenFile, 'bench');
  const relay = await RelayProcesses.start(
    { url: `http://127.0.0.1:${upstream.port}`, tokenFile },
    {
      edges,
      workers,
      browsers: sessions,
      environment: { POSEIDON_WORKER_SESSIONS: String(sessions) },
    },
  );
  scope.own(() => relay.close());
  const cookie = await relay.signIn();
  const cluster = await clusterId(relay.url, cookie);
  const share = Math.ceil(sessions / clientProcesses);
  const clients = Array.from({ length: clientProcesses }, (_, index) => {
    const own = { url: relay.url, cookie, cluster, from: index * share, count: Math.min(share, sessions - index * share) };
    return new Clients(Object.entries(own).map(([name, value]) => `--${name}=${value}`));
  });
  const opened = () => clients.reduce((sum, { open }) => sum + open, 0);
  const startedAt = performance.now();
  await until(() => opened() === sessions, { withinMs: 600_000, what: () => `${opened()} of ${sessions} open\n${relay.output}` });
  say(`${sessions} shells open after ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
  await pause(5);
  const pids = relay.pids();
  const memory = () => `edges ${pids.edges.map(mib)}, workers ${pids.workers.map(mib)}, Redis ${mib(relay.redis.pid)} MiB`;
  say(memory());
  for (const each of clients) each.tell({ kind: 'watch' });
  await pause(1);
  const killedAtMs = Date.now();
  await relay.killEdge(0);
  let reports: readonly Report[] = [];
  await until(
    async () => {
      await pause(0.25);
      reports = await Promise.all(clients.map((each) => each.report()));
      return sum(reports, 'lost') > 0 && reports.every(({ lost, backAtMs }) => backAtMs.length === lost);
    },
    { withinMs: 120_000, what: () => `${reports.map(({ lost, backAtMs }) => `${backAtMs.length} of ${lost}`)} back\n${relay.output}` },
  );
  const took = Float64Array.from(reports.flatMap(({ backAtMs }) => backAtMs.map((atMs) => atMs - killedAtMs))).sort();
  const at = (part: number) => `${(percentile(took, part) / 1000).toFixed(2)} s`;
  say(`edge killed: ${sum(reports, 'lost')} browsers lost their socket; back p50 ${at(0.5)}, p99 ${at(0.99)}, the last ${at(1)}`);
  const wrong = sum(reports, 'wrong');
  say(`${wrong} of ${sessions} browsers read anything but their own bytes, once`);
  if (wrong > 0) process.exitCode = 1;
} finally {
  await scope.close();
}
process.exit();

function sum(reports: readonly Report[], what: 'lost' | 'wrong'): number {
  return reports.reduce((total, report) => total + report[what], 0);
}

function mib(pid: number): string {
  return residentMiB(pid).toFixed(0);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
