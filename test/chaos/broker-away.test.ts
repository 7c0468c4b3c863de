import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startKubernetesServer } from '../support/kubernetes-server.ts';
import { MemoryWatch } from '../support/process-memory.ts';
import { RedisServer } from '../support/redis-server.ts';
import { clusterId, RelayProcesses } from '../support/relay-processes.ts';
import { until } from '../support/until.ts';
import { CheckedSession } from './checked-session.ts';
import { judge } from './judge.ts';

/** Twice as long as a lease lasts. */
const awayMs = 30_000;
/** Bytes a second that the processes write: one floods. */
const rates = [2_000_000, 20_000, 20_000];
/** That the worker, or an edge, may grow by meanwhile: the flood alone would be 60 MB. */
const growthMiB = 32;

describe('two edges, two workers, redis-server, Kubernetes’ own server code', () => {
  it(`[FC4] Redis is away for ${awayMs / 1000} s: live sessions wait in bounded memory, then go on, and no byte is lost or told twice`, async () => {
    await using upstream = await startKubernetesServer(['--protocols', 'v4']);
    const redis = await RedisServer.start({ durable: true });
    await using relay = await RelayProcesses.start(upstream, { edges: 2, workers: 2, redis });
    const directory = await mkdtemp(join(tmpdir(), 'poseidon-away-'));
    const cookie = await relay.signIn();
    const options = { url: relay.url, cookie, directory, cluster: await clusterId(relay.url, cookie) };
    const all = rates.map((outputRate, index) => new CheckedSession(index, { ...options, outputRate }));
    const report = () =>
      `${all.map(({ relay: { state }, parsedBytes }) => `${parsedBytes} ${JSON.stringify(state)}`).join('\n')}\n${relay.output}`;
    const moreParsed = async (bytes: number) => {
      const from = all.map((session) => session.parsedBytes);
      const more = () => all.every((session, index) => session.parsedBytes > (from[index] ?? 0) + bytes || session.ended);
      await until(more, { withinMs: 90_000, what: report });
    };
    await moreParsed(60_000);

    const { edges, workers } = relay.pids();
    await redis.kill();
    const memory = new MemoryWatch([...edges, ...workers]);
    const awayUntil = performance.now() + awayMs;
    const stalled = all.map((session) => session.parsedBytes);
    while (performance.now() < awayUntil) {
      for (const session of all) session.type(20);
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
    const grown = memory.stop().map(({ first, highest }) => highest - first);
    const parsedMeanwhile = all.reduce((sum, session, index) => sum + session.parsedBytes - (stalled[index] ?? 0), 0);
    const backAt = performance.now();
    await redis.restart();
    await moreParsed(1);
    const backMs = performance.now() - backAt;
    await moreParsed(60_000);
    for (const session of all) session.type(100);
    await until(() => all.every((session) => session.settled), { withinMs: 30_000, what: report });

    expect(all.map((session) => session.end)).toEqual(rates.map(() => ''));
    expect(all.map((session) => session.declared)).toEqual(rates.map(() => 0));
    await Promise.all(all.map((session) => session.finish()));
    const claims = all.flatMap((session) => session.claims());
    const judgement = await judge(claims);
    expect(judgement.verdicts.filter(({ wrong }) => wrong !== -1)).toEqual([]);
    expect(judgement.passed).toBe(true);
    const growth = grown.map((miB) => miB.toFixed(1)).join(', ');
    console.log(
      `away ${awayMs / 1000} s, ${parsedMeanwhile} bytes came through meanwhile; edges and workers grew by ${growth} MiB; output ${backMs.toFixed(0)} ms after it was back`,
    );
    for (const miB of grown) expect(miB).toBeLessThan(growthMiB);
    await rm(directory, { recursive: true, force: true });
  }, 300_000);
});
