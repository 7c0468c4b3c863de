import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RelayClient } from '../../loadtest/driver/relay-client.ts';
import { canRunKubernetesServer, type KubernetesServer, startKubernetesServer } from '../support/kubernetes-server.ts';
import { clusterId, RelayProcesses } from '../support/relay-processes.ts';
import { until } from '../support/until.ts';
import { runJudge } from './judge.ts';
import type { LogVerdict } from './log-checker.ts';

const lineRate = 20_000;
const workers = 3;
const logs = 3;
const kills = 6;
const minutes = 60_000;

/** A followed log whose parsed bytes go into a file. */
class FollowedLog {
  readonly file: string;
  readonly relay: RelayClient;
  readonly #written: WriteStream;
  bytes = 0;
  declared = 0;

  constructor(index: number, settings: { url: string; cookie: string; cluster: string; directory: string }) {
    this.file = join(settings.directory, `log-${index}`);
    this.#written = createWriteStream(this.file);
    const place = { cluster: settings.cluster, namespace: 'default', pod: 'logger', container: 'main' };
    this.relay = new RelayClient(
      { ...settings, target: { kind: 'log', ...place, follow: true, tailLines: 100 } },
      {
        output: (bytes) => {
          this.bytes += bytes.length;
          this.#written.write(bytes);
        },
        gap: () => this.declared++,
        rewound: () => this.declared++,
      },
    );
    this.relay.start();
  }

  get owner(): string | undefined {
    return this.relay.state.status.worker?.worker;
  }

  async close(): Promise<void> {
    this.relay.dispose();
    await new Promise((resolve) => this.#written.end(resolve));
  }
}

async function firstBytes(file: string, count: number): Promise<string> {
  await using opened = await open(file);
  const { buffer, bytesRead } = await opened.read(Buffer.alloc(count), 0, count, 0);
  // Up to the end of a line.
  return buffer.toString('utf8', 0, buffer.lastIndexOf('\n', bytesRead - 1) + 1);
}

async function judge(files: readonly string[]): Promise<{ passed: boolean; verdicts: readonly LogVerdict[] }> {
  const { passed, lines } = await runJudge('log-checker.ts', files);
  return { passed, verdicts: lines.map((line) => JSON.parse(line) as LogVerdict) };
}

describe.skipIf(!canRunKubernetesServer())(`numbered lines at ${lineRate} a second from Kubernetes' own server code`, () => {
  let server: KubernetesServer;
  let relays: RelayProcesses;
  let directory: string;
  beforeAll(async () => {
    server = await startKubernetesServer(['--log-rate', String(lineRate), '--log-stamp', '1ms']);
    relays = await RelayProcesses.start(server, { edges: 2, workers });
    directory = await mkdtemp(join(tmpdir(), 'poseidon-logs-'));
  }, 5 * minutes);
  afterAll(async () => {
    await relays?.close();
    await server?.close();
    await rm(directory, { recursive: true, force: true });
  });

  it(
    '[LS2] no line is missing and none comes twice, however often the worker of a log is killed',
    async () => {
      const cookie = await relays.signIn();
      const settings = { url: relays.url, cookie, directory, cluster: await clusterId(relays.url, cookie) };
      const followed = Array.from({ length: logs }, (_, index) => new FollowedLog(index, settings));
      const goesOn = async (log: FollowedLog, what: string) => {
        const from = log.bytes;
        const tell = () => `${what}: ${JSON.stringify(log.relay.state)}\n${relays.output.slice(-2000)}`;
        await until(() => log.bytes > from + 2_000_000 || log.relay.state.connection.kind === 'ended', { withinMs: minutes, what: tell });
        expect(log.relay.state.connection.kind).toBe('attached');
      };
      for (const log of followed) await goesOn(log, 'the first lines');
      let moved = 0;
      for (let kill = 0; kill < kills; kill++) {
        const log = followed[kill % logs] as FollowedLog;
        const { owner } = log;
        const index = Array.from({ length: workers }, (_, at) => at).find((at) => relays.workerName(at) === owner) ?? 0;
        await relays.killWorker(index);
        relays.startWorker(index);
        await until(() => log.owner !== undefined && log.owner !== owner, {
          withinMs: minutes,
          what: () => `another worker than ${owner}`,
        });
        moved++;
        await goesOn(log, `more lines from ${log.owner}`);
      }
      for (const log of followed) await goesOn(log, 'the last lines');
      await Promise.all(followed.map((log) => log.close()));
      const { passed, verdicts } = await judge(followed.map(({ file }) => file));
      console.log(`${moved} kills, ${verdicts.map(({ lines }) => lines).join(', ')} lines`);
      expect(verdicts.map(({ wrong }) => wrong).filter(Boolean)).toEqual([]);
      expect([passed, followed.map(({ declared }) => declared)]).toEqual([true, followed.map(() => 0)]);

      // The judge sees one line missing, one twice, two in each other's place, and one byte that is another.
      const good = (await firstBytes(followed[0]?.file ?? '', 1_000_000)).split('\n');
      const at = Math.floor(good.length / 2);
      expect(good.length).toBeGreaterThan(1000);
      const [before, one = '', two = '', after] = [good.slice(0, at), good[at], good[at + 1], good.slice(at + 2)];
      const planted = { missing: [two], twice: [one, one, two], swapped: [two, one], foreign: [one.replace('run', 'fun'), two] };
      for (const [error, lines] of Object.entries(planted)) {
        const file = join(directory, error);
        await writeFile(file, [...before, ...lines, ...after].join('\n'));
        expect((await judge([file])).passed, error).toBe(false);
      }
    },
    15 * minutes,
  );
});
