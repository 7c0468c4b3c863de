/**
 * `npx tsx test/chaos/flood-memory.ts [--sessions N] [--seconds S]`: every session's process writes as fast as it can, a tenth of the
 * viewers parse nothing. Memory is set as in the image. Resident memory of edge, worker and Redis before, in the first half and in the second half.
 */

import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { RelayClient } from '../../loadtest/driver/relay-client.ts';
import { startKubernetesServer } from '../support/kubernetes-server.ts';
import { residentMiB } from '../support/process-memory.ts';
import { clusterId, RelayProcesses } from '../support/relay-processes.ts';
import { until } from '../support/until.ts';

const { values } = parseArgs({ options: { sessions: { type: 'string', default: '200' }, seconds: { type: 'string', default: '60' } } });
const sessions = Number(values.sessions);
const halfMs = Number(values.seconds) * 500;

await using upstream = await startKubernetesServer(['--protocols', 'v4', '--kill-orphans']);
await using relay = await RelayProcesses.start(upstream, { edges: 1, workers: 1, environment: ofImage() });
const { edges, workers } = relay.pids();
const pids = [...edges, ...workers, relay.redis.pid];
const names = ['edge', 'worker', 'redis'];
const look = () => pids.map(residentMiB);
const cookie = await relay.signIn();
const cluster = await clusterId(relay.url, cookie);
const before = look();
const never = new Promise<void>(() => {});
let parsed = 0;
const command = ['poseidon-stream', '--key', '1', '--bytes', '-1'];
const target = { kind: 'exec', namespace: 'default', pod: 'shell', container: 'main', cluster, command };
const clients = Array.from({ length: sessions }, (_, index) => {
  const output = (bytes: Uint8Array) => {
    if (index % 10 === 0) return never;
    parsed += bytes.length;
    return undefined;
  };
  return new RelayClient({ url: relay.url, cookie, target }, { output }).start();
});
await until(() => clients.every(({ state }) => state.receivedBytes > 0), {
  withinMs: 180_000,
  what: () => clients.map(({ state }) => JSON.stringify(state.connection)).join('\n'),
});
const flowing = parsed;
const started = performance.now();
const highest = async () => {
  const most = pids.map(() => 0);
  for (const endsAt = performance.now() + halfMs; performance.now() < endsAt; await pause(250))
    for (const [index, now] of look().entries()) most[index] = Math.max(most[index] ?? 0, now);
  return most;
};
const [first, second] = [await highest(), await highest()];
const rate = (parsed - flowing) / 1e6 / ((performance.now() - started) / 1000);
process.stdout.write(`${sessions} sessions, ${Math.ceil(sessions / 10)} viewers stalled, ${rate.toFixed(1)} MB/s parsed\n`);
let total = 0;
for (const [index, name] of names.entries()) {
  const [from, one, two] = [before[index] ?? 0, first[index] ?? 0, second[index] ?? 0];
  total += Math.max(one, two) - from;
  process.stdout.write(`${name.padEnd(8)} ${from.toFixed(0)} MiB before, at most ${one.toFixed(0)} and then ${two.toFixed(0)} MiB\n`);
}
process.stdout.write(`${(total / sessions).toFixed(2)} MiB a session, all three together\n`);
const gaps = clients.reduce((sum, { state }) => sum + state.faults.gaps + state.faults.mismatches, 0);
process.stdout.write(`${gaps} gaps and mismatches\n`);
for (const client of clients) client.dispose();

/** What the image sets for the memory of its processes. */
function ofImage(): Record<string, string> {
  const lines = readFileSync(new URL('../../Dockerfile', import.meta.url), 'utf8');
  const [, options, arenas] = /^ENV NODE_OPTIONS=(\S+) \\\n +MALLOC_ARENA_MAX=(\d+)$/m.exec(lines) ?? [];
  if (!options || !arenas) throw new Error('Dockerfile: no NODE_OPTIONS and MALLOC_ARENA_MAX');
  return { NODE_OPTIONS: options, MALLOC_ARENA_MAX: arenas };
}
