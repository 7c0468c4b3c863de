import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { systemClock, systemRandom } from '../../src/bin/system.ts';
import { failureAnswer } from '../../src/edge/http/failure-answer.ts';
import { Clusters } from '../../src/upstream/kubernetes/clusters.ts';
import { KubernetesApi } from '../../src/upstream/kubernetes/kubernetes-api.ts';
import { KubernetesOpener } from '../../src/upstream/kubernetes/kubernetes-opener.ts';
import { ServerCluster } from '../../src/upstream/kubernetes/server-cluster.ts';
import { type Credential, UpstreamRefusal } from '../../src/upstream/upstream.ts';
import { endNotice } from '../../src/web/end-notice.ts';
import { answer, OddServer } from './odd-server.ts';
import { Recorder } from './recorder.ts';

const user: Credential = { kind: 'bearer', token: 'users-token' };
const status = (code: number, message: string, more: object = {}) =>
  JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code, ...more });
const waiting = (why: string) => status(400, `container "app" in pod "web" is waiting to start: ${why}`, { reason: 'BadRequest' });

interface Case {
  /** Of facts section 8. */
  readonly number: number;
  readonly what: string;
  readonly kind?: 'exec' | 'log';
  /** Status line and header lines. */
  readonly head: string;
  readonly body?: string;
  /** Whose credential; default: a user's. */
  readonly own?: true;
  readonly reason: string;
  readonly says: string;
  /** In milliseconds not before; false: not at all. */
  readonly retry: false | number;
  /** The picker's HTTP status when it meets the same; absent: it cannot. */
  readonly picker?: number;
}

const cases: readonly Case[] = [
  {
    number: 9,
    what: 'no container named',
    head: '400 Bad Request',
    body: status(
      400,
      'a container name must be specified for pod web, choose one of: [app sidecar] or one of the init containers: [setup]',
    ),
    reason: 'wrong-container',
    says: 'choose one of: [app sidecar] or one of the init containers: [setup]',
    retry: false,
  },
  {
    number: 9,
    what: 'a container that is not there',
    head: '400 Bad Request',
    body: status(400, 'container nobody is not valid for pod web'),
    reason: 'wrong-container',
    says: 'container nobody is not valid for pod web',
    retry: false,
  },
  {
    number: 10,
    what: "a user's token that is not accepted",
    head: '401 Unauthorized',
    body: status(401, 'Unauthorized'),
    reason: 'unauthorized',
    says: 'log in again',
    retry: false,
    picker: 401,
  },
  {
    number: 10,
    what: "the relay's own token that is not accepted",
    head: '401 Unauthorized',
    body: status(401, 'Unauthorized'),
    own: true,
    reason: 'relay-unauthorized',
    says: 'its operator has to renew it',
    retry: false,
    picker: 502,
  },
  {
    number: 11,
    what: 'a missing right',
    head: '403 Forbidden',
    body: status(403, 'pods "web" is forbidden: User "u-1" cannot create resource "pods/exec" in API group "" in the namespace "ns"'),
    reason: 'forbidden',
    says: 'The right to "create" on "pods/exec" is missing. Opening it takes both "get" and "create" on "pods/exec" (from Kubernetes 1.35).',
    retry: false,
    picker: 403,
  },
  {
    number: 12,
    what: 'no subprotocol that it knows',
    head: '403 Forbidden',
    reason: 'protocol-unsupported',
    says: 'knows none of the protocols',
    retry: false,
  },
  {
    number: 13,
    what: 'a foreign origin',
    head: '403 Forbidden',
    body: 'origin not allowed',
    reason: 'origin-not-allowed',
    says: 'refused the origin',
    retry: false,
  },
  {
    number: 13,
    what: 'shells that were switched off',
    head: '403 Forbidden',
    body: '{"type":"error","status":403,"message":"pod-shell feature is disabled"}',
    reason: 'shell-disabled',
    says: 'switched off by the administrator of this Rancher',
    retry: false,
    picker: 403,
  },
  {
    number: 14,
    what: 'a pod that is gone',
    head: '404 Not Found',
    body: status(404, 'pods "web" not found', { reason: 'NotFound', details: { name: 'web', kind: 'pods' } }),
    reason: 'pod-not-found',
    says: 'The pod does not exist',
    retry: false,
    picker: 404,
  },
  {
    number: 14,
    what: 'a cluster that Rancher does not know',
    head: '404 Not Found',
    body: 'No cluster available',
    reason: 'cluster-not-found',
    says: 'The cluster does not exist, or this user may not see it',
    retry: false,
    picker: 404,
  },
  {
    number: 15,
    what: 'an upgrade that was taken off on the way',
    head: '400 Bad Request',
    body: status(400, 'Upgrade request required'),
    reason: 'upgrade-stripped',
    says: 'removes WebSocket upgrades',
    retry: false,
  },
  {
    number: 16,
    what: 'a log of a pod without a node',
    kind: 'log',
    head: '204 No Content',
    reason: 'not-scheduled',
    says: 'has not been given a node yet',
    retry: 0,
  },
  {
    number: 16,
    what: 'a pod without a node',
    head: '400 Bad Request',
    body: status(400, 'pod web does not have a host assigned'),
    reason: 'not-scheduled',
    says: 'has not been given a node yet',
    retry: 0,
  },
  {
    number: 17,
    what: 'a container that is being made',
    kind: 'log',
    head: '400 Bad Request',
    body: waiting('ContainerCreating'),
    reason: 'container-waiting',
    says: 'has not started yet: container "app" in pod "web" is waiting to start: ContainerCreating',
    retry: 0,
  },
  {
    number: 17,
    what: 'an image that cannot be pulled',
    kind: 'log',
    head: '400 Bad Request',
    body: waiting('trying and failing to pull image'),
    reason: 'image-pull',
    says: 'its image cannot be pulled',
    retry: 0,
  },
  { number: 18, what: 'a 410', head: '410 Gone', reason: 'gone', says: 'start over', retry: false, picker: 410 },
  {
    number: 18,
    what: 'a busy server',
    head: '429 Too Many Requests\r\nRetry-After: 7',
    body: 'slow down',
    reason: 'busy',
    says: 'busy',
    retry: 7_000,
    picker: 503,
  },
  {
    number: 18,
    what: 'a server that says when to come back',
    head: '503 Service Unavailable',
    body: status(503, 'later', { details: { retryAfterSeconds: 3 } }),
    reason: 'cluster-unreachable',
    says: '(HTTP 503)',
    retry: 3_000,
    picker: 503,
  },
  ...[500, 502, 503, 504].map((code) => ({
    number: 19,
    what: `an ingress with ${code}`,
    head: `${code} x\r\nContent-Type: text/html`,
    body: '<html><body><script>alert(1)</script></body></html>',
    reason: 'cluster-unreachable',
    says: `The cluster cannot be reached (HTTP ${code}).`,
    retry: 0,
    picker: 503,
  })),
  {
    number: 19,
    what: 'a node behind the cluster that is gone',
    head: '500 Internal Server Error',
    body: 'error dialing backend: dial tcp 10.0.0.1:10250: connect: no route to host',
    reason: 'node-unreachable',
    says: 'The node of this pod cannot be reached',
    retry: 0,
    picker: 503,
  },
  {
    number: 21,
    what: 'a Status that calls itself text',
    head: '404 Not Found\r\nContent-Type: text/plain',
    body: status(404, 'namespaces "ns" not found', { details: { kind: 'namespaces' } }),
    reason: 'namespace-not-found',
    says: 'The namespace does not exist',
    retry: false,
    picker: 404,
  },
  {
    number: 21,
    what: 'a body larger than anybody needs',
    head: '502 Bad Gateway',
    body: 'x'.repeat(300_000),
    reason: 'cluster-unreachable',
    says: '(HTTP 502)',
    retry: 0,
    picker: 503,
  },
  {
    number: 22,
    what: 'a subprotocol that nobody offered',
    head: '101 Switching Protocols',
    reason: 'bad-handshake',
    says: 'broke the WebSocket handshake',
    retry: false,
  },
  {
    number: 23,
    what: 'a redirect',
    head: '302 Found\r\nLocation: http://127.0.0.1:1/',
    reason: 'redirected',
    says: 'redirects are not followed',
    retry: false,
    picker: 502,
  },
];

describe('what an upstream refuses', () => {
  it.each(cases)('[UP3] $number: $what is told for what it is, to the page and to the API', async (one) => {
    const { kind = 'exec', head, body = '', own, reason, says, retry, picker } = one;
    const refuse = (socket: Duplex, key = '') =>
      head.startsWith('101') ? wrongProtocol(socket, key) : answer(socket, head.replace(/^(\d+) x/, '$1 Whatever'), body);
    await using server = await OddServer.start({
      upgrade: (socket, { headers }) => refuse(socket, headers['sec-websocket-key']),
      request: ({ socket }) => refuse(socket),
    });
    const refusal = await refusalIn(server.open({ kind }, undefined, own ? undefined : user));
    expect(refusal.end).toMatchObject({ kind: 'refused', reason });
    expect(refusal.end.message).toContain(says);
    expect([refusal.retryable, refusal.retryAfterMs ?? 0]).toEqual([retry !== false, retry === false ? 0 : retry]);
    expect(Buffer.byteLength(JSON.stringify(refusal.end))).toBeLessThan(8192);
    // Only a server that knows none of the subprotocols is asked with other ones; nobody is asked twice with the same.
    expect(server.requests.length).toBe(reason === 'protocol-unsupported' ? 3 : 1);

    const notice = endNotice({ kind: 'ended', reason: refusal.end }, 'Try again', '');
    expect(notice).toMatchObject({ tone: 'bad', headline: 'refused', message: refusal.end.message });
    expect(notice?.message).not.toMatch(/<|undefined/);

    if (picker === undefined) return;
    const api = new KubernetesApi({ clock: server.clock, version: '1.2.3' });
    const asker = { cluster: server.cluster, credential: own ? undefined : user };
    const refused = await refusalIn(api.pods(asker, 'ns', new AbortController().signal));
    api.close();
    const told = failureAnswer(refused);
    expect(told?.status).toBe(picker);
    expect(JSON.parse(Buffer.from(told?.body ?? []).toString())).toMatchObject({ code: reason });
    if (retry !== false) expect(told?.headers['retry-after']).toBe(String((retry || 2_000) / 1000));
  });

  it('[UP3] 9 to 23: each has a code and a sentence of its own', () => {
    expect(new Set(cases.map(({ number }) => number))).toEqual(new Set([9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 21, 22, 23]));
    const sentences = new Map<string, Set<string>>();
    for (const { reason, says } of cases) sentences.set(says, (sentences.get(says) ?? new Set()).add(reason));
    for (const [, reasons] of sentences) expect(reasons.size).toBe(1);
  });

  const pem = (name: string) => readFileSync(fileURLToPath(new URL(`../support/tls/${name}`, import.meta.url)));
  it.each<[string, () => Promise<string>, string, boolean]>([
    ['a name that nobody has', async () => 'https://no-such-host.invalid', 'dns', true],
    ['a port that nobody listens on', async () => `https://127.0.0.1:${await unusedPort()}`, 'connection-refused', true],
    ['a certificate of nobody', () => listening(createSecureServer({ cert: pem('cert.pem'), key: pem('key.pem') })), 'certificate', false],
    ['no TLS', () => listening(createServer((socket) => socket.on('error', () => {}).end('HTTP/1.1 400 x\r\n\r\n'))), 'tls', false],
    ['a line that is cut', () => listening(createServer((socket) => socket.destroy())), 'connection-reset', true],
  ])('[UP3] 20: %s is named', async (_what, server, reason, retryable) => {
    const cluster = new ServerCluster({ server: await server(), id: 'far', token: 'own' }, systemClock);
    const opener = new KubernetesOpener({ clusters: new Clusters([cluster]), clock: systemClock, random: systemRandom, version: '1.2.3' });
    const target = { kind: 'exec', cluster: 'far', namespace: 'ns', pod: 'p', container: '', tty: true, command: ['sh'] } as const;
    const request = { target, size: { cols: 80, rows: 24 }, credential: undefined, sessionId: 's' };
    const refusal = await refusalIn(opener.open(request, new Recorder(), new AbortController().signal));
    for (const close of closers.splice(0)) close();
    expect([refusal.end.reason, refusal.retryable]).toEqual([reason, retryable]);
    expect(failureAnswer(refusal)?.status).toBe(retryable ? 503 : 502);
  });
});

const closers: (() => void)[] = [];

function listening(server: ReturnType<typeof createServer> | ReturnType<typeof createSecureServer>): Promise<string> {
  closers.push(() => server.close());
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve(`https://127.0.0.1:${(server.address() as AddressInfo).port}`)),
  );
}

async function unusedPort(): Promise<number> {
  const server = createServer();
  await listening(server);
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function wrongProtocol(socket: Duplex, key: string): void {
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  const lines = [
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${accept}`,
    'Sec-WebSocket-Protocol: v3.channel.k8s.io',
  ];
  socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`);
}

async function refusalIn(opening: Promise<unknown>): Promise<UpstreamRefusal> {
  const failure = await opening.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(failure).toBeInstanceOf(UpstreamRefusal);
  return failure as UpstreamRefusal;
}
