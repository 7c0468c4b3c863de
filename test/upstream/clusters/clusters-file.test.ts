import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openClusters } from '../../../src/upstream/kubernetes/clusters.ts';
import { ManualClock } from '../clocks.ts';

let directory: string;
const pems: { [name: string]: string } = {};
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'poseidon-clusters-file-'));
  for (const name of ['cert.pem', 'key.pem']) {
    pems[name] = await readFile(fileURLToPath(new URL(`../../support/tls/${name}`, import.meta.url)), 'utf8');
    await writeFile(join(directory, name), pems[name]);
  }
  await writeFile(join(directory, 'token'), 'relays-own\n');
  await writeFile(
    join(directory, 'kubeconfig'),
    JSON.stringify({
      contexts: [{ name: 'theirs', context: { cluster: 'c', user: 'u' } }],
      clusters: [{ name: 'c', cluster: { server: 'https://two.example' } }],
      users: [{ name: 'u', user: { token: 'theirs' } }],
    }),
  );
});
afterAll(() => rm(directory, { recursive: true }));

const open = async (text: string) => {
  const file = join(directory, 'clusters.yaml');
  await writeFile(file, text);
  return (await openClusters({ kind: 'clusters-file', file, environment: {} }, new ManualClock())).clusters;
};

const whole = `
# What an operator writes by hand.
clusters:
  - id: production
    name: Production, EU
    server: https://one.example:6443
    caFile: cert.pem
    tokenFile: token
    namespace: web
    tlsServerName: inside
  - id: certificates
    server: https://one.example:6443
    clientCertificateFile: cert.pem
    clientKeyFile: key.pem
    insecureSkipTlsVerify: true
  - id: edge-3
    kubeconfig: kubeconfig
    context: theirs
`;

describe('a clusters file', () => {
  it('[UP11] has several clusters, each with its own way to log in', async () => {
    const clusters = await open(whole);
    expect(clusters.fixed()).toEqual([
      { id: 'production', name: 'Production, EU' },
      { id: 'certificates', name: 'certificates' },
      { id: 'edge-3', name: 'edge-3' },
    ]);
    expect(await clusters.get('production')?.access(undefined)).toEqual({
      headers: { Authorization: 'Bearer relays-own' },
      tls: { ca: pems['cert.pem'], servername: 'inside' },
    });
    expect(clusters.get('production')?.namespace).toBe('web');
    expect(await clusters.get('certificates')?.access(undefined)).toEqual({
      headers: {},
      tls: { cert: pems['cert.pem'], key: pems['key.pem'], rejectUnauthorized: false },
    });
    expect((await clusters.get('edge-3')?.access(undefined))?.headers).toEqual({ Authorization: 'Bearer theirs' });
  });

  const one = (fields: string) => `clusters: [{ id: one, server: "https://one.example", ${fields} }]`;
  it.each([
    ['no list', 'clusters: {}', 'clusters: is no list.'],
    ['nothing', '{ clusters: [] }', 'clusters: is empty.'],
    ['another word on top', 'cluster: []', 'cluster: is no field here. Give only: clusters.'],
    ['no id', 'clusters: [{ server: "https://one.example" }]', 'cluster number 1: id: is missing.'],
    ['an id with a slash', 'clusters: [{ id: a/b, server: "https://one.example" }]', 'cluster number 1: id: is no id.'],
    [
      'one id twice',
      'clusters: [{ id: a, server: "https://one.example" }, { id: a, server: "https://b" }]',
      `id: "a" is another cluster's too.`,
    ],
    ['no server', 'clusters: [{ id: a }]', 'server: is missing.'],
    [
      'http over the net',
      'clusters: [{ id: a, server: "http://one.example" }]',
      'server: a server on another machine has to be reached by https.',
    ],
    ['a misspelt field', one('cafile: x'), 'cafile: is no field here. Give only: id, name, server'],
    ['a token in it', one('token: secret'), 'token: is no field here.'],
    ['no token file', one('tokenFile: nowhere'), 'tokenFile: the file /'],
    ['a key as authority', one('caFile: key.pem'), 'caFile: holds no certificate in PEM.'],
    ['no key', one('clientCertificateFile: cert.pem'), 'clientKeyFile: is missing. Give both, or neither.'],
    [
      'a proxy for http',
      'clusters: [{ id: a, server: "http://127.0.0.1", proxyUrl: "http://p" }]',
      'proxyUrl: a proxy is for https servers only.',
    ],
    ['both ways', one('kubeconfig: kubeconfig'), 'server: is no field here. Give only: id, name, kubeconfig, context.'],
  ])('[UP11] with %s: one message with file, cluster, field and what to do', async (_what, text, message) => {
    const failure = await open(text).catch((thrown: Error) => thrown);
    expect(failure).toMatchObject({ code: 'bad-clusters-file', message: expect.stringContaining(message) });
    expect((failure as Error).message.startsWith(`${join(directory, 'clusters.yaml')}: `)).toBe(true);
  });

  it('[UP11] says what is wrong in a kubeconfig that it names', async () => {
    await expect(open('clusters: [{ id: a, kubeconfig: kubeconfig, context: other }]')).rejects.toMatchObject({
      code: 'bad-kubeconfig',
      message: expect.stringContaining(`${join(directory, 'kubeconfig')}: contexts: has no context "other". Give one of: "theirs".`),
    });
  });
});
