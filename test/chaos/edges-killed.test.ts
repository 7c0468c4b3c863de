import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startKubernetesServer } from '../support/kubernetes-server.ts';
import { clusterId, RelayProcesses } from '../support/relay-processes.ts';
import { until } from '../support/until.ts';
import { CheckedSession } from './checked-session.ts';
import { judge, plant, plantedErrors } from './judge.ts';

const sessions = 50;
const kills = 6;
const killEveryMs = 5_000;

describe('two edges behind a round-robin balancer, two workers, redis-server, Kubernetes’ own server code', () => {
  it(`[RS1] ${sessions} sessions lose, repeat and mix no byte in either direction while an edge is killed every ${killEveryMs / 1000} s`, async () => {
    await using upstream = await startKubernetesServer(['--protocols', 'v4']);
    await using relay = await RelayProcesses.start(upstream, { edges: 2, workers: 2 });
    const directory = await mkdtemp(join(tmpdir(), 'poseidon-chaos-'));
    const cookie = await relay.signIn();
    const options = { url: relay.url, cookie, directory, cluster: await clusterId(relay.url, cookie), outputRate: 20_000 };
    const all = Array.from({ length: sessions }, (_, index) => new CheckedSession(index, options));
    const attached = (session: CheckedSession) => session.relay.state.connection.kind === 'attached';
    await until(() => all.every((session) => attached(session) && session.parsedBytes > 0), {
      withinMs: 60_000,
      what: () => report(all, relay),
    });

    const typing = setInterval(() => {
      for (const session of all) session.type(1 + Math.floor(Math.random() * 40));
    }, 50);
    try {
      for (let kill = 0; kill < kills; kill++) {
        const edge = kill % relay.edges;
        await relay.killEdge(edge);
        const mark = all.map((session) => session.parsedBytes);
        // Everybody goes on while the edge is away, each on whatever edge the balancer gives it.
        await until(() => all.every((session, index) => session.parsedBytes > (mark[index] ?? 0) + 1000), {
          withinMs: 30_000,
          what: () => report(all, relay),
        });
        await relay.startEdge(edge);
        await new Promise((resolve) => setTimeout(resolve, killEveryMs));
      }
    } finally {
      clearInterval(typing);
    }
    await until(() => all.every((session) => session.settled), { withinMs: 30_000, what: () => report(all, relay) });
    const reconnects = all.reduce((sum, session) => sum + session.relay.connects - 1, 0);
    const faults = all.reduce((sum, session) => sum + session.declared + session.relay.state.faults.mismatches, 0);
    await Promise.all(all.map((session) => session.finish()));

    const claims = all.flatMap((session) => session.claims());
    const judgement = await judge(claims);
    const bytes = (what: string) =>
      judgement.verdicts.filter(({ name }) => name.endsWith(what)).reduce((sum, verdict) => sum + verdict.bytes, 0);
    console.log(
      `${kills} kills, ${reconnects} reconnects, ${bytes('output')} bytes of output, ${bytes('input')} bytes of input, ${faults} faults declared`,
    );
    expect(judgement.verdicts.filter(({ wrong }) => wrong !== -1)).toEqual([]);
    expect(judgement.passed).toBe(true);
    expect(faults).toBe(0);
    expect(reconnects).toBeGreaterThanOrEqual(sessions);

    for (const direction of claims.slice(0, 2)) {
      for (const error of plantedErrors) {
        const planted = await plant(direction, error);
        expect((await judge([planted])).passed, planted.name).toBe(false);
      }
    }
    await rm(directory, { recursive: true, force: true });
  }, 300_000);
});

function report(all: readonly CheckedSession[], relay: RelayProcesses): string {
  const states = all.map(
    (session) =>
      `${session.relay.state.connection.kind}/${session.relay.state.driving}/${session.parsedBytes}/${session.relay.state.untypedBytes}`,
  );
  return `sessions to go on: ${states.join(' ')}\n${relay.output.slice(-4000)}`;
}
