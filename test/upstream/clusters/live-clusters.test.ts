import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock, systemRandom } from '../../../src/bin/system.ts';
import type { ExecTarget } from '../../../src/protocol/target.ts';
import type { Cluster } from '../../../src/upstream/kubernetes/cluster.ts';
import { Clusters, openClusters } from '../../../src/upstream/kubernetes/clusters.ts';
import { KubernetesApi } from '../../../src/upstream/kubernetes/kubernetes-api.ts';
import { KubernetesOpener } from '../../../src/upstream/kubernetes/kubernetes-opener.ts';
import type { Credential } from '../../../src/upstream/upstream.ts';
import { canRunKubernetesServer, type KubernetesServer, startKubernetesServer } from '../../support/kubernetes-server.ts';
import { until } from '../../support/until.ts';
import { Recorder } from '../recorder.ts';

/** Kubernetes' own server code, its TLS and its way of looking at certificates and tokens; kubeconfig files as people have them. */
describe.skipIf(!canRunKubernetesServer())("clusters of a kubeconfig, towards Kubernetes' own code", () => {
  let server: KubernetesServer;
  let directory: string;
  let api: KubernetesApi;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'poseidon-live-clusters-'));
    await writeFile(join(directory, 'servers-token'), 'token-first:secret\n');
    server = await startKubernetesServer(['--kill-orphans', '--token-file', join(directory, 'servers-token')]);
    api = new KubernetesApi({ clock: systemClock, version: '0.0.0' });
  }, 300_000);
  afterAll(async () => {
    api?.close();
    await server?.close();
    await rm(directory, { recursive: true });
  });

  const openCluster = async (user: object, cluster: object = {}): Promise<Cluster> => {
    const file = join(directory, 'kubeconfig');
    await writeFile(
      file,
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        'current-context': 'test',
        contexts: [{ name: 'test', context: { cluster: 'c', user: 'u', namespace: 'default' } }],
        clusters: [{ name: 'c', cluster: { server: server.url, 'certificate-authority': server.caFile, ...cluster } }],
        users: [{ name: 'u', user }],
      }),
    );
    const { clusters } = await openClusters({ kind: 'kubeconfig', file, environment: { PATH: process.env['PATH'] } }, systemClock);
    return clusters.get('test') as Cluster;
  };
  const name = (cluster: Cluster, credential?: Credential) => api.whoAmI({ cluster, credential }, AbortSignal.timeout(15_000));
  const target: ExecTarget = {
    kind: 'exec',
    cluster: 'test',
    namespace: 'default',
    pod: 'shell',
    container: 'main',
    tty: false,
    command: ['echo', 'here'],
  };
  const run = async (cluster: Cluster) => {
    const opener = new KubernetesOpener({ clusters: new Clusters([cluster]), clock: systemClock, random: systemRandom, version: '0.0.0' });
    const events = new Recorder();
    const request = { target, size: { cols: 80, rows: 24 }, credential: undefined, sessionId: 's' };
    await opener.open(request, events, new AbortController().signal);
    expect(await events.ends()).toMatchObject({ kind: 'exited', code: 0 });
    expect(events.text()).toBe('here\n');
  };
  const certificates = () => ({
    'client-certificate': join(server.stateDir, 'client.crt'),
    'client-key': join(server.stateDir, 'client.key'),
  });

  it('[UP11] lets the relay in by a client certificate, and never a user by the relay’s', async () => {
    const cluster = await openCluster(certificates());
    expect(await name(cluster)).toBe('poseidon-admin');
    await run(cluster);
    expect(await name(cluster, { kind: 'bearer', token: server.readonlyToken })).toBe('poseidon-readonly');
    await expect(name(cluster, { kind: 'bearer', token: 'wrong' })).rejects.toMatchObject({ end: { reason: 'unauthorized' } });
  });

  it('[UP11] takes the server’s name from tls-server-name, and trusts nobody else', async () => {
    await run(await openCluster(certificates(), { 'tls-server-name': 'kubernetes.default.svc' }));
    const wrong = await openCluster(certificates(), { 'tls-server-name': 'somebody.else' });
    await expect(name(wrong)).rejects.toMatchObject({ end: { reason: 'certificate' }, retryable: false });
    const unknown = await openCluster(certificates(), { 'certificate-authority': '' });
    await expect(run(unknown)).rejects.toMatchObject({ end: { reason: 'certificate' }, retryable: false });
    await run(await openCluster(certificates(), { 'certificate-authority': '', 'insecure-skip-tls-verify': true }));
  });

  it('[UP11] takes a token that was replaced at once when the old one is refused', async () => {
    const ours = join(directory, 'our-token');
    await writeFile(ours, 'token-first:secret');
    const cluster = await openCluster({ tokenFile: ours });
    await run(cluster);
    await writeFile(join(directory, 'servers-token'), 'token-second:secret\n');
    await expect(run(cluster)).rejects.toMatchObject({ end: { reason: 'relay-unauthorized' }, retryable: false });
    await writeFile(ours, 'token-second:secret');
    await run(cluster);
    expect(await name(cluster)).toBe('poseidon-admin');
  });

  it('[UP11] lets the relay in by a plugin’s token, and by its certificate', async () => {
    const plugin = async (status: object) => {
      const apiVersion = 'client.authentication.k8s.io/v1';
      const file = join(directory, 'answer.json');
      await writeFile(file, JSON.stringify({ apiVersion, kind: 'ExecCredential', status }));
      return await openCluster({ exec: { apiVersion, command: 'cat', args: [file], interactiveMode: 'Never' } });
    };
    await run(await plugin({ token: (await readFile(server.tokenFile, 'utf8')).trim() }));
    const { 'client-certificate': cert, 'client-key': key } = certificates();
    const pair = { clientCertificateData: await readFile(cert, 'utf8'), clientKeyData: await readFile(key, 'utf8') };
    await run(await plugin(pair));
    expect(await name(await plugin(pair))).toBe('poseidon-admin');
  });

  it('[UP11] goes through the proxy of proxy-url, with TLS to the cluster itself', async () => {
    const tunnels: string[] = [];
    let tunnelsOpen = 0;
    const proxy = createServer();
    proxy.on('connect', (request, socket) => {
      socket.on('error', () => {});
      if (request.headers['proxy-authorization'] !== `Basic ${btoa('kim:p@ss')}`) {
        socket.end('HTTP/1.1 407 No\r\n\r\n');
        return;
      }
      tunnels.push(request.url ?? '');
      const { hostname, port } = new URL(`http://${request.url}`);
      const inner = connect(Number(port), hostname, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        inner.pipe(socket).pipe(inner);
      });
      inner.on('error', () => socket.destroy());
      inner.on('close', () => socket.destroy());
      socket.on('close', () => (tunnelsOpen -= 1));
      tunnelsOpen += 1;
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const at = `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const through = (login: string) => openCluster(certificates(), { 'proxy-url': `http://${login}@${at}` });
    await run(await through('kim:p%40ss'));
    expect(await name(await through('kim:p%40ss'))).toBe('poseidon-admin');
    expect(tunnels).toEqual([new URL(server.url).host, new URL(server.url).host]);
    await expect(run(await through('kim:wrong'))).rejects.toMatchObject({ end: { reason: 'proxy-refused' }, retryable: false });
    await until(() => tunnelsOpen === 0);
    await new Promise((resolve) => proxy.close(resolve));
    const gone = await run(await through('kim:wrong')).catch((thrown: unknown) => thrown);
    expect(gone).toMatchObject({ end: { reason: 'proxy-failed' }, retryable: true });
    expect(JSON.stringify(gone)).not.toContain('wrong');
  });
});
