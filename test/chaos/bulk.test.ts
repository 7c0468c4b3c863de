import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RelayClient } from '../../loadtest/driver/relay-client.ts';
import { KeyedStream } from '../support/keyed-stream.ts';
import { startKubernetesServer } from '../support/kubernetes-server.ts';
import { MemoryWatch } from '../support/process-memory.ts';
import { clusterId, RelayProcesses } from '../support/relay-processes.ts';
import { until } from '../support/until.ts';

const outputBytes = 200_000_000;
const pasteBytes = 5_000_000;
/** Memory that edge and worker may grow by while 200 MB pass: buffers of one session and the garbage collector's slack. */
const growthMiB = 160;

const pod = { kind: 'exec', namespace: 'default', pod: 'shell', container: 'main' };

describe.each(['v5', 'v4'])('one edge, one worker, redis-server, Kubernetes’ own server code on %s', (protocol) => {
  it(`[FC2] ${outputBytes / 1e6} MB pass byte-exact, and the memory of edge and worker stays flat`, async () => {
    await using upstream = await startKubernetesServer(['--protocols', protocol]);
    await using relay = await RelayProcesses.start(upstream, { edges: 1, workers: 1 });
    const cookie = await relay.signIn();
    const key = '5eed';
    const expected = new KeyedStream(key);
    let [received, wrongAt] = [0, -1];
    const command = ['poseidon-stream', '--key', key, '--bytes', String(outputBytes)];
    const target = { ...pod, cluster: await clusterId(relay.url, cookie), command };
    const pids = [...relay.pids().edges, ...relay.pids().workers];
    const memory = new MemoryWatch(pids);
    const started = performance.now();
    const client = new RelayClient(
      { url: relay.url, cookie, target },
      {
        output: (bytes) => {
          if (wrongAt === -1) {
            const wrong = expected.mismatch(received, bytes);
            if (wrong !== -1) wrongAt = received + wrong;
          }
          received += bytes.length;
        },
      },
    ).start();
    await until(() => client.state.connection.kind === 'ended' || client.state.connection.kind === 'lost', {
      withinMs: 240_000,
      what: () => `${received} bytes, ${JSON.stringify(client.state)}\n${relay.output}`,
    });
    const seconds = (performance.now() - started) / 1000;
    const grown = memory.stop();
    const [edge, worker] = grown.map(({ first, highest }) => `${first.toFixed(0)} → ${highest.toFixed(0)} MiB`);
    console.log(`${protocol}: ${(outputBytes / 1e6 / seconds).toFixed(1)} MB/s, edge ${edge}, worker ${worker}`);
    expect({ received, wrongAt, faults: client.state.faults }).toEqual({
      received: outputBytes,
      wrongAt: -1,
      faults: { mismatches: 0, gaps: 0, gapBytes: 0, rewinds: 0 },
    });
    expect(client.state.connection).toMatchObject({ kind: 'ended', reason: { kind: 'exited', code: 0 } });
    for (const { first, highest } of grown) expect(highest - first).toBeLessThan(growthMiB);
    client.dispose();
  }, 300_000);

  it(`[FC5] a ${pasteBytes / 1e6} MB paste into a slow reader arrives byte for byte`, async () => {
    await using upstream = await startKubernetesServer(['--protocols', protocol]);
    await using relay = await RelayProcesses.start(upstream, { edges: 1, workers: 1 });
    const directory = await mkdtemp(join(tmpdir(), 'poseidon-paste-'));
    const cookie = await relay.signIn();
    const key = 'ba5e';
    const raw = join(directory, 'read');
    const command = ['poseidon-echo-check', '--key', key, '--bytes', String(pasteBytes), '--slow', '1000000', '--in-raw', raw];
    const client = new RelayClient({
      url: relay.url,
      cookie,
      target: { ...pod, cluster: await clusterId(relay.url, cookie), command },
    }).start();
    await until(() => client.state.connection.kind === 'attached' && client.state.driving, { what: () => JSON.stringify(client.state) });
    const memory = new MemoryWatch([...relay.pids().edges, ...relay.pids().workers]);
    const paste = new KeyedStream(key).bytes(0, pasteBytes);
    expect(client.type(paste)).toBe(true);
    await until(() => client.state.connection.kind === 'ended', {
      withinMs: 120_000,
      what: () => `${JSON.stringify(client.state)}\n${relay.output}`,
    });
    const [edge, worker] = memory.stop().map(({ first, highest }) => `${first.toFixed(0)} → ${highest.toFixed(0)} MiB`);
    console.log(`${protocol} paste: edge ${edge}, worker ${worker}`);
    expect(client.state.connection).toMatchObject({ kind: 'ended', reason: { kind: 'exited', code: 0 } });
    expect(Buffer.compare(await readFile(raw), paste)).toBe(0);
    client.dispose();
    await rm(directory, { recursive: true, force: true });
  }, 180_000);
});
