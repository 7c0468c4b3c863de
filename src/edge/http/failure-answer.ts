import { AuthRefused } from '../../auth/authenticator.ts';
import { CodedError } from '../../base/coded-error.ts';
import { UpstreamRefusal } from '../../upstream/upstream.ts';
import type { HttpResponse } from '../listener.ts';
import { failure } from './answers.ts';

const retrySoon = { 'retry-after': '2' };

/** What a handler's failure is answered with. @returns undefined for a bug */
export function failureAnswer(cause: unknown): HttpResponse | undefined {
  if (cause instanceof UpstreamRefusal) return upstreamAnswer(cause);
  if (cause instanceof AuthRefused) return failure(401, cause.code, cause.message);
  if (!(cause instanceof CodedError)) return undefined;
  switch (cause.code) {
    case 'body-too-large':
      return failure(413, cause.code, 'The request is too long.');
    case 'aborted':
      return failure(400, cause.code, 'The request broke off.');
    case 'broker-unavailable':
      return failure(503, cause.code, 'The relay cannot reach its broker.', 'Try again in a moment.', retrySoon);
    case 'auth-unavailable':
      return failure(
        503,
        cause.code,
        'Nobody can say who you are: whoever knows the users does not answer.',
        'Try again in a moment.',
        retrySoon,
      );
    default:
      return undefined;
  }
}

/** The code is the refusal's own reason. That the relay itself was refused is a 502: signing in again would not help. */
function upstreamAnswer({ end, retryable, retryAfterMs = 2_000 }: UpstreamRefusal): HttpResponse {
  const reason = end.reason ?? 'refused';
  const status = statuses[reason] ?? (retryable ? 503 : 502);
  return failure(status, reason, end.message, '', retryable ? { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) } : {});
}

const statuses: Readonly<Record<string, number>> = {
  'bad-request': 400,
  unauthorized: 401,
  forbidden: 403,
  'shell-disabled': 403,
  'cluster-not-found': 404,
  'namespace-not-found': 404,
  'pod-not-found': 404,
  'not-found': 404,
  gone: 410,
};
