import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock, systemRandom } from '../../src/bin/system.ts';
import type { Target } from '../../src/protocol/target.ts';
import { Clusters } from '../../src/upstream/kubernetes/clusters.ts';
import { KubernetesApi } from '../../src/upstream/kubernetes/kubernetes-api.ts';
import { KubernetesOpener } from '../../src/upstream/kubernetes/kubernetes-opener.ts';
import { ServerCluster } from '../../src/upstream/kubernetes/server-cluster.ts';
import { canRunKubernetesServer, type KubernetesServer, startKubernetesServer } from '../support/kubernetes-server.ts';
import { until } from '../support/until.ts';
import { Recorder } from './recorder.ts';

describe.skipIf(!canRunKubernetesServer())("ends and refusals by Kubernetes' own code", () => {
  let server: KubernetesServer;
  beforeAll(async () => {
    server = await startKubernetesServer(['--kill-orphans']);
  }, 300_000);
  afterAll(() => server?.close());

  const place = { cluster: 'test', namespace: 'default', container: 'main' };
  const shell: Target = { kind: 'exec', ...place, pod: 'shell', command: ['sh'], tty: true };
  const open = async (target: Target, token?: string) => {
    const cluster = new ServerCluster({ server: server.url, id: 'test', token: server.token, caFile: server.caFile }, systemClock);
    const opener = new KubernetesOpener({ clusters: new Clusters([cluster]), clock: systemClock, random: systemRandom, version: '0.0.0' });
    const credential = token === undefined ? undefined : ({ kind: 'bearer', token } as const);
    const events = new Recorder();
    const request = { target, size: { cols: 80, rows: 24 }, credential, sessionId: 's' };
    return { upstream: await opener.open(request, events, new AbortController().signal), events };
  };

  it('[UP4] tells a killed process from a broken connection', async () => {
    const killed = await open(shell);
    await killed.events.sees('#');
    await server.control('kill-processes?pod=shell');
    expect(await killed.events.ends()).toMatchObject({ kind: 'exited', code: 137 });
    const cut = await open(shell);
    await cut.events.sees('#');
    await server.control('kill-sessions?reset=true');
    expect(await cut.events.ends()).toMatchObject({ kind: 'broken' });
  });

  it('[UP4] notices that the pod of an open shell was deleted, although its stream stays open and silent', async () => {
    const { events, upstream } = await open({ ...shell, command: ['sh', '-c', 'stty -echo; echo ready; exec sleep 1000'] });
    await events.sees('ready');
    await server.control('delete-pod?pod=shell&frozen=true');
    upstream.write(Buffer.from('is anybody there\n'));
    await until(() => events.end, { withinMs: 60_000 });
    expect(events.end).toMatchObject({ kind: 'broken', reason: 'pod-gone', message: 'The pod was deleted.' });
    await server.control('reset');
  }, 90_000);

  it('[UP3] names the right that is missing', async () => {
    await expect(open(shell, server.readonlyToken)).rejects.toMatchObject({ end: { reason: 'forbidden' }, retryable: false });
    await expect(open(shell, server.getOnlyToken)).rejects.toMatchObject({
      end: { reason: 'forbidden', message: expect.stringContaining('both "get" and "create"') },
    });
  });

  it('[UP3] waits for a pod that has no node yet', async () => {
    const log: Target = { kind: 'log', ...place, pod: 'pending', follow: true, previous: false };
    for (const target of [log, { ...shell, pod: 'pending' }])
      await expect(open(target)).rejects.toMatchObject({ end: { reason: 'not-scheduled' }, retryable: true });
  });

  it('[UP3] says that a finished pod does not run, although v5 opens it first', async () => {
    const { events } = await open({ ...shell, pod: 'finished' });
    expect(await events.ends()).toMatchObject({ kind: 'refused', reason: 'container-not-running' });
  });

  it('[UP6] reads the last line of a finished pod, without a newline', async () => {
    const { events } = await open({ kind: 'log', ...place, pod: 'finished', follow: false, previous: false });
    expect(await events.ends()).toMatchObject({ kind: 'completed' });
    expect(events.text()).toBe('first line\nsecond line\nlast line without a newline');
  });

  it('[UP1] opens ephemeral containers, reads the log of init ones, and attaches as a container is', async () => {
    const multi = { ...place, pod: 'multi' };
    const { upstream, events } = await open({ kind: 'exec', ...multi, container: 'debugger', command: ['sh'], tty: true });
    upstream.write(Buffer.from('echo in-$CONTAINER\n'));
    await events.sees('in-debugger');
    upstream.close();
    const log = await open({ kind: 'log', ...multi, container: 'setup', follow: false, previous: false });
    expect(await log.events.ends()).toMatchObject({ kind: 'completed' });
    expect(log.events.text()).toBe('setup 1\nsetup 2\nsetup done\n');

    const cluster = new ServerCluster({ server: server.url, token: server.token, caFile: server.caFile }, systemClock);
    const api = new KubernetesApi({ clock: systemClock, version: '0.0.0' });
    const { containers } = await api.pod({ cluster, credential: undefined }, 'default', 'multi', new AbortController().signal);
    api.close();
    expect(containers.map(({ name, kind, attach }) => [name, kind, attach])).toEqual([
      ['app', 'container', 'input'],
      ['sidecar', 'container', 'terminal'],
      ['setup', 'init', undefined],
      ['debugger', 'ephemeral', 'terminal'],
    ]);
    for (const { name, attach } of containers) {
      if (!attach) continue;
      const attached = await open({ kind: 'attach', ...multi, container: name, tty: attach === 'terminal' });
      attached.upstream.write(Buffer.from('echo attached\n'));
      await attached.events.sees('attached');
      attached.upstream.close();
    }
  });

  it('[UP2] leaves no connection behind when it is closed', async () => {
    const lines = await Promise.all([
      open(shell),
      open({ ...shell, tty: false }),
      open({ kind: 'attach', ...place, pod: 'shell', tty: true }),
    ]);
    for (const { upstream } of lines) upstream.close();
    await until(async () => (await server.stats()).openSessions === 0);
  });
});
