/**
 * `npm run bench`: echo latency and CPU per echo, side by side in one run: direct, a one-process proxy, edge + Redis + worker. Rounds are
 * interleaved and medians shown, because a shared machine is noisy: ratios count. Options: --sessions N --seconds S --rounds R.
 */
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Scope } from '../../src/base/scope.ts';
import { clusterId, RelayProcesses } from '../../test/support/relay-processes.ts';
import type { Contender } from './contender.ts';
import { ChannelEchoer, RelayEchoer } from './echoer.ts';
import { type NeighbourSample, neighbour } from './neighbour.ts';
import { type EchoSample, payloadBytes, pingPong } from './ping-pong.ts';
import { startProgram } from './start-program.ts';
import { median } from './statistics.ts';

const { values } = parseArgs({
  options: {
    sessions: { type: 'string', default: '100' },
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
  },
});
const [sessions, seconds, rounds] = [Number(values.sessions), Number(values.seconds), Number(values.rounds)];

const here = fileURLToPath(new URL('.', import.meta.url));
const scope = new Scope();
const directory = await mkdtemp(join(tmpdir(), 'poseidon-bench-'));
scope.own(() => rm(directory, { recursive: true, force: true }));

try {
  const upstream = await startProgram(scope, 'echo-upstream.ts');
  const proxy = await startProgram(scope, 'one-process-proxy.ts', String(upstream.port));
  const tokenFile = join(directory, 'token');
  await writeFile(tokenFile, 'bench');
  const relay = await RelayProcesses.start({ url: `http://127.0.0.1:${upstream.port}`, tokenFile }, { edges: 1, workers: 1 });
  scope.own(() => relay.close());
  const edge = relay.edgeUrl(0);
  const cookie = await relay.signIn();
  const cluster = await clusterId(relay.url, cookie);
  const { edges, workers } = relay.pids();
  const contenders: readonly Contender[] = [
    { name: 'direct', pids: [], open: (command) => new ChannelEchoer(`ws://127.0.0.1:${upstream.port}/exec?command=${command}`) },
    {
      name: 'one-process proxy',
      pids: [proxy.pid],
      open: (command) => new ChannelEchoer(`ws://127.0.0.1:${proxy.port}/exec?command=${command}`),
    },
    {
      name: 'edge + Redis + worker',
      pids: [...edges, relay.redis.pid, ...workers],
      open: (command) => new RelayEchoer(edge, cookie, cluster, command),
    },
  ];
  const samples = new Map<string, Array<EchoSample & NeighbourSample>>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const contender of contenders) {
      const echo = await pingPong(contender, sessions, seconds);
      samples.get(contender.name)?.push({ ...echo, ...(await neighbour(contender, seconds)) });
    }
  }
  const rows = contenders.map(({ name }) => {
    const own = samples.get(name) ?? [];
    const middle = (pick: (sample: EchoSample & NeighbourSample) => number) => Number(median(own.map(pick)).toPrecision(3));
    return {
      contender: name,
      'echoes/s': middle((sample) => sample.echoesPerSecond),
      'p50 ms': middle((sample) => sample.p50Ms),
      'p99 ms': middle((sample) => sample.p99Ms),
      'CPU µs/echo': middle((sample) => sample.cpuMicrosPerEcho),
      'alone p50 ms': middle((sample) => sample.aloneP50Ms),
      'beside a flood p50 ms': middle((sample) => sample.floodedP50Ms),
      'flood MB/s': middle((sample) => sample.floodMegabytesPerSecond),
    };
  });
  console.log(
    `${sessions} sessions, ping-pong of ${payloadBytes} B, then one session alone and beside a flood; ${rounds} rounds of ${seconds} s, medians; CPU without load generator and upstream`,
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
