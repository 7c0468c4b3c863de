import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock, systemRandom } from '../../src/bin/system.ts';
import type { Target } from '../../src/protocol/target.ts';
import { Clusters } from '../../src/upstream/kubernetes/clusters.ts';
import { KubernetesOpener } from '../../src/upstream/kubernetes/kubernetes-opener.ts';
import { ServerCluster } from '../../src/upstream/kubernetes/server-cluster.ts';
import { canRunKubernetesServer, type KubernetesServer, startKubernetesServer } from '../support/kubernetes-server.ts';
import { markedProcesses as marked } from '../support/marked-processes.ts';
import { until } from '../support/until.ts';
import { Recorder } from './recorder.ts';

const hasVim = spawnSync('sh', ['-c', 'command -v vim']).status === 0;
const programs = ['true', 'sleep 1000', 'sleep 1000 & sleep 1000', 'yes', ...(hasVim ? ['vim file'] : [])];

describe.skipIf(!canRunKubernetesServer())("shells whose client is gone, by Kubernetes' own code", () => {
  let server: KubernetesServer;
  let opener: KubernetesOpener;
  beforeAll(async () => {
    // As with containerd, a process stays when its client goes.
    server = await startKubernetesServer([]);
    const cluster = new ServerCluster({ server: server.url, id: 'test', token: server.token, caFile: server.caFile }, systemClock);
    opener = new KubernetesOpener({ clusters: new Clusters([cluster]), clock: systemClock, random: systemRandom, version: '0.0.0' });
  }, 300_000);
  afterAll(() => server?.close());

  const never = new AbortController().signal;
  const place = { cluster: 'test', namespace: 'default', pod: 'shell', container: 'main' };
  const shell: Target = { kind: 'exec', ...place, command: [], tty: true };
  const request = (sessionId: string) => ({ target: shell, size: { cols: 80, rows: 24 }, credential: undefined, sessionId });
  const leave = async (sessionId: string, typed: string) => {
    const events = new Recorder();
    const upstream = await opener.open(request(sessionId), events, never);
    // Its parts come together only when the shell has read it.
    upstream.write(Buffer.from(`echo be""gun; ${typed}\n`));
    await until(() => events.text().includes('begun\r\n'), { what: () => JSON.stringify(events.text()) });
    upstream.pause();
    upstream.close();
  };

  it.each(programs)('[UP9] a shell is hung up with all it has started: %s', async (program) => {
    const id = `session-of-${program.replace(/\W/g, '-')}`;
    await leave(id, program);
    expect(marked(id).length).toBeGreaterThan(0);
    expect(await opener.hangUp(request(id), never)).toBe(0);
    await until(() => marked(id).length === 0);
  });

  it('[UP9] nobody else is: another session, and what a person has told to ignore it', async () => {
    await leave('session-that-stays', 'sleep 1000');
    await leave('session-that-goes', 'nohup sleep 1000 >/dev/null 2>&1 & sleep 1000');
    await until(() => marked('session-that-goes').length > 1);
    expect(await opener.hangUp(request('session-that-goes'), never)).toBe(1);
    expect([marked('session-that-goes').length, marked('session-that-stays').length > 0]).toEqual([1, true]);
    await server.control('kill-processes?pod=shell');
    await until(() => marked('session-that-stays').length === 0);
    for (const pid of marked('session-that-goes')) process.kill(Number(pid), 'SIGKILL');
  });

  it('[UP9] says so when it cannot be done', async () => {
    const gone = { ...request('no-pod'), target: { ...shell, pod: 'not-there' } };
    await expect(opener.hangUp(gone, never)).rejects.toMatchObject({ end: { reason: 'pod-not-found' } });
    const readonly = { ...request('no-right'), credential: { kind: 'bearer', token: server.readonlyToken } as const };
    await expect(opener.hangUp(readonly, never)).rejects.toMatchObject({ end: { reason: 'forbidden' } });
  });

  it('[UP9] a hundred rounds leave no process and no connection', async () => {
    for (let round = 0; round < 100; round += 4) {
      const ids = [0, 1, 2, 3].map((more) => `round-${round + more}`);
      await Promise.all(ids.map((id) => leave(id, 'sleep 1000')));
      expect(await Promise.all(ids.map((id) => opener.hangUp(request(id), never)))).toEqual([0, 0, 0, 0]);
    }
    await until(async () => {
      const { openSessions, aliveProcesses } = await server.stats();
      return openSessions === 0 && aliveProcesses === 0;
    });
  }, 240_000);
});
