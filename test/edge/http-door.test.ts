import { describe, expect, it } from 'vitest';
import type { Authenticator } from '../../src/auth/authenticator.ts';
import { NoneAuthenticator } from '../../src/auth/none-authenticator.ts';
import { PassthroughAuthenticator } from '../../src/auth/passthrough-authenticator.ts';
import { credentialContext } from '../../src/auth/seal.ts';
import type { SessionTicket } from '../../src/broker/broker.ts';
import { BrokerUnavailable } from '../../src/broker/broker.ts';
import type { SessionId } from '../../src/protocol/ids.ts';
import type { SessionRecord } from '../../src/session/session-record.ts';
import { UpstreamRefusal } from '../../src/upstream/upstream.ts';
import { read, request } from './http-requests.ts';
import { accessToken, TestEdge } from './test-edge.ts';

const bearer = { authorization: `Bearer ${accessToken}` };
const target = { kind: 'exec', cluster: 'local', namespace: 'default', pod: 'web-0', container: 'web', command: ['sh', '-c', 'ls'] };

async function cookieOf(edge: TestEdge): Promise<string> {
  const answer = await edge.door.answer(request('POST', '/v1/login', { json: { token: accessToken } }));
  return answer.headers['set-cookie']?.split(';')[0] ?? '';
}

describe('signing in', () => {
  it('[ED1] exchanges the token for a cookie, which then signs in', async () => {
    const edge = new TestEdge();
    expect(read(await edge.door.answer(request('GET', '/v1/me')))).toMatchObject({ status: 401, body: { code: 'unauthorized' } });
    const login = await edge.door.answer(request('POST', '/v1/login', { json: { token: accessToken } }));
    expect(login.status).toBe(204);
    expect(login.headers['set-cookie']).toMatch(/^poseidon_session=[^;]+; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Strict$/);
    const me = await edge.door.answer(request('GET', '/v1/me', { headers: { cookie: await cookieOf(edge) } }));
    expect(read(me)).toEqual({ status: 200, body: { auth: 'token', edge: 'edge-1', terminalActions: ['links'] } });
  });

  it('[ED1] tells a page where one signs in, before anybody has', async () => {
    const ask = async (auth?: Authenticator) => read(await new TestEdge(auth ? { auth } : {}).door.answer(request('GET', '/v1/login')));
    expect(await ask()).toEqual({ status: 200, body: { auth: 'token' } });
    expect(await ask(new PassthroughAuthenticator(async () => 'a', Date.now))).toEqual({ status: 200, body: { auth: 'passthrough' } });
  });

  it('[ED1] refuses a wrong token without a cookie, and logs neither', async () => {
    const edge = new TestEdge();
    for (const json of [{ token: 'wrong-wrong-wrong' }, { token: 7 }, {}]) {
      const answer = await edge.door.answer(request('POST', '/v1/login', { json }));
      expect(read(answer)).toMatchObject({ status: 401, body: { code: 'unauthorized' } });
      expect(answer.headers['set-cookie']).toBeUndefined();
    }
    await edge.door.answer(request('POST', '/v1/login', { json: { token: accessToken } }));
    expect(edge.logLines.length).toBe(4);
    expect(edge.logLines.join('')).not.toMatch(/wrong|correct-horse/);
  });

  it('[ED1] marks the cookie Secure behind TLS, its own or a proxy’s', async () => {
    const login = (edge: TestEdge, headers = {}) =>
      edge.door.answer(request('POST', '/v1/login', { json: { token: accessToken }, headers }));
    expect((await login(new TestEdge({ tls: true }))).headers['set-cookie']).toContain('; Secure');
    expect((await login(new TestEdge(), { 'x-forwarded-proto': 'https' })).headers['set-cookie']).toContain('; Secure');
  });

  it('[ED1] signs out by removing the cookie', async () => {
    const answer = await new TestEdge().door.answer(request('POST', '/v1/logout'));
    expect(answer.headers['set-cookie']).toContain('poseidon_session=; Path=/; Max-Age=0');
  });

  it('[ED1] needs no sign-in with auth none, and takes the cluster’s with pass-through', async () => {
    const none = new TestEdge({ auth: new NoneAuthenticator() });
    expect((await none.door.answer(request('GET', '/v1/me'))).status).toBe(200);
    expect((await none.door.answer(request('POST', '/v1/login', { json: {} }))).status).toBe(204);
    const passthrough = new TestEdge({ auth: new PassthroughAuthenticator(async () => 'alice', Date.now) });
    expect((await passthrough.door.answer(request('GET', '/v1/me', { headers: { cookie: 'R_SESS=x' } }))).status).toBe(200);
    expect(read(await passthrough.door.answer(request('POST', '/v1/login', { json: {} })))).toMatchObject({ body: { code: 'no-login' } });
  });

  it('[ED1] says when nobody can tell who it is', async () => {
    const auth = new PassthroughAuthenticator(async () => Promise.reject(new Error('down')), Date.now);
    const answer = await new TestEdge({ auth }).door.answer(request('GET', '/v1/me', { headers: { cookie: 'R_SESS=x' } }));
    expect(read(answer)).toMatchObject({ status: 503, body: { code: 'auth-unavailable' } });
    expect(answer.headers['retry-after']).toBe('2');
  });
});

describe('the guard before the HTTP door', () => {
  it('[ED1] refuses a foreign Host, but not to health checks', async () => {
    const edge = new TestEdge();
    const headers = { host: 'evil.example' };
    expect(read(await edge.door.answer(request('GET', '/v1/me', { headers })))).toMatchObject({ status: 421, body: { code: 'host' } });
    expect((await edge.door.answer(request('GET', '/healthz', { headers }))).status).toBe(200);
    expect((await edge.door.answer(request('GET', '/readyz', { headers }))).status).toBe(200);
  });

  it('[ED2] refuses a foreign Origin on every method', async () => {
    const edge = new TestEdge();
    const headers = { ...bearer, origin: 'https://evil.example' };
    for (const [method, path] of [
      ['POST', '/v1/login'],
      ['POST', '/v1/sessions'],
      ['GET', '/v1/me'],
      ['OPTIONS', '/v1/me'],
    ] as const) {
      const answer = await edge.door.answer(request(method, path, { headers, json: { token: accessToken } }));
      expect(read(answer)).toMatchObject({ status: 403, body: { code: 'origin' } });
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    }
    expect(edge.tickets.size).toBe(0);
  });

  it('[ED2] lets pages of an allowed origin call the API', async () => {
    const edge = new TestEdge({ allowedOrigins: ['https://ui.example'] });
    const headers = { ...bearer, origin: 'https://ui.example' };
    const preflight = await edge.door.answer(request('OPTIONS', '/v1/sessions', { headers }));
    expect(preflight).toMatchObject({ status: 204, headers: { 'access-control-allow-origin': 'https://ui.example' } });
    const answer = await edge.door.answer(request('POST', '/v1/sessions', { headers, json: target }));
    expect(answer).toMatchObject({ status: 201, headers: { 'access-control-allow-origin': 'https://ui.example' } });
  });
});

describe('sessions over HTTP', () => {
  it('gives a ticket for a checked target', async () => {
    const edge = new TestEdge();
    const answer = read(await edge.door.answer(request('POST', '/v1/sessions', { headers: bearer, json: target })));
    expect(answer).toMatchObject({ status: 201, body: { expiresInMs: 30_000 } });
    expect(answer.body['ticket']).toMatch(/^[\w-]{32}$/);
    const content = edge.tickets.get(String(answer.body['ticket']));
    expect(content).toEqual({
      target: { ...target, tty: true },
      subject: 'access-token',
      user: 'access-token',
      credential: '',
      detached: 'run',
      graceMs: 300_000,
    });
    expect(edge.logLines.join('')).not.toContain(String(answer.body['ticket']));
  });

  it('[FC7] answers 429 with the name of the limit when the edge would not take the socket that follows', async () => {
    const edge = new TestEdge();
    edge.full = 'this edge has all the sockets it takes (limit edge-sockets: 2)';
    const refused = await edge.door.answer(request('POST', '/v1/sessions', { headers: bearer, json: target }));
    expect(read(refused)).toMatchObject({ status: 429, body: { code: 'busy', message: expect.stringContaining('edge-sockets: 2') } });
    expect(refused.headers['retry-after']).toBeDefined();
    expect(edge.tickets.size).toBe(0);
    edge.full = undefined;
    expect((await edge.door.answer(request('POST', '/v1/sessions', { headers: bearer, json: target }))).status).toBe(201);
  });

  it('[UP8] seals the user’s credential into the ticket, for that cluster and user', async () => {
    const edge = new TestEdge({ auth: new PassthroughAuthenticator(async () => 'alice', Date.now) });
    const headers = { authorization: 'Bearer token-abc:hush' };
    const { ticket } = read(await edge.door.answer(request('POST', '/v1/sessions', { headers, json: target }))).body;
    const content = edge.tickets.get(String(ticket)) as SessionTicket | undefined;
    expect(content?.credential).not.toContain('hush');
    const context = credentialContext('local', content?.subject ?? '');
    expect(edge.sealer.open(content?.credential ?? '', context)).toEqual({ kind: 'bearer', token: 'token-abc:hush' });
  });

  it('[UP7] refuses a target that is none, saying which field', async () => {
    const edge = new TestEdge();
    const post = async (json: unknown) => read(await edge.door.answer(request('POST', '/v1/sessions', { headers: bearer, json })));
    expect(await post({ ...target, pod: '../../secrets' })).toMatchObject({ status: 400, body: { message: 'pod: not a pod name.' } });
    expect(await post([])).toMatchObject({ status: 400, body: { code: 'bad-json' } });
    const form = { headers: { ...bearer, 'content-type': 'text/plain' }, body: JSON.stringify(target) };
    expect(read(await edge.door.answer(request('POST', '/v1/sessions', form)))).toMatchObject({ status: 415 });
    expect(edge.tickets.size).toBe(0);
  });

  it('lists and ends one’s own sessions only', async () => {
    const edge = new TestEdge();
    const [mine, theirs, over] = ['mine-mine-mine-mine', 'they-they-they-they', 'over-over-over-over'] as SessionId[];
    const record = {
      target,
      size: { cols: 80, rows: 24 },
      createdAtMs: 0,
      keyHash: 'SECRET',
      credential: 'SECRET',
    } as unknown as SessionRecord;
    edge.sessions.set(mine as SessionId, { ...record, id: mine as SessionId, subject: 'access-token', state: 'owned' });
    edge.sessions.set(theirs as SessionId, { ...record, id: theirs as SessionId, subject: 'somebody', state: 'owned' });
    edge.sessions.set(over as SessionId, { ...record, id: over as SessionId, subject: 'access-token', state: 'ended' });
    const list = await edge.door.answer(request('GET', '/v1/sessions', { headers: bearer }));
    expect(read(list).body['sessions']).toMatchObject([{ id: mine, state: 'owned', createdAt: '1970-01-01T00:00:00.000Z' }, { id: over }]);
    expect(Buffer.from(list.body).toString()).not.toContain('SECRET');

    const end = async (id: string) => (await edge.door.answer(request('DELETE', `/v1/sessions/${id}`, { headers: bearer }))).status;
    expect([await end(String(theirs)), await end('nonsense'), await end(String(mine)), await end(String(over))]).toEqual([
      404, 404, 204, 204,
    ]);
    expect(edge.ended).toEqual([mine]);
  });

  it('says that the broker does not answer', async () => {
    const edge = new TestEdge();
    edge.failure = new BrokerUnavailable();
    const answer = await edge.door.answer(request('POST', '/v1/sessions', { headers: bearer, json: target }));
    expect(read(answer)).toMatchObject({ status: 503, body: { code: 'broker-unavailable' } });
  });
});

describe('the picker', () => {
  it('lists clusters, namespaces, pods with the user’s credential', async () => {
    const edge = new TestEdge({ auth: new PassthroughAuthenticator(async () => 'alice', Date.now) });
    const get = async (path: string) => read(await edge.door.answer(request('GET', path, { headers: { cookie: 'R_SESS=hush' } }))).body;
    expect(await get('/v1/clusters')).toEqual({
      clusters: [
        { id: 'local', name: 'Local' },
        { id: 'away', name: 'Away', state: 'unavailable' },
      ],
    });
    expect(await get('/v1/clusters/local/namespaces')).toEqual({ namespaces: ['default'] });
    expect(await get('/v1/clusters/local/namespaces/default/pods')).toMatchObject({ pods: [{ name: 'web-0' }] });
    const credential = { kind: 'rancher-cookie', value: 'hush' };
    expect(edge.asked).toEqual([
      [credential, 'local'],
      [credential, 'local', 'default'],
    ]);
  });

  it('[UP7] refuses names that are none', async () => {
    const edge = new TestEdge();
    for (const path of [
      '/v1/clusters/..%2f..%2fv3/namespaces',
      '/v1/clusters/a%3fb/namespaces',
      '/v1/clusters/local/namespaces/A%20B/pods',
    ]) {
      expect(read(await edge.door.answer(request('GET', path, { headers: bearer }))), path).toMatchObject({ status: 400 });
    }
    expect(read(await edge.door.answer(request('GET', '/v1/clusters/%E0%A4%A/namespaces', { headers: bearer })))).toMatchObject({
      status: 404,
    });
    expect(edge.asked).toEqual([]);
  });

  it('tells the refusals of the cluster apart', async () => {
    const edge = new TestEdge();
    const cases = [
      ['forbidden', false, 403, 'forbidden'],
      ['namespace-not-found', false, 404, 'namespace-not-found'],
      ['cluster-unreachable', true, 503, 'cluster-unreachable'],
      ['certificate', false, 502, 'certificate'],
      // The page must not ask for the access token again.
      ['relay-unauthorized', false, 502, 'relay-unauthorized'],
    ] as const;
    for (const [reason, retryable, status, code] of cases) {
      edge.failure = new UpstreamRefusal({ kind: 'refused', reason, message: 'A sentence.' }, retryable);
      const answer = read(await edge.door.answer(request('GET', '/v1/clusters/local/namespaces', { headers: bearer })));
      expect(answer).toMatchObject({ status, body: { code } });
    }
  });

  it('answers a bug without its details, and logs it once', async () => {
    const edge = new TestEdge();
    edge.failure = new TypeError('undefined is not SECRET');
    const answer = await edge.door.answer(request('GET', '/v1/clusters/local/namespaces', { headers: bearer }));
    expect(read(answer)).toMatchObject({ status: 500, body: { code: 'internal' } });
    expect(Buffer.from(answer.body).toString()).not.toContain('SECRET');
    expect(edge.logLines.length).toBe(1);
  });
});

describe('every answer', () => {
  it('carries the security headers', async () => {
    const edge = new TestEdge();
    for (const [method, path] of [
      ['GET', '/healthz'],
      ['GET', '/v1/me'],
      ['POST', '/v1/login'],
      ['GET', '/none'],
      ['PUT', '/v1/me'],
    ] as const) {
      const { headers } = await edge.door.answer(request(method, path));
      expect(headers, path).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'cache-control': 'no-store',
      });
    }
  });

  it('says what is not there, and what is not done', async () => {
    const edge = new TestEdge();
    expect(read(await edge.door.answer(request('GET', '/none')))).toMatchObject({ status: 404, body: { code: 'not-found' } });
    const answer = await edge.door.answer(request('PUT', '/v1/sessions'));
    expect(answer).toMatchObject({ status: 405, headers: { allow: 'POST, GET' } });
  });

  it('is ready or says why not', async () => {
    const edge = new TestEdge();
    edge.notReady = 'the broker does not answer';
    expect(read(await edge.door.answer(request('GET', '/readyz')))).toMatchObject({ status: 503, body: { code: 'not-ready' } });
    expect((await edge.door.answer(request('HEAD', '/healthz'))).status).toBe(200);
  });
});
