import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clusterId } from '../../../src/upstream/clusters/kubeconfig.ts';
import { openClusters } from '../../../src/upstream/kubernetes/clusters.ts';
import type { Credential } from '../../../src/upstream/upstream.ts';
import { ManualClock } from '../clocks.ts';

const user: Credential = { kind: 'bearer', token: 'users-token' };
const pemFile = (name: string) => readFile(fileURLToPath(new URL(`../../support/tls/${name}`, import.meta.url)), 'utf8');

let directory: string;
let certificate: string;
let key: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'poseidon-kubeconfig-'));
  certificate = await pemFile('cert.pem');
  key = await pemFile('key.pem');
});
afterAll(() => rm(directory, { recursive: true }));

const write = async (name: string, text: string) => {
  await writeFile(join(directory, name), text);
  return join(directory, name);
};

interface Given {
  readonly user?: object;
  readonly cluster?: object;
  readonly context?: object;
  readonly whole?: object;
}

const kubeconfig = ({ user: given = { token: 'theirs' }, cluster = {}, context = {}, whole = {} }: Given) =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'admin@one',
    contexts: [
      { name: 'other', context: { cluster: 'two', user: 'someone' } },
      { name: 'admin@one', context: { cluster: 'one', user: 'someone', ...context } },
    ],
    clusters: [
      { name: 'one', cluster: { server: 'https://one.example:6443/base', 'certificate-authority-data': btoa(certificate), ...cluster } },
      { name: 'two', cluster: { server: 'https://two.example' } },
    ],
    users: [{ name: 'someone', user: given }],
    ...whole,
  });

const open = async (text: string, context?: string, clock = new ManualClock()) => {
  const file = await write('kubeconfig', text);
  const environment = { PATH: process.env['PATH'], FROM: 'outside', POSEIDON_REDIS_URL: 'redis://:hush@r' };
  return await openClusters({ kind: 'kubeconfig', file, environment, ...(context === undefined ? {} : { context }) }, clock);
};
const first = async (given: Given, clock?: ManualClock) => {
  const { clusters } = await open(kubeconfig(given), undefined, clock);
  const cluster = clusters.get(clusters.fixed()[0]?.id ?? '');
  if (!cluster) throw new Error('no cluster');
  return cluster;
};

describe('the contexts of a kubeconfig file', () => {
  it('[UP11] are the clusters of the picker, the current one first, with ids that a target can hold', async () => {
    const { clusters, problems } = await open(kubeconfig({ context: { namespace: 'mine' } }));
    expect(problems).toEqual([]);
    expect(clusters.fixed()).toEqual([
      { id: 'admin-one', name: 'admin@one' },
      { id: 'other', name: 'other' },
    ]);
    const cluster = clusters.get('admin-one');
    expect([cluster?.baseUrl.href, cluster?.namespace]).toEqual(['https://one.example:6443/base', 'mine']);
    expect(await cluster?.access(undefined)).toEqual({ headers: { Authorization: 'Bearer theirs' }, tls: { ca: certificate } });
  });

  it('[UP11] only one of them when it is named', async () => {
    const { clusters } = await open(kubeconfig({}), 'other');
    expect(clusters.fixed()).toEqual([{ id: 'other', name: 'other' }]);
  });

  it("[UP8] never send the relay's certificate with a user's credential", async () => {
    const cluster = await first({ user: { 'client-certificate-data': btoa(certificate), 'client-key-data': btoa(key) } });
    expect((await cluster.access(undefined)).tls).toEqual({ ca: certificate, cert: certificate, key });
    expect(await cluster.access(user)).toEqual({ headers: { Authorization: 'Bearer users-token' }, tls: { ca: certificate } });
  });

  it('[UP11] take insecure-skip-tls-verify, tls-server-name, a basic login', async () => {
    const way = { 'certificate-authority-data': '', 'insecure-skip-tls-verify': true, 'tls-server-name': 'inside' };
    const cluster = await first({ cluster: way, user: { username: 'kim', password: 'pä:ss' } });
    expect(await cluster.access(undefined)).toEqual({
      headers: { Authorization: `Basic ${Buffer.from('kim:pä:ss').toString('base64')}` },
      tls: { rejectUnauthorized: false, servername: 'inside' },
    });
  });

  it('[UP11] find files from the folder of the kubeconfig, and read them again when they rotate', async () => {
    await write('token', 'first\n');
    await write('ca.crt', certificate);
    const clock = new ManualClock();
    const files = { cluster: { 'certificate-authority-data': '', 'certificate-authority': 'ca.crt' }, user: { tokenFile: 'token' } };
    const cluster = await first(files, clock);
    expect(await cluster.access(undefined)).toEqual({ headers: { Authorization: 'Bearer first' }, tls: { ca: certificate } });
    await write('token', 'second\n');
    await write('ca.crt', `${certificate}\n${certificate}`);
    clock.advance(60_000);
    expect(await cluster.access(undefined)).toEqual({
      headers: { Authorization: 'Bearer second' },
      tls: { ca: `${certificate}\n${certificate}` },
    });
  });

  it('[UP11] keep a certificate and its key together while they rotate', async () => {
    await write('client.crt', certificate);
    await write('client.key', key);
    const clock = new ManualClock();
    const cluster = await first({ user: { 'client-certificate': 'client.crt', 'client-key': 'client.key' } }, clock);
    const pair = { ca: certificate, cert: certificate, key };
    expect((await cluster.access(undefined)).tls).toEqual(pair);
    await write(
      'client.key',
      generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    );
    clock.advance(60_000);
    expect((await cluster.access(undefined)).tls).toEqual(pair);
  });

  it('[UP11] run a credential plugin, with the variables they give and the environment, but for what is the relay’s own', async () => {
    const script = `printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s-%s-%s%s"}}' "$FROM" "$MORE" "$1" "$POSEIDON_REDIS_URL"`;
    await writeFile(join(directory, 'plugin'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: './plugin',
      args: ['argument'],
      env: [{ name: 'MORE', value: 'own' }],
      interactiveMode: 'Never',
    };
    const cluster = await first({ user: { exec } });
    expect((await cluster.access(undefined)).headers).toEqual({ Authorization: 'Bearer outside-own-argument' });
  });

  it('[UP11] that are wrong are left out with a reason, unless they are the current one', async () => {
    const broken = { clusters: [{ name: 'one', cluster: { server: 'https://one.example' } }] };
    const { clusters, problems } = await open(kubeconfig({ whole: broken }));
    expect(clusters.fixed()).toEqual([{ id: 'admin-one', name: 'admin@one' }]);
    expect(problems.map(({ message }) => message)).toEqual([
      `${join(directory, 'kubeconfig')}: context "other": context: cluster: the file has no cluster "two". Add it to clusters, or name another.`,
    ]);
    await expect(open(kubeconfig({ whole: { ...broken, 'current-context': 'other' } }))).rejects.toMatchObject({ code: 'bad-kubeconfig' });
  });

  it('[UP11] that would have one id are told apart', async () => {
    const contexts = ['a:b', 'a/b'].map((name) => ({ name, context: { cluster: 'one', user: 'someone' } }));
    const { clusters, problems } = await open(kubeconfig({ whole: { contexts, 'current-context': '' } }));
    expect(clusters.fixed()).toEqual([{ id: 'a-b', name: 'a:b' }]);
    expect(problems[0]?.message).toContain('context "a/b": has the same id as "a:b". Rename one.');
  });

  const secret = 'c2VjcmV0LXZhbHVl';
  it.each<[string, Given, string]>([
    ['no server', { cluster: { server: '' } }, 'context "admin@one": cluster "one": cluster: server: is missing. Give the URL'],
    ['a server that is none', { cluster: { server: 'one.example' } }, 'cluster: server: the server has to be an https URL. Correct it.'],
    ['a number as server', { cluster: { server: 6443 } }, 'server: is no text.'],
    ['socks', { cluster: { 'proxy-url': `socks5://kim:${secret}@proxy` } }, 'proxy-url: the proxy has to be an http or https URL'],
    ['no base64', { cluster: { 'certificate-authority-data': '***' } }, 'certificate-authority-data: is no base64.'],
    ['no certificate', { cluster: { 'certificate-authority-data': secret } }, 'certificate-authority-data: holds no certificate in PEM.'],
    [
      'no such file',
      { cluster: { 'certificate-authority-data': '', 'certificate-authority': 'nowhere.crt' } },
      'certificate-authority: the file /',
    ],
    ['a word for a flag', { cluster: { 'insecure-skip-tls-verify': 'yes' } }, 'insecure-skip-tls-verify: is neither true nor false.'],
    ['both of them', { cluster: { 'insecure-skip-tls-verify': true } }, 'insecure-skip-tls-verify: is given together with a certificate'],
    ['no cluster', { context: { cluster: '' } }, 'context "admin@one": context: cluster: is missing.'],
    ['an unknown user', { context: { user: 'nobody' } }, 'context: user: the file has no user "nobody". Add it to users, or name another.'],
    ['no key', { user: { 'client-certificate-data': 'CERT' } }, 'user "someone": user: client-key: is missing. Give both, or neither.'],
    [
      'a wrong key',
      { user: { 'client-certificate-data': 'CERT', 'client-key-data': secret } },
      'client-key-data: holds no private key in PEM',
    ],
    ['two ways to log in', { user: { token: secret, username: 'kim', password: secret } }, 'user: username: is given beside token.'],
    ['a token file that is gone', { user: { tokenFile: 'nowhere' } }, 'user: tokenFile: the file /'],
    ['impersonation', { user: { token: secret, as: 'kim' } }, 'user: as: is not supported.'],
    ['a provider of old', { user: { 'auth-provider': { name: 'gcp' } } }, 'user: auth-provider: is not supported any more. Use exec'],
    [
      'a plugin of old',
      { user: { exec: { command: 'x', apiVersion: 'client.authentication.k8s.io/v1alpha1' } } },
      'exec: apiVersion: is not',
    ],
    [
      'no command',
      { user: { exec: { apiVersion: 'client.authentication.k8s.io/v1' } } },
      'user "someone": user: exec: command: is missing.',
    ],
    [
      'a plugin for people',
      { user: { exec: { command: 'x', apiVersion: 'client.authentication.k8s.io/v1', interactiveMode: 'Always' } } },
      'exec: interactiveMode: asks for a person',
    ],
    [
      'numbers as arguments',
      { user: { exec: { command: 'x', apiVersion: 'client.authentication.k8s.io/v1', args: [1] } } },
      'exec: args: is no list of texts.',
    ],
    [
      'an unknown current context',
      { whole: { 'current-context': 'gone' } },
      'contexts: has no context "gone". Give one of: "other", "admin@one".',
    ],
    ['no contexts', { whole: { contexts: [], 'current-context': '' } }, 'contexts: is empty.'],
    ['contexts that are none', { whole: { contexts: 'all' } }, 'contexts: is no list.'],
  ])('[UP11] with %s: one message with file, context, field and what to do', async (_what, given, message) => {
    const text = kubeconfig(given).replace('"CERT"', JSON.stringify(btoa(certificate)));
    const failure = await open(text).catch((thrown: Error) => thrown);
    expect(failure).toMatchObject({ code: 'bad-kubeconfig' });
    const said = (failure as Error).message;
    expect(said).toContain(message);
    expect(said.startsWith(`${join(directory, 'kubeconfig')}: `)).toBe(true);
    expect(said).toMatch(/\. [A-Z].*\.$/);
    expect(said).not.toContain(secret);
  });

  it.each([
    ['not there', undefined, 'cannot be read (ENOENT)'],
    ['no YAML', `users: [{user: {token: ${'c2VjcmV0LXZhbHVl'}`, 'is no YAML'],
    ['a text', 'just words', 'holds no settings'],
    ['a list', '- a\n- b', 'holds no settings'],
    ['empty', '', 'holds no settings'],
    ['a bomb', `a: &a [1,1,1,1,1,1,1,1,1]\n${bomb()}`, 'has aliases that nobody can follow'],
    ['too large', `a: "${'x'.repeat(9 * 1024 * 1024)}"`, 'is larger than 8388608 bytes'],
  ])('[UP11] of a file that is %s: one message, without what it holds', async (_what, text, message) => {
    const file = text === undefined ? '/nowhere/kubeconfig' : await write('odd', text);
    const failure = await openClusters({ kind: 'kubeconfig', file, environment: {} }, new ManualClock()).catch((thrown: Error) => thrown);
    expect(failure).toMatchObject({ code: 'bad-kubeconfig', message: expect.stringContaining(`${file}: ${message}`) });
    expect((failure as Error).message).not.toContain('c2VjcmV0LXZhbHVl');
  });

  it.each([
    ['admin@prod:6443', 'admin-prod-6443'],
    ['arn:aws:eks:eu-1:12:cluster/name', 'arn-aws-eks-eu-1-12-cluster-name'],
    ['--', 'default'],
    ['plain_name.1', 'plain_name.1'],
  ])('[UP7] make an id of %s', (context, id) => {
    expect(clusterId(context)).toBe(id);
  });
});

/** Each line has nine times the one before. */
function bomb(): string {
  const names = [...'abcdefghij'];
  return names
    .slice(1)
    .map((name, index) => `${name}: &${name} [${Array(9).fill(`*${names[index]}`).join(',')}]`)
    .join('\n');
}
