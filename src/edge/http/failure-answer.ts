import { AuthRefused } from '../../auth/authenticator.ts';
import { CodedError } from '../../base/coded-error.ts';
import { UpstreamRefusal } from '../../upstream/upstream.ts';
import type { HttpResponse } from '../listener.ts';
import { failure } from './answers.ts';

const retrySoon = { 'retry-after': '2' };

/**
 * What a handler's failure is answered with. @returns undefined for a bug
 * @param ownCredential the relay's own credential goes upstream, so that its refusal is no matter of signing in
 */
export function failureAnswer(cause: unknown, ownCredential: boolean): HttpResponse | undefined {
  if (cause instanceof UpstreamRefusal) return upstreamAnswer(cause, ownCredential);
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

function upstreamAnswer({ end, retryable }: UpstreamRefusal, ownCredential: boolean): HttpResponse {
  const reason = end.reason ?? 'refused';
  switch (reason) {
    case 'unauthorized':
      if (!ownCredential) return failure(401, reason, end.message);
      return failure(502, 'relay-unauthorized', "The cluster did not accept the relay's own credential.", 'Its operator has to renew it.');
    case 'forbidden':
    case 'shell-disabled':
      return failure(403, reason, end.message);
    case 'cluster-not-found':
    case 'namespace-not-found':
    case 'pod-not-found':
    case 'not-found':
      return failure(404, reason, end.message);
    case 'bad-request':
      return failure(400, reason, end.message);
    default:
      return failure(retryable ? 503 : 502, reason, end.message, '', retryable ? retrySoon : {});
  }
}
