/**
 * `npm run bench`: echo latency and CPU per echo, side by side in one run: direct, a one-process proxy, edge + Redis + worker. Rounds are
 * interleaved and medians shown, because a shared machine is noisy: ratios count. Options: --sessions N --seconds S --rounds R.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Scope } from '../../src/base/scope.ts';
import { clusterId, RelayProcesses } from '../../test/support/relay-processes.ts';
import { until } from '../../test/support/until.ts';
import { totalCpuMicros } from './cpu.ts';
import { ChannelEchoer, type Echoer, RelayEchoer } from './echoer.ts';
import { median, percentile } from './statistics.ts';

const { values } = parseArgs({
  options: {
    sessions: { type: 'string', default: '100' },
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
  },
});
const [sessions, seconds, rounds] = [Number(values.sessions), Number(values.seconds), Number(values.rounds)];
const payloadBytes = 64;

interface Contender {
  readonly name: string;
  readonly pids: readonly number[];
  open(): Echoer;
}

interface Sample {
  readonly echoesPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuMicrosPerEcho: number;
}

const here = fileURLToPath(new URL('.', import.meta.url));
const scope = new Scope();
const directory = await mkdtemp(join(tmpdir(), 'poseidon-bench-'));
scope.own(() => rm(directory, { recursive: true, force: true }));

/** Starts a helper process that prints its port. */
async function start(file: string, ...args: string[]): Promise<{ pid: number; port: number }> {
  const child = spawn(process.execPath, ['--import', 'tsx', join(here, file), ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  scope.own(() => void child.kill('SIGKILL'));
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return { pid: child.pid ?? 0, port: Number(line) };
}

/** Every session echoes as fast as it is answered, for some seconds. */
async function pingPong(contender: Contender): Promise<Sample> {
  const echoers = Array.from({ length: sessions }, () => contender.open());
  await until(() => echoers.every((echoer) => echoer.ready()), { withinMs: 60_000, what: `${contender.name}: sessions to open` });
  const payload = Buffer.alloc(payloadBytes, 'x');
  const latencies: number[] = [];
  let running = true;
  const loop = (echoer: Echoer) => {
    const sent = performance.now();
    echoer.echo(payload, () => {
      latencies.push(performance.now() - sent);
      if (running) loop(echoer);
    });
  };
  for (const echoer of echoers) loop(echoer);
  await new Promise((resolve) => setTimeout(resolve, 500));
  latencies.length = 0;
  const [cpuThen, then] = [totalCpuMicros(contender.pids), performance.now()];
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const [cpuNow, now, echoes] = [totalCpuMicros(contender.pids), performance.now(), latencies.length];
  running = false;
  const sorted = Float64Array.from(latencies).sort();
  for (const echoer of echoers) echoer.close();
  await new Promise((resolve) => setTimeout(resolve, 500));
  return {
    echoesPerSecond: echoes / ((now - then) / 1000),
    p50Ms: percentile(sorted, 0.5),
    p99Ms: percentile(sorted, 0.99),
    cpuMicrosPerEcho: contender.pids.length === 0 ? 0 : (cpuNow - cpuThen) / echoes,
  };
}

try {
  const upstream = await start('echo-upstream.ts');
  const proxy = await start('one-process-proxy.ts', String(upstream.port));
  const tokenFile = join(directory, 'token');
  await writeFile(tokenFile, 'bench');
  const relay = await RelayProcesses.start({ url: `http://127.0.0.1:${upstream.port}`, tokenFile }, { edges: 1, workers: 1 });
  scope.own(() => relay.close());
  const edge = relay.edgeUrl(0);
  const cookie = await relay.signIn();
  const cluster = await clusterId(relay.url, cookie);
  const { edges, workers } = relay.pids();
  const contenders: readonly Contender[] = [
    { name: 'direct', pids: [], open: () => new ChannelEchoer(`ws://127.0.0.1:${upstream.port}/exec`) },
    { name: 'one-process proxy', pids: [proxy.pid], open: () => new ChannelEchoer(`ws://127.0.0.1:${proxy.port}/exec`) },
    { name: 'edge + Redis + worker', pids: [...edges, relay.redis.pid, ...workers], open: () => new RelayEchoer(edge, cookie, cluster) },
  ];
  const samples = new Map<string, Sample[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const contender of contenders) samples.get(contender.name)?.push(await pingPong(contender));
  }
  const rows = contenders.map(({ name }) => {
    const own = samples.get(name) ?? [];
    const middle = (pick: (sample: Sample) => number) => Number(median(own.map(pick)).toPrecision(3));
    return {
      contender: name,
      'echoes/s': middle((sample) => sample.echoesPerSecond),
      'p50 ms': middle((sample) => sample.p50Ms),
      'p99 ms': middle((sample) => sample.p99Ms),
      'CPU µs/echo': middle((sample) => sample.cpuMicrosPerEcho),
    };
  });
  console.log(
    `${sessions} sessions, ping-pong of ${payloadBytes} B, ${rounds} rounds of ${seconds} s, medians; CPU without load generator and upstream`,
  );
  console.table(rows);
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: here, encoding: 'utf8' }).trim();
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version };
  await mkdir(join(here, '../results'), { recursive: true });
  const file = join(here, '../results/echo.json');
  await writeFile(
    file,
    `${JSON.stringify({ commit, date: new Date().toISOString(), machine, sessions, seconds, rounds, rows, samples: Object.fromEntries(samples) }, null, 2)}\n`,
  );
  console.log(`written to loadtest/results/echo.json`);
} finally {
  await scope.close();
}
process.exit(0);
