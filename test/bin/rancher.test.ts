import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeRancher } from '../support/fake-rancher.ts';
import { type KubernetesServer, startKubernetesServer } from '../support/kubernetes-server.ts';
import { until } from '../support/until.ts';
import { PoseidonProcess } from './poseidon-process.ts';
import { firstPlace, get, Shell } from './shell.ts';

let cluster: KubernetesServer;
let rancher: FakeRancher;

beforeAll(async () => {
  cluster = await startKubernetesServer();
  const clusters = ['c-m-one', 'c-m-two', 'local', 'c-m-off', 'c-m-last'];
  rancher = await FakeRancher.start(
    cluster.httpUrl,
    clusters.map((id) => ({ id, name: `The ${id}`, state: id === 'c-m-off' ? 'unavailable' : 'active' })),
    new Map([
      [cluster.token, { id: 'u-admin', clusters }],
      [cluster.readonlyToken, { id: 'u-reader', clusters: ['c-m-two'] }],
    ]),
  );
}, 180_000);
afterAll(async () => {
  await rancher?.[Symbol.asyncDispose]();
  await cluster?.close();
});

describe('a whole Rancher', () => {
  it('[UP11] shows each user the clusters that Rancher shows them, over several pages, and opens a shell in them', async () => {
    await using relay = new PoseidonProcess(['--listen', '127.0.0.1:0', '--auth', 'passthrough', '--rancher', rancher.url]);
    const url = await relay.printed(/^(http:\S+)\/$/m);
    const [admin, reader] = [`R_SESS=${cluster.token}`, `R_SESS=${cluster.readonlyToken}`];
    expect(await get(url, '/v1/clusters', 'R_SESS=token-none:wrong')).toMatchObject({ status: 401 });
    expect(await get(url, '/v1/me', admin)).toMatchObject({ status: 200, auth: 'passthrough' });
    expect(await get(url, '/v1/clusters', admin)).toMatchObject({
      clusters: [
        { id: 'c-m-one', name: 'The c-m-one' },
        { id: 'c-m-two', name: 'The c-m-two' },
        { id: 'local', name: 'The local' },
        { id: 'c-m-off', name: 'The c-m-off', state: 'unavailable' },
        { id: 'c-m-last', name: 'The c-m-last' },
      ],
    });
    expect(rancher.asked.filter((line) => line.startsWith('GET /v3/clusters')).slice(-3)).toEqual([
      'GET /v3/clusters',
      'GET /v3/clusters?marker=2',
      'GET /v3/clusters?marker=4',
    ]);
    expect(await get(url, '/v1/clusters', reader)).toMatchObject({ clusters: [{ id: 'c-m-two' }] });
    expect(await get(url, '/v1/clusters/c-m-one/namespaces', reader)).toMatchObject({ status: 403 });
    expect(await get(url, '/v1/clusters/c-m-off/namespaces', admin)).toMatchObject({ status: 503, code: 'cluster-unreachable' });
    expect(await get(url, '/v1/clusters/c-m-none/namespaces', admin)).toMatchObject({ status: 404, code: 'cluster-not-found' });

    const place = await firstPlace(url, admin);
    using shell = new Shell(url, admin, { ...place, cluster: 'c-m-two' });
    await until(() => shell.text !== '');
    shell.client.type('echo in-$((6*7))\r');
    await shell.shows(/in-42/);
    expect(rancher.asked.some((line) => line.startsWith(`GET /k8s/clusters/c-m-two/api/v1/namespaces/${place.namespace}/pods/`))).toBe(
      true,
    );
    expect(relay.stdout + relay.stderr).not.toMatch(/token-\w+:/);
  });

  it('[UP11] lets the relay’s own token see its clusters where users have none', async () => {
    const files = ['--rancher', rancher.url, '--token-file', cluster.tokenFile];
    await using relay = new PoseidonProcess(['--listen', '127.0.0.1:0', '--auth', 'none', ...files]);
    const url = await relay.printed(/^(http:\S+)\/$/m);
    expect(await get(url, '/v1/clusters', '')).toMatchObject({ clusters: { length: 5 } });
  });

  it('[UP11] does not start where nobody answers, or its token is not accepted', async () => {
    const start = (...args: string[]) => new PoseidonProcess(['--listen', '127.0.0.1:0', '--auth', 'none', '--rancher', ...args]);
    await using wrong = start(rancher.url);
    expect(await wrong.exited()).toBe(1);
    expect(wrong.stderr).toContain('did not accept the credential');
    await using gone = start('http://127.0.0.1:9');
    expect(await gone.exited()).toBe(1);
    expect(gone.stderr).toContain('127.0.0.1:9: The cluster refuses connections');
  });
});
