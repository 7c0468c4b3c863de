import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { IdentityProvider } from '../support/identity-provider.ts';
import { type KubernetesServer, type ServerSession, startKubernetesServer } from '../support/kubernetes-server.ts';
import { until } from '../support/until.ts';
import { PoseidonProcess } from './poseidon-process.ts';
import { get, Shell } from './shell.ts';

let cluster: KubernetesServer;
let provider: IdentityProvider;

beforeAll(async () => {
  [cluster, provider] = await Promise.all([startKubernetesServer(), IdentityProvider.start()]);
}, 180_000);
afterAll(async () => {
  await cluster.close();
  await provider[Symbol.asyncDispose]();
});

const grants = JSON.stringify([
  { groups: ['poseidon-shells', 'others'], may: ['exec', 'attach', 'log'], namespaces: ['default'], pods: ['shell', 'multi'] },
  { users: ['reader'], may: ['log'] },
]);
const place = { cluster: 'default', namespace: 'default', pod: 'shell', container: 'main' };
const exec = '/api/v1/namespaces/default/pods/shell/exec?container=main&stdout=1&stdin=1&command=cat';

/** A relay for the provider's users, whose own credential is the cluster's admin or somebody with fewer rights. */
async function startRelay(tokenFile = cluster.tokenFile, server = cluster.url) {
  const upstream = ['--server', server, '--ca-file', cluster.caFile, '--token-file', tokenFile];
  const jwt = [
    '--auth',
    'jwt',
    '--jwt-issuer',
    provider.url,
    '--jwt-audience',
    'poseidon',
    '--jwt-cookie',
    'idtoken',
    '--jwt-extra-claims',
    'tenant',
  ];
  const listen = ['--listen', '127.0.0.1:0', '--kubernetes-listen', '127.0.0.1:0', '--log-format', 'json'];
  const process = new PoseidonProcess([...listen, ...upstream, ...jwt, '--grants', grants]);
  const url = await process.printed(/^(http:\S+)\/$/m);
  const dropIn = `127.0.0.1:${await process.printed(/"port":(\d+)[^\n]*"drop-in door listens"/)}`;
  return { process, url, dropIn, [Symbol.asyncDispose]: () => process[Symbol.asyncDispose]() };
}

const cookieOf = async (claims: object) => `idtoken=${await provider.token(claims as Record<string, unknown>)}`;

async function sessionsOf(user: string): Promise<readonly ServerSession[]> {
  return (await cluster.stats()).sessions.filter((session) => session.user === user);
}

/** @returns the socket once it is open, or the refusal */
async function dial(
  address: string,
  path: string,
  headers: Record<string, string>,
): Promise<WebSocket | { status: number | undefined; body: string }> {
  const socket = new WebSocket(`ws://${address}${path}`, ['v5.channel.k8s.io'], { headers });
  socket.on('error', () => {});
  const refused = new Promise<{ status: number | undefined; body: string }>((resolve) => {
    socket.on('unexpected-response', async (_request, response: IncomingMessage) => {
      let body = '';
      for await (const part of response) body += part;
      resolve({ status: response.statusCode, body });
    });
  });
  const opened = once(socket, 'open').then(() => socket);
  opened.catch(() => {});
  return Promise.race([opened, refused]);
}

/** A proxy that hands on the headers it knows. */
async function startStripping(target: string): Promise<AsyncDisposable & { readonly url: string }> {
  const { hostname, port } = new URL(target);
  const server = createServer((asked, answer) => {
    const headers = Object.fromEntries(Object.entries(asked.headers).filter(([name]) => !name.startsWith('impersonate-')));
    const onward = request({ hostname, port, method: asked.method, path: asked.url, headers }, (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(answer);
    });
    asked.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

describe('users of an OpenID provider, towards Kubernetes’ own code', () => {
  it('[UP10] acts for its user by the page’s door: the cluster sees name, groups and extra, and decides', async () => {
    await using relay = await startRelay();
    const ann = await cookieOf({ sub: 'ännchen', groups: ['poseidon-shells', 'staff'], tenant: 'blue' });
    expect(await get(relay.url, '/v1/me', '')).toMatchObject({ status: 401, code: 'unauthorized' });
    expect(await get(relay.url, '/v1/me', ann)).toMatchObject({ status: 200, auth: 'jwt' });
    {
      using shell = new Shell(relay.url, ann, place);
      await until(() => shell.text !== '');
      const seen = { user: 'ännchen', groups: ['poseidon-shells', 'staff', 'system:authenticated'], extra: { tenant: ['blue'] } };
      expect(await sessionsOf('ännchen')).toMatchObject([seen]);
      shell.client.cut();
      shell.client.type('echo again-$((6*7))\r');
      await shell.shows(/again-42/);
    }
    // Granted here, but not by the cluster.
    using refused = new Shell(relay.url, await cookieOf({ sub: 'bob', groups: ['others'] }), place);
    await until(() => refused.client.state.connection.kind === 'ended');
    expect(refused.client.state.connection).toMatchObject({ reason: { kind: 'refused', reason: 'forbidden' } });
  });

  it('[ED4] what no grant names is refused by both doors, and not listed', async () => {
    await using relay = await startRelay();
    const token = await provider.token({ sub: 'reader', groups: ['poseidon-shells-not'] });
    const open = (body: object) =>
      fetch(`${relay.url}/v1/sessions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    const refused = await open({ kind: 'exec', tty: true, command: [], ...place });
    expect([refused.status, await refused.json()]).toMatchObject([
      403,
      { code: 'not-granted', message: expect.stringMatching(/run commands in pod shell/) },
    ]);
    expect((await open({ kind: 'log', ...place })).status).toBe(201);
    const headers = { authorization: `Bearer ${token}` };
    const answer = await dial(relay.dropIn, exec, headers);
    if (answer instanceof WebSocket) throw new Error('it was let in');
    expect([answer.status, JSON.parse(answer.body)]).toMatchObject([
      403,
      { kind: 'Status', reason: 'Forbidden', message: expect.stringMatching(/No grant/) },
    ]);
    const shells = await cookieOf({ sub: 'ann', groups: ['poseidon-shells'] });
    const { namespaces } = (await get(relay.url, '/v1/clusters/default/namespaces', shells)) as { namespaces: string[] };
    expect(namespaces).toEqual(['default']);
    const { pods } = (await get(relay.url, '/v1/clusters/default/namespaces/default/pods', shells)) as { pods: { name: string }[] };
    expect(pods.map(({ name }) => name).sort()).toEqual(['multi', 'shell']);
    expect(await get(relay.url, '/v1/clusters', await cookieOf({ sub: 'nobody' }))).toMatchObject({ clusters: [] });
  });

  it('[UP10] acts for its user by the drop-in door, and lets no client say for whom', async () => {
    await using relay = await startRelay();
    const authorization = `Bearer ${await provider.token({ sub: 'carl', groups: ['poseidon-shells'] })}`;
    const socket = await dial(relay.dropIn, exec, { authorization, 'user-agent': 'browser', cookie: 'other=1' });
    if (!(socket instanceof WebSocket)) throw new Error(socket.body);
    expect(await sessionsOf('carl')).toMatchObject([{ groups: ['poseidon-shells', 'system:authenticated'] }]);
    socket.terminate();
    for (const name of ['Impersonate-User', 'Impersonate-Group', 'Impersonate-Uid', 'impersonate-user']) {
      const answer = await dial(relay.dropIn, exec, { authorization, [name]: 'poseidon-admin' });
      expect(answer, name).toMatchObject({ status: 403 });
    }
    // The relay knows no header of that kind but its own: what it does not look for does not go on either.
    const extra = await dial(relay.dropIn, exec, { authorization, 'Impersonate-Extra-Scopes': 'all', 'Impersonate-Extra-Tenant': 'red' });
    if (!(extra instanceof WebSocket)) throw new Error(extra.body);
    await until(async () =>
      (await sessionsOf('carl')).some((session) => session.extra === null || Object.keys(session.extra).length === 0),
    );
    expect((await sessionsOf('carl')).every(({ extra: seen }) => Object.keys(seen ?? {}).length === 0)).toBe(true);
    extra.terminate();
    expect(await sessionsOf('poseidon-admin')).toEqual([]);
  });

  it('[ED1] refusals are coded, by both doors', async () => {
    await using relay = await startRelay();
    const old = await provider.token({ exp: Math.floor(Date.now() / 1000) - 100 });
    expect(await get(relay.url, '/v1/me', `idtoken=${old}`)).toMatchObject({ status: 401, code: 'token-expired' });
    expect(await get(relay.url, '/v1/me', await cookieOf({ aud: 'other' }))).toMatchObject({ status: 401, code: 'token-audience' });
    const answer = await dial(relay.dropIn, exec, { authorization: `Bearer ${old}` });
    expect(answer).toMatchObject({ status: 401, body: expect.stringMatching(/Unauthorized: The token has expired/) });
    const page = new WebSocket(`${relay.url.replace('http', 'ws')}/v1/attach`, 'poseidon.v1', { headers: { cookie: `idtoken=${old}` } });
    expect((await once(page, 'close'))[0]).toBe(4502);
    expect(relay.process.stderr).not.toContain(old);
  });

  it('[UP10] opens nothing where something in between leaves out for whom: its users would be the relay', async () => {
    await using stripping = await startStripping(cluster.httpUrl);
    await using relay = await startRelay(cluster.tokenFile, stripping.url);
    const token = await provider.token({ groups: ['poseidon-shells'] });
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ kind: 'exec', tty: true, command: [], ...place });
    const page = await fetch(`${relay.url}/v1/sessions`, { method: 'POST', headers, body });
    expect([page.status, await page.json()]).toMatchObject([502, { code: 'impersonation-ignored' }]);
    const answer = await dial(relay.dropIn, exec, { authorization: `Bearer ${token}` });
    expect(answer).toMatchObject({ status: 502, body: expect.stringContaining('Impersonate') });
    expect(await sessionsOf('poseidon-admin')).toEqual([]);
  });

  it('[UP10] says that the cluster does not let the relay act for others', async () => {
    await using relay = await startRelay(`${cluster.stateDir}/readonly-token`);
    const token = await provider.token({ groups: ['poseidon-shells'] });
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ kind: 'exec', tty: true, command: [], ...place });
    const page = await fetch(`${relay.url}/v1/sessions`, { method: 'POST', headers, body });
    expect([page.status, await page.json()]).toMatchObject([502, { code: 'relay-may-not-impersonate' }]);
    expect(await dial(relay.dropIn, exec, { authorization: `Bearer ${token}` })).toMatchObject({
      status: 502,
      body: expect.stringContaining('impersonate'),
    });
  });
});
