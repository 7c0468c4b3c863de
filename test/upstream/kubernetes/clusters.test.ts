import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openClusters } from '../../../src/upstream/kubernetes/clusters.ts';
import { credentialHeaders } from '../../../src/upstream/kubernetes/credential-headers.ts';
import { clusterId } from '../../../src/upstream/kubernetes/kubeconfig-cluster.ts';
import { inClusterServer, ServerCluster } from '../../../src/upstream/kubernetes/server-cluster.ts';
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

  it('[UP1] is the service account inside a cluster', async () => {
    await file('ca.crt', 'certificate');
    await file('token', 'account');
    const settings = inClusterServer({ host: 'fd00::1', port: '443', directory });
    expect(settings.server).toBe('https://[fd00::1]:443');
    const access = await new ServerCluster(settings, new ManualClock()).access(undefined);
    expect(access).toEqual({ headers: { Authorization: 'Bearer account' }, tls: { ca: 'certificate' } });
  });
});

describe('a cluster of a kubeconfig file', () => {
  const kubeconfig = (user: string, cluster = '') => `
apiVersion: v1
kind: Config
current-context: admin@one
contexts:
- { name: admin@one, context: { cluster: one, user: someone } }
- { name: other, context: { cluster: two, user: someone } }
clusters:
- { name: one, cluster: { server: "https://one.example:6443/base", certificate-authority-data: ${btoa('authority')}${cluster} } }
- { name: two, cluster: { server: "https://two.example" } }
users:
- { name: someone, user: ${user} }
`;
  const open = async (text: string, context?: string) => {
    const source = { kind: 'kubeconfig', file: await file('kubeconfig', text), ...(context ? { context } : {}) } as const;
    const clusters = await openClusters([source], new ManualClock());
    return clusters.get(clusters.list()[0]?.id ?? '');
  };

  it('[UP1] has its token, its authority and an id that a target can hold', async () => {
    const cluster = await open(kubeconfig('{ token: theirs }'));
    expect(cluster).toMatchObject({ id: 'admin-one', name: 'admin@one' });
    expect(cluster?.baseUrl.href).toBe('https://one.example:6443/base');
    expect(await cluster?.access(undefined)).toEqual({
      headers: { Authorization: 'Bearer theirs' },
      tls: { ca: Buffer.from('authority') },
    });
  });

  it("[UP8] never sends the relay's certificate with a user's credential", async () => {
    const data = `{ client-certificate-data: ${btoa('certificate')}, client-key-data: ${btoa('key')} }`;
    const cluster = await open(kubeconfig(data));
    expect((await cluster?.access(undefined))?.tls).toEqual({
      ca: Buffer.from('authority'),
      cert: Buffer.from('certificate'),
      key: Buffer.from('key'),
    });
    expect(await cluster?.access(user)).toEqual({
      headers: { Authorization: 'Bearer users-token' },
      tls: { ca: Buffer.from('authority') },
    });
  });

  it('[UP1] takes another context, insecure-skip-tls-verify and a server name', async () => {
    const cluster = await open(kubeconfig('{ token: t }'), 'other');
    expect(cluster?.baseUrl.host).toBe('two.example');
    const insecure = await open(kubeconfig('{ token: t }', ', insecure-skip-tls-verify: true, tls-server-name: inside'));
    expect((await insecure?.access(user))?.tls).toMatchObject({ rejectUnauthorized: false, servername: 'inside' });
  });

  it('[UP1] runs a credential plugin', async () => {
    const answer = JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: { token: 'plugged' } });
    const plugin = `{ exec: { apiVersion: client.authentication.k8s.io/v1, command: echo, args: ['${answer}'] } }`;
    expect((await (await open(kubeconfig(plugin)))?.access(undefined))?.headers).toEqual({ Authorization: 'Bearer plugged' });
    const failing = await open(kubeconfig('{ exec: { apiVersion: client.authentication.k8s.io/v1, command: "false" } }'));
    await expect(failing?.access(undefined)).rejects.toMatchObject({ facts: { kind: 'own-credential' } });
  });

  it('[UP1] says in one sentence what is wrong with the file', async () => {
    await expect(open(kubeconfig('{}'), 'no-such')).rejects.toMatchObject({ code: 'bad-kubeconfig' });
    await expect(open('not: [yaml')).rejects.toMatchObject({ code: 'bad-kubeconfig' });
    await expect(openClusters([{ kind: 'kubeconfig', file: '/nowhere' }], new ManualClock())).rejects.toMatchObject({
      code: 'bad-kubeconfig',
    });
  });

  it.each([
    ['admin@prod:6443', 'admin-prod-6443'],
    ['arn:aws:eks:eu-1:12:cluster/name', 'arn-aws-eks-eu-1-12-cluster-name'],
    ['--', 'default'],
    ['plain_name.1', 'plain_name.1'],
  ])('[UP7] makes an id of the context %s', (context, id) => {
    expect(clusterId(context)).toBe(id);
  });
});

describe('the clusters of a relay', () => {
  it('[UP1] have different ids', async () => {
    const source = { kind: 'server', server: 'https://api.example' } as const;
    await expect(openClusters([source, source], new ManualClock())).rejects.toMatchObject({ code: 'same-cluster' });
    const clusters = await openClusters([source, { ...source, id: 'two', name: 'The second' }], new ManualClock());
    expect(clusters.list()).toEqual([
      { id: 'default', name: 'default' },
      { id: 'two', name: 'The second' },
    ]);
    expect(clusters.get('three')).toBeUndefined();
  });
});
