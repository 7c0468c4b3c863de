/**
 * `npx tsx test/chaos/resume-time.ts [--sessions N] [--rounds R]`: an edge is killed, a megabyte is written meanwhile, the edge comes back.
 * From the opening of the socket to the last byte parsed, each session by itself; the clients come back as they do, with their jitter.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { RelayClient } from '../../loadtest/driver/relay-client.ts';
import { KeyedStream } from '../support/keyed-stream.ts';
import { startKubernetesServer } from '../support/kubernetes-server.ts';
import { clusterId, RelayProcesses } from '../support/relay-processes.ts';
import { until } from '../support/until.ts';

const { values } = parseArgs({ options: { sessions: { type: 'string', default: '20' }, rounds: { type: 'string', default: '5' } } });
const sessions = Number(values.sessions);
/** A log's bound is 1 MiB with the headers of its entries. */
const behindBytes = 1_000_000;

class Behind {
  readonly relay: RelayClient;
  readonly written: string;
  readonly #stream: KeyedStream;
  #openedAt = 0;
  bytes = 0;
  wrong = false;
  tookMs = 0;

  constructor(index: number, options: { url: string; cookie: string; cluster: string; directory: string }) {
    const key = (index + 1).toString(16);
    this.#stream = new KeyedStream(key);
    this.written = join(options.directory, `written-${index}`);
    // Reads a byte, lets the edge be killed, and writes what is to be resumed.
    const script = `stty raw -echo; printf r; head -c 1 >/dev/null; sleep 1; poseidon-stream --key ${key} --bytes ${behindBytes}; touch ${this.written}; sleep 600`;
    const pod = { cluster: options.cluster, namespace: 'default', pod: 'shell', container: 'main' };
    const target = { kind: 'exec', ...pod, command: ['sh', '-c', script] };
    this.relay = new RelayClient(
      { url: options.url, cookie: options.cookie, target },
      {
        opened: () => {
          this.#openedAt = performance.now();
        },
        output: (bytes) => {
          const own = this.bytes === 0 ? bytes.subarray(1) : bytes;
          if (this.#stream.mismatch(Math.max(0, this.bytes - 1), own) !== -1) this.wrong = true;
          this.bytes += bytes.length;
          if (this.bytes === behindBytes + 1) this.tookMs = performance.now() - this.#openedAt;
        },
      },
    ).start();
  }
}

await using upstream = await startKubernetesServer(['--protocols', 'v4', '--kill-orphans']);
await using relay = await RelayProcesses.start(upstream, { edges: 1, workers: 1 });
const directory = await mkdtemp(join(tmpdir(), 'poseidon-resume-'));
const cookie = await relay.signIn();
const cluster = await clusterId(relay.url, cookie);
const took: number[] = [];
let index = 0;
for (let round = 0; round < Number(values.rounds); round++) {
  const all = Array.from({ length: sessions }, () => new Behind(index++, { url: relay.url, cookie, cluster, directory }));
  await until(() => all.every(({ bytes, relay: { state } }) => bytes === 1 && state.driving), {
    withinMs: 60_000,
    what: () => relay.output,
  });
  for (const { relay: client } of all) client.type('x');
  await until(() => all.every(({ relay: client }) => client.state.untypedBytes === 0));
  await relay.killEdge(0);
  await until(() => all.every(({ written }) => existsSync(written)), { withinMs: 60_000, what: 'everything to be written' });
  await relay.startEdge(0);
  await until(() => all.every(({ tookMs }) => tookMs > 0), {
    withinMs: 60_000,
    what: () => all.map(({ bytes, relay: client }) => `${bytes} ${JSON.stringify(client.state)}`).join('\n'),
  });
  for (const session of all) {
    const { faults } = session.relay.state;
    if (session.wrong || faults.gaps + faults.rewinds + faults.mismatches > 0) throw new Error(`not byte-exact: ${JSON.stringify(faults)}`);
    took.push(session.tookMs);
    session.relay.client.end();
  }
  await until(() => all.every(({ relay: client }) => client.state.connection.kind === 'ended'));
}
took.sort((a, b) => a - b);
const at = (part: number) => took[Math.min(took.length - 1, Math.floor(part * took.length))]?.toFixed(0);
process.stdout.write(
  `${took.length} resumes, ${behindBytes} bytes behind: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, most ${at(1)} ms from socket open\n`,
);
await rm(directory, { recursive: true, force: true });
