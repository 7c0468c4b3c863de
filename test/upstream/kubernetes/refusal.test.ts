import { describe, expect, it } from 'vitest';
import { OpenFailure } from '../../../src/upstream/kubernetes/open-failure.ts';
import { type Asked, refusalOf } from '../../../src/upstream/kubernetes/refusal.ts';
import type { UpstreamRefusal } from '../../../src/upstream/upstream.ts';

function http(status: number, body: object | string = '', asked: Asked = 'exec', retryAfterSeconds?: number): UpstreamRefusal {
  const bytes = new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify({ kind: 'Status', status: 'Failure', ...body }));
  return refusalOf(new OpenFailure({ kind: 'http', status, body: bytes, retryAfterSeconds }), asked);
}

function network(code: string): UpstreamRefusal {
  return refusalOf(new OpenFailure({ kind: 'network', code, message: 'secret details' }), 'exec');
}

describe('why an upstream refused', () => {
  it.each<[string, UpstreamRefusal, string, boolean]>([
    ['no or a dead token', http(401, { message: 'Unauthorized' }), 'unauthorized', false],
    [
      'a missing right',
      http(403, { message: 'pods "web" is forbidden: User "u-1" cannot create resource "pods/exec" in API group ""' }),
      'forbidden',
      false,
    ],
    ['an unknown subprotocol: 403 and nothing', http(403), 'protocol-unsupported', false],
    ['a foreign origin', http(403, 'origin not allowed'), 'origin-not-allowed', false],
    ['shells switched off, as text', http(403, 'pod-shell feature is disabled'), 'shell-disabled', false],
    [
      "shells switched off, as Rancher's JSON",
      http(403, '{"type":"error","status":403,"message":"pod-shell feature is disabled"}'),
      'shell-disabled',
      false,
    ],
    ['a pod that is gone', http(404, { message: 'pods "web" not found', details: { kind: 'pods', name: 'web' } }), 'pod-not-found', false],
    [
      'a namespace that is gone',
      http(404, { message: 'namespaces "x" not found', details: { kind: 'namespaces' } }),
      'namespace-not-found',
      false,
    ],
    ['an unknown cluster of Rancher', http(404, 'No cluster available'), 'cluster-not-found', false],
    ['a path that nobody serves', http(404, '404 page not found'), 'not-found', false],
    ['an upgrade lost on the way', http(400, { message: 'Upgrade request required' }), 'upgrade-stripped', false],
    ['a log as plain text instead of an upgrade', http(200, 'line\n', 'log'), 'upgrade-stripped', false],
    ['a log of a pod without a node', http(204, '', 'log'), 'not-scheduled', true],
    ['a pod without a node', http(400, { message: 'pod web does not have a host assigned' }), 'not-scheduled', true],
    [
      'a container that waits',
      http(400, { message: 'container "app" in pod "web" is waiting to start: ContainerCreating' }, 'log'),
      'container-waiting',
      true,
    ],
    [
      'an image that cannot be pulled',
      http(400, { message: 'container "app" in pod "web" is waiting to start: image can\'t be pulled' }, 'log'),
      'image-pull',
      true,
    ],
    [
      'no container named',
      http(400, { message: 'a container name must be specified for pod web, choose one of: [a b]' }),
      'wrong-container',
      false,
    ],
    ['a wrong container', http(400, { message: 'container x is not valid for pod web' }), 'wrong-container', false],
    ['no previous run', http(400, { message: 'previous terminated container "app" in pod "web" not found' }, 'log'), 'no-previous', false],
    ['a bad parameter', http(400, { message: 'tailLines: must be greater than or equal to 0' }, 'log'), 'bad-request', false],
    ['something gone for good', http(410, { message: 'too old' }), 'gone', false],
    ['a busy server', http(429, 'slow down'), 'busy', true],
    ['a redirect', http(302, 'elsewhere'), 'redirected', false],
    [
      'a finished pod, as the kubelet says it',
      http(500, 'cannot exec into a container in a completed pod; current phase is Succeeded'),
      'container-not-running',
      false,
    ],
    ['a dead agent tunnel', http(502), 'cluster-unreachable', true],
    ["Rancher's own trouble", http(500, 'impersonation failed'), 'cluster-unreachable', true],
    ['a cluster that is not ready', http(503, '{"type":"error","code":"ClusterUnavailable","status":503}'), 'cluster-unreachable', true],
    ['an ingress page', http(504, '<html><script>alert(1)</script></html>'), 'cluster-unreachable', true],
    ['an unreachable node', http(500, 'error dialing backend: dial tcp 10.0.0.1:10250: i/o timeout'), 'node-unreachable', true],
    ['a teapot', http(418, 'short and stout'), 'unexpected-answer', false],
    ['no name', network('ENOTFOUND'), 'dns', true],
    ['a closed port', network('ECONNREFUSED'), 'connection-refused', true],
    ['a reset', network('ECONNRESET'), 'connection-reset', true],
    ['a certificate of nobody', network('DEPTH_ZERO_SELF_SIGNED_CERT'), 'certificate', false],
    ['an expired certificate', network('CERT_HAS_EXPIRED'), 'certificate', false],
    ['a certificate of another host', network('ERR_TLS_CERT_ALTNAME_INVALID'), 'certificate', false],
    ['no TLS at all', network('EPROTO'), 'tls', false],
    ['no HTTP', network('HPE_INVALID_CONSTANT'), 'not-http', false],
    ['something else', network(''), 'network', true],
    ['silence', refusalOf(new OpenFailure({ kind: 'timeout', afterMs: 15_000 }), 'exec'), 'timeout', true],
    [
      'a subprotocol nobody offered',
      refusalOf(new OpenFailure({ kind: 'handshake', message: 'Server sent an invalid subprotocol' }), 'exec'),
      'bad-handshake',
      false,
    ],
    ['a credential with a line break', refusalOf(new OpenFailure({ kind: 'credential' }), 'exec'), 'unauthorized', false],
  ])('[UP3] names %s', (_what, refusal, reason, retryable) => {
    expect(refusal.end).toMatchObject({ kind: 'refused', reason });
    expect(refusal.retryable).toBe(retryable);
    expect(refusal.end.message).toMatch(/^[A-Z][^<]*[.\])"]$/);
    expect(refusal.end.message).not.toContain('secret details');
  });

  it('[UP3] says which right is missing, and that both are needed', () => {
    const { message } = http(403, { message: 'User "u-1" cannot create resource "pods/exec" in API group "" in the namespace "x"' }).end;
    expect(message).toContain('"create" on "pods/exec"');
    expect(message).toContain('both "get" and "create"');
    expect(http(403, { message: 'pods "web" is forbidden: ' }).end.message).toContain('both "get" and "create"');
    expect(http(403, { message: 'User "u" cannot list resource "pods"' }, 'api').end.message).toBe(
      'The right to "list" on "pods" is missing.',
    );
  });

  it('[UP3] keeps the list of containers in the sentence', () => {
    expect(http(400, { message: 'a container name must be specified for pod web, choose one of: [app sidecar]' }).end.message).toContain(
      '[app sidecar]',
    );
  });

  it('[UP3] honours Retry-After where a retry can help, from the header or the status', () => {
    expect(http(429, '', 'exec', 7).retryAfterMs).toBe(7_000);
    expect(http(503, { message: 'later', details: { retryAfterSeconds: 3 } }).retryAfterMs).toBe(3_000);
    expect(http(401, '', 'exec', 7).retryAfterMs).toBeUndefined();
  });

  it('[UP3] passes bugs on as they are', () => {
    const bug = new TypeError('bug');
    expect(() => refusalOf(bug, 'exec')).toThrow(bug);
  });
});
