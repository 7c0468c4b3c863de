import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/bin/system.ts';
import { startDemoCluster } from '../../../src/demo/demo-cluster.ts';
import type { Cluster } from '../../../src/upstream/kubernetes/cluster.ts';
import { KubernetesApi } from '../../../src/upstream/kubernetes/kubernetes-api.ts';
import { podSummary } from '../../../src/upstream/kubernetes/pod-summary.ts';
import { ServerCluster } from '../../../src/upstream/kubernetes/server-cluster.ts';
import { canRunKubernetesServer, startKubernetesServer } from '../../support/kubernetes-server.ts';

const never = new AbortController().signal;

describe('the questions of the picker, to the demo cluster', () => {
  let demo: Awaited<ReturnType<typeof startDemoCluster>>;
  let cluster: Cluster;
  const api = new KubernetesApi({ clock: systemClock, version: '0.0.0' });
  beforeAll(async () => {
    demo = await startDemoCluster({ clock: systemClock });
    cluster = new ServerCluster({ server: demo.url, token: demo.token }, systemClock);
  });
  afterAll(async () => {
    api.close();
    await demo.close();
  });

  it('[UP1] lists namespaces, pods and containers', async () => {
    const asker = { cluster, credential: undefined };
    expect(await api.namespaces(asker, never)).toEqual(['demo', 'system']);
    const pods = await api.pods(asker, 'demo', never);
    expect(pods.map(({ name }) => name)).toEqual(['web-0', 'toolbox', 'logger']);
    expect(await api.pod(asker, 'demo', 'web-0', never)).toEqual({
      name: 'web-0',
      phase: 'Running',
      containers: [
        { name: 'app', kind: 'container', state: 'running', ready: true },
        { name: 'sidecar', kind: 'container', state: 'running', ready: true },
      ],
    });
    expect(await api.whoAmI(asker, never)).toBe('demo');
    expect(await api.allowed(asker, { verb: 'create', resource: 'pods', subresource: 'exec', namespace: 'demo' }, never)).toBe(true);
  });

  it('[UP3] refuses with the same reasons as the sessions', async () => {
    const asker = { cluster, credential: undefined };
    await expect(api.pod(asker, 'demo', 'nobody', never)).rejects.toMatchObject({ end: { reason: 'pod-not-found' } });
    const stranger = { cluster, credential: { kind: 'bearer', token: 'wrong' } } as const;
    await expect(api.namespaces(stranger, never)).rejects.toMatchObject({ end: { reason: 'unauthorized' } });
    const nowhere = new ServerCluster({ server: 'http://127.0.0.1:1' }, systemClock);
    await expect(api.namespaces({ cluster: nowhere, credential: undefined }, never)).rejects.toMatchObject({
      end: { reason: 'connection-refused' },
    });
  });
});

describe.skipIf(!canRunKubernetesServer())("the questions of the picker, to Kubernetes' own code", () => {
  it("[UP1] are answered as the user's rights allow", async () => {
    await using server = await startKubernetesServer();
    const cluster = new ServerCluster({ server: server.url, token: server.token, caFile: server.caFile }, systemClock);
    const api = new KubernetesApi({ clock: systemClock, version: '0.0.0' });
    const own = { cluster, credential: undefined };
    const reader = { cluster, credential: { kind: 'bearer', token: server.readonlyToken } } as const;
    expect(await api.namespaces(reader, never)).toContain('default');
    const multi = await api.pod(own, 'default', 'multi', never);
    expect(multi.containers.map(({ name, kind }) => `${kind} ${name}`)).toEqual([
      'container app',
      'container sidecar',
      'init setup',
      'ephemeral debugger',
    ]);
    expect((await api.pods(own, 'default', never)).find(({ name }) => name === 'pending')?.phase).toBe('Pending');
    const question = { verb: 'create', resource: 'pods', subresource: 'exec', namespace: 'default', name: 'shell' };
    expect([await api.allowed(own, question, never), await api.allowed(reader, question, never)]).toEqual([true, false]);
    expect(await api.whoAmI(own, never)).not.toBe('');
    api.close();
  });

  it('[UP8] takes a certificate of nobody for what it is, and does not ask again', async () => {
    await using server = await startKubernetesServer();
    const cluster = new ServerCluster({ server: server.url, token: server.token }, systemClock);
    const api = new KubernetesApi({ clock: systemClock, version: '0.0.0' });
    await expect(api.namespaces({ cluster, credential: undefined }, never)).rejects.toMatchObject({
      end: { reason: 'certificate' },
      retryable: false,
    });
    api.close();
  });

  it("[UP1] go through Rancher's paths with Rancher's cookie", async () => {
    await using server = await startKubernetesServer();
    const cluster = new ServerCluster({ server: `${server.url}/k8s/clusters/c-1`, caFile: server.caFile }, systemClock);
    const api = new KubernetesApi({ clock: systemClock, version: '0.0.0' });
    const credential = { kind: 'rancher-cookie', value: server.token } as const;
    expect(await api.namespaces({ cluster, credential }, never)).toContain('default');
    api.close();
  });
});

describe('the summary of a pod', () => {
  it('[UP1] reads what is there, whatever is missing', () => {
    expect(podSummary(undefined)).toEqual({ name: '', phase: 'Unknown', containers: [] });
    expect(
      podSummary({ metadata: { name: 'a', deletionTimestamp: 'now' }, spec: { containers: 'x' }, status: { phase: 'Running' } }),
    ).toEqual({
      name: 'a',
      phase: 'Terminating',
      containers: [],
    });
    const waiting = { name: 'c', ready: false, state: { waiting: { reason: 'CrashLoopBackOff' } } };
    expect(
      podSummary({
        metadata: { name: 'b' },
        spec: { containers: [{ name: 'c' }, { name: 'd' }] },
        status: { phase: 'Pending', reason: 'Evicted', containerStatuses: [waiting] },
      }),
    ).toEqual({
      name: 'b',
      phase: 'Pending',
      reason: 'Evicted',
      containers: [
        { name: 'c', kind: 'container', state: 'waiting', ready: false, reason: 'CrashLoopBackOff' },
        { name: 'd', kind: 'container', state: 'unknown', ready: false },
      ],
    });
  });
});
