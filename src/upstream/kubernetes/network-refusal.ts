import { assertNever } from '../../base/coded-error.ts';
import { UpstreamRefusal } from '../upstream.ts';
import type { OpenFacts } from './open-failure.ts';
import { oneLine } from './plain-text.ts';

interface NetworkRule {
  readonly code: RegExp;
  readonly reason: string;
  readonly retryable: boolean;
  readonly message: string;
}

/** Node's, libuv's and OpenSSL's codes; each cause is named, certificates are never worth a second try (facts section 8, 20). */
const networkRules: readonly NetworkRule[] = [
  { code: /^(ENOTFOUND|EAI_)/, reason: 'dns', retryable: true, message: 'The name of the cluster cannot be resolved.' },
  { code: /^ECONNREFUSED$/, reason: 'connection-refused', retryable: true, message: 'The cluster refuses connections.' },
  {
    code: /^(ECONNRESET|EPIPE|ECONNABORTED)$/,
    reason: 'connection-reset',
    retryable: true,
    message: 'The cluster broke off the connection.',
  },
  {
    code: /^(EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN)$/,
    reason: 'no-route',
    retryable: true,
    message: 'There is no way to the cluster.',
  },
  { code: /^ETIMEDOUT$/, reason: 'timeout', retryable: true, message: 'The cluster does not answer.' },
  {
    code: /CERT|^(DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH|PATH_LENGTH|CRL_)/,
    reason: 'certificate',
    retryable: false,
    message: "The cluster's certificate is not trusted.",
  },
  { code: /^(EPROTO|ERR_SSL|ERR_TLS|ERR_OSSL)/, reason: 'tls', retryable: false, message: 'No TLS connection to the cluster comes about.' },
  {
    code: /^PROXY_HTTP_40[137]$/,
    reason: 'proxy-refused',
    retryable: false,
    message: 'The proxy in front of the cluster refuses the way there.',
  },
  { code: /^PROXY_/, reason: 'proxy-failed', retryable: true, message: 'The proxy in front of the cluster gives no way there.' },
  { code: /^HPE_/, reason: 'not-http', retryable: false, message: 'What answers there does not speak HTTP.' },
  { code: /./s, reason: 'network', retryable: true, message: 'The connection to the cluster failed.' },
  { code: /^$/, reason: 'network', retryable: true, message: 'The connection to the cluster failed.' },
];

export function networkRefusal(facts: Exclude<OpenFacts, { kind: 'http' }>): UpstreamRefusal {
  switch (facts.kind) {
    case 'network': {
      const rule = networkRules.find((candidate) => candidate.code.test(facts.code)) as NetworkRule; // the last two fit all
      const detail = facts.code === '' ? '' : ` (${oneLine(facts.code)})`;
      return refused(rule.reason, rule.message.replace(/\.$/, `${detail}.`), rule.retryable);
    }
    case 'timeout':
      return refused('timeout', `The cluster did not answer within ${Math.round(facts.afterMs / 1000)} seconds.`, true);
    case 'handshake':
      return refused('bad-handshake', `The cluster broke the WebSocket handshake: ${oneLine(facts.message)}.`, false);
    case 'credential':
      return refused('unauthorized', 'The credential cannot be used: log in again.', false);
    case 'own-credential':
      return refused('own-credential', `This relay has no credential of its own for the cluster: ${facts.why}.`, true);
    case 'too-large':
      return refused('too-large', `The answer of the cluster is larger than ${facts.maxBytes} bytes.`, false);
    case 'aborted':
      return new UpstreamRefusal({ kind: 'ended', message: 'Opening was given up.' }, false);
    default:
      return assertNever(facts);
  }
}

function refused(reason: string, message: string, retryable: boolean): UpstreamRefusal {
  return new UpstreamRefusal({ kind: 'refused', message, reason }, retryable);
}
