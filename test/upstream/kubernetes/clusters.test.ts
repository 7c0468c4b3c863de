import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Clusters, openClusters } from '../../../src/upstream/kubernetes/clusters.ts';
import { credentialHeaders } from '../../../src/upstream/kubernetes/credential-headers.ts';
import { ServerCluster } from '../../../src/upstream/kubernetes/server-cluster.ts';
import type { Credential } from '../../../src/upstream/upstream.ts';
import { ManualClock } from '../clocks.ts';

const user: Credential = { kind: 'bearer', token: 'users-token' };
const cookie: Credential = { kind: 'rancher-cookie', value: 'token-abc:secret' };

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'poseidon-clusters-'));
});
afterAll(() => rm(directory, { recursive: true }));

const file = async (name: string, text: string) => {
  await writeFile(join(directory, name), text);
  return join(directory, name);
};

describe('a cluster given by its URL', () => {
  it.each([
    ['https://rancher.example/k8s/clusters/c-m-1234', 'c-m-1234'],
    ['https://rancher.example/k8s/clusters/local/', 'local'],
    ['https://api.example:6443', 'default'],
    ['http://127.0.0.1:8001', 'default'],
    ['http://[::1]:8001', 'default'],
  ])('[UP1] takes %s as cluster %s', (server, id) => {
    expect(new ServerCluster({ server }, new ManualClock()).id).toBe(id);
  });

  it.each(['http://api.example', 'ftp://api.example', 'api.example', 'https://user:secret@api.example', 'https://api.example?a=1', ''])(
    '[UP8] does not take %s',
    (server) => {
      expect(() => new ServerCluster({ server }, new ManualClock())).toThrow(expect.objectContaining({ code: 'bad-server' }));
    },
  );

  it("[UP8] sends the relay's own token only where the user has none", async () => {
    const cluster = new ServerCluster({ server: 'https://api.example', token: 'own' }, new ManualClock());
    expect((await cluster.access(undefined)).headers).toEqual({ Authorization: 'Bearer own' });
    expect((await cluster.access(user)).headers).toEqual({ Authorization: 'Bearer users-token' });
    expect((await cluster.access(cookie)).headers).toEqual({ Cookie: 'R_SESS=token-abc:secret' });
  });

  it.each<Credential>([
    { kind: 'bearer', token: 'a\r\nX-Evil: 1' },
    { kind: 'bearer', token: '' },
    { kind: 'bearer', token: 'a b' },
    { kind: 'rancher-cookie', value: 'a; other=b' },
    { kind: 'rancher-cookie', value: 'a\nb' },
  ])('[UP8] carries no credential that is more than one header (%#)', (credential) => {
    expect(() => credentialHeaders(credential)).toThrow(expect.objectContaining({ facts: { kind: 'credential' } }));
  });

  it('[UP8] reads its token again when it was replaced, at most once a minute', async () => {
    const clock = new ManualClock();
    const tokenFile = await file('token', 'first\n');
    const cluster = new ServerCluster({ server: 'https://api.example', tokenFile }, clock);
    const header = async () => (await cluster.access(undefined)).headers['Authorization'];
    expect(await header()).toBe('Bearer first');
    await file('token', 'second\n');
    clock.advance(59_000);
    expect(await header()).toBe('Bearer first');
    clock.advance(1_000);
    expect(await header()).toBe('Bearer second');
    await rm(tokenFile);
    clock.advance(60_000);
    expect(await header()).toBe('Bearer second');
  });

  it('[UP3] says that the relay cannot read its own credential', async () => {
    const cluster = new ServerCluster({ server: 'https://api.example', tokenFile: join(directory, 'nowhere') }, new ManualClock());
    await expect(cluster.access(undefined)).rejects.toMatchObject({ facts: { kind: 'own-credential' } });
    expect((await cluster.access(user)).headers).toEqual({ Authorization: 'Bearer users-token' });
  });

  it('[UP11] is the service account inside a cluster, whose files rotate', async () => {
    await file('ca.crt', 'certificate');
    await file('token', 'account');
    await file('namespace', 'here\n');
    const clock = new ManualClock();
    const { clusters } = await openClusters({ kind: 'in-cluster', host: 'fd00::1', port: '443', directory }, clock);
    expect(clusters.fixed()).toEqual([{ id: 'local', name: 'local' }]);
    const cluster = clusters.get('local');
    expect([cluster?.baseUrl.href, cluster?.namespace]).toEqual(['https://[fd00::1]/', 'here']);
    expect(await cluster?.access(undefined)).toEqual({ headers: { Authorization: 'Bearer account' }, tls: { ca: 'certificate' } });
    await file('ca.crt', 'another certificate');
    await file('token', 'rotated');
    clock.advance(60_000);
    expect(await cluster?.access(undefined)).toEqual({ headers: { Authorization: 'Bearer rotated' }, tls: { ca: 'another certificate' } });
  });
});

describe('the clusters of a relay', () => {
  it('[UP1] have different ids', () => {
    const one = new ServerCluster({ server: 'https://api.example' }, new ManualClock());
    const two = new ServerCluster({ server: 'https://api.example', id: 'two', name: 'The second' }, new ManualClock());
    expect(() => new Clusters([one, one])).toThrow(expect.objectContaining({ code: 'same-cluster' }));
    const clusters = new Clusters([one, two]);
    expect(clusters.fixed()).toEqual([
      { id: 'default', name: 'default' },
      { id: 'two', name: 'The second' },
    ]);
    expect(clusters.get('three')).toBeUndefined();
  });
});
