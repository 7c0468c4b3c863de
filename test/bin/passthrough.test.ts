import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type KubernetesServer, startKubernetesServer } from '../support/kubernetes-server.ts';
import { until } from '../support/until.ts';
import { PoseidonProcess } from './poseidon-process.ts';
import { firstPlace, get, Shell } from './shell.ts';

let cluster: KubernetesServer;

beforeAll(async () => {
  cluster = await startKubernetesServer();
}, 180_000);
afterAll(() => cluster.close());

describe('pass-through of the user’s own credential, towards Kubernetes’ own code behind a Rancher path', () => {
  it('[ED1] the cookie R_SESS gives what its user may do, and no more', async () => {
    const server = ['--server', `${cluster.url}/k8s/clusters/c-m-test`, '--ca-file', cluster.caFile];
    await using relay = new PoseidonProcess(['--listen', '127.0.0.1:0', '--auth', 'passthrough', ...server]);
    const url = await relay.printed(/^(http:\S+)\/$/m);
    const [admin, readonly] = [`R_SESS=${cluster.token}`, `R_SESS=${cluster.readonlyToken}`];
    expect(await get(url, '/v1/me', '')).toMatchObject({ status: 401 });
    expect(await get(url, '/v1/me', 'R_SESS=token-none:wrong')).toMatchObject({ status: 401, code: 'unauthorized' });
    expect(await get(url, '/v1/me', admin)).toMatchObject({ status: 200, auth: 'passthrough' });
    expect(await get(url, '/v1/clusters', admin)).toMatchObject({ clusters: [{ id: 'c-m-test' }] });

    const place = await firstPlace(url, admin);
    {
      using shell = new Shell(url, admin, place);
      await until(() => shell.text !== '');
      shell.client.type('echo mine-$((6*7))\r');
      await shell.shows(/mine-42/);
      // The credential was sealed on its way to the worker, and a fresh check lets its user come back.
      shell.client.cut();
      shell.client.type('echo again-$((6*7))\r');
      await shell.shows(/again-42/);
      expect(shell.client.connects).toBe(2);
      expect(await get(url, '/v1/sessions', admin)).toMatchObject({ sessions: [{ target: place }] });
      expect(await get(url, '/v1/sessions', readonly)).toMatchObject({ sessions: [] });
    }
    using refused = new Shell(url, readonly, place);
    await until(() => refused.client.state.connection.kind === 'ended');
    expect(refused.client.state.connection).toMatchObject({ reason: { kind: 'refused', reason: 'forbidden' } });
    expect(relay.stdout + relay.stderr).not.toMatch(/token-\w+:/);
  });
});
