/**
 * `npx tsx test/chaos/interrupt-time.ts [--rounds N]`: Ctrl-C into `yes` over a line of 100 KB/s and 300 ms there and back. From the key to
 * the moment at which `yes` is dead, and to the moment at which the prompt is on the screen, with skip (FC9) and without.
 */
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { RelayClient } from '../../loadtest/driver/relay-client.ts';
import { FaultProxy } from '../support/fault-proxy.ts';
import { startKubernetesServer } from '../support/kubernetes-server.ts';
import { clusterId, RelayProcesses } from '../support/relay-processes.ts';
import { until } from '../support/until.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } });
const bytesPerSecond = 100_000;
const oneWayMs = 150;
/** So long the flood has filled every buffer that it can fill. */
const floodMs = 8_000;
const prompt = 'prompt> ';

await using upstream = await startKubernetesServer(['--protocols', 'v4', '--kill-orphans']);
let balancer = 0;
await using line = await FaultProxy.start(() => balancer);
await using relay = await RelayProcesses.start(upstream, { edges: 1, workers: 1, browserPort: line.port });
balancer = Number(new URL(relay.url).port);
line.set({ delayMs: oneWayMs, bytesPerSecond });
const directory = await mkdtemp(join(tmpdir(), 'poseidon-interrupt-'));
const cookie = await relay.signIn();
const cluster = await clusterId(relay.url, cookie);

for (const skips of [true, false]) {
  const [died, prompted]: [number[], number[]] = [[], []];
  for (let round = 0; round < Number(values.rounds); round++) {
    const { diedMs, promptMs } = await interrupt(join(directory, `died-${skips}-${round}`), skips);
    died.push(diedMs);
    prompted.push(promptMs);
  }
  process.stdout.write(
    `${skips ? 'with' : 'without'} skip: yes is dead after ${list(died)}, the prompt is there after ${list(prompted)}\n`,
  );
}
await rm(directory, { recursive: true, force: true });

async function interrupt(file: string, skips: boolean): Promise<{ diedMs: number; promptMs: number }> {
  let tail = '';
  let promptAtMs = 0;
  // The shell's trap runs when its child, which gets the same SIGINT from the terminal, is gone.
  const script = `trap 'date +%s%3N >${file}.part; mv ${file}.part ${file}; printf "${prompt}"; sleep 600' INT; yes`;
  const pod = { cluster, namespace: 'default', pod: 'shell', container: 'main' };
  const target = { kind: 'exec', ...pod, command: ['sh', '-c', script], tty: true };
  const client = new RelayClient(
    { url: `http://127.0.0.1:${line.port}`, cookie, target },
    {
      output: (bytes) => {
        tail = (tail + Buffer.from(bytes).toString('latin1')).slice(-prompt.length);
        if (tail === prompt) promptAtMs = Date.now();
      },
    },
  ).start();
  await until(() => client.state.receivedBytes > 0, { withinMs: 60_000, what: () => `${JSON.stringify(client.state)}\n${relay.output}` });
  await pause(floodMs);
  const keyAtMs = Date.now();
  client.type('\x03');
  if (skips) client.client.skip();
  await until(() => existsSync(file) && promptAtMs > 0, { withinMs: 120_000, what: () => JSON.stringify(client.state) });
  client.client.end();
  await until(() => client.state.connection.kind === 'ended', { withinMs: 60_000 });
  client.dispose();
  return { diedMs: Number(readFileSync(file, 'utf8')) - keyAtMs, promptMs: promptAtMs - keyAtMs };
}

function list(times: readonly number[]): string {
  return `${times.toSorted((a, b) => a - b).join(', ')} ms`;
}
