import { UpstreamRefusal } from '../upstream.ts';
import { knownFailure } from './failure-text.ts';
import { networkRefusal } from './network-refusal.ts';
import { type OpenFacts, OpenFailure } from './open-failure.ts';
import { oneLine, plainText, rawStatusBytes } from './plain-text.ts';
import { parseStatus, type StatusObject } from './status-object.ts';

/** What was asked for: the same answer means different things. */
export type Asked = 'exec' | 'attach' | 'log' | 'api';

/** An HTTP answer other than the wanted one, as the rules see it. */
interface Answer {
  readonly asked: Asked;
  readonly status: number;
  readonly object: StatusObject | undefined;
  /** The status' message, else the body. */
  readonly text: string;
  readonly empty: boolean;
  /** The relay spoke with its own credential. */
  readonly own: boolean;
}

interface Rule {
  readonly reason: string;
  readonly retryable?: true;
  readonly when: (answer: Answer) => boolean;
  readonly say: (answer: Answer) => string;
}

/** Facts section 8, 9 to 23. The first rule that fits wins; the raw body travels beside the sentence, never inside as markup. */
const rules: readonly Rule[] = [
  {
    reason: 'relay-unauthorized',
    when: ({ status, own }) => status === 401 && own,
    say: () => "The cluster did not accept this relay's own credential: its operator has to renew it.",
  },
  {
    reason: 'unauthorized',
    when: ({ status }) => status === 401,
    say: () => 'The cluster did not accept the credential: log in again.',
  },
  {
    reason: 'protocol-unsupported',
    when: ({ status, empty }) => status === 403 && empty,
    say: () => 'The cluster knows none of the protocols that this relay speaks.',
  },
  {
    reason: 'origin-not-allowed',
    when: ({ status, text }) => status === 403 && /origin not allowed/i.test(text),
    say: () => 'The cluster refused the origin of the request.',
  },
  {
    reason: 'shell-disabled',
    when: ({ status, text }) => status === 403 && /shell feature is disabled/i.test(text),
    say: () => 'Shells have been switched off by the administrator of this Rancher.',
  },
  {
    reason: 'relay-may-not-impersonate',
    when: ({ status, text }) => status === 403 && /cannot impersonate/i.test(text),
    say: () => 'The cluster does not let this relay act for its users: its operator has to grant it "impersonate".',
  },
  { reason: 'forbidden', when: ({ status }) => status === 403, say: forbidden },
  {
    reason: 'cluster-not-found',
    when: ({ status, text }) => status === 404 && /no cluster available/i.test(text),
    say: () => 'The cluster does not exist, or this user may not see it.',
  },
  {
    reason: 'pod-not-found',
    when: ({ status, object }) => status === 404 && object?.kind === 'pods',
    say: () => 'The pod does not exist (any more).',
  },
  {
    reason: 'namespace-not-found',
    when: ({ status, object }) => status === 404 && object?.kind === 'namespaces',
    say: () => 'The namespace does not exist.',
  },
  { reason: 'not-found', when: ({ status }) => status === 404, say: ({ text }) => said('The cluster found nothing at this place', text) },
  {
    reason: 'upgrade-stripped',
    when: ({ status, text, asked }) => (status === 200 && asked !== 'api') || (status === 400 && /upgrade request required/i.test(text)),
    say: () => 'A proxy between this relay and the cluster removes WebSocket upgrades.',
  },
  {
    reason: 'not-scheduled',
    retryable: true,
    when: ({ status, text }) => status === 204 || (status === 400 && /does not have a host assigned/i.test(text)),
    say: () => 'The pod has not been given a node yet.',
  },
  {
    reason: 'image-pull',
    retryable: true,
    when: ({ status, text }) => status === 400 && /image can't be pulled|failing to pull image|ErrImagePull|ImagePullBackOff/i.test(text),
    say: () => 'The container is waiting: its image cannot be pulled.',
  },
  {
    reason: 'container-waiting',
    retryable: true,
    when: ({ status, text }) => status === 400 && /waiting to start|ContainerCreating|PodInitializing/i.test(text),
    say: ({ text }) => said('The container has not started yet', text),
  },
  {
    reason: 'wrong-container',
    when: ({ status, text }) => status === 400 && /container name must be specified|container \S+ is not valid/i.test(text),
    say: ({ text }) => said('The container has to be chosen', text),
  },
  {
    reason: 'no-previous',
    when: ({ status, text }) => status === 400 && /previous terminated container/i.test(text),
    say: () => 'The container has no previous run.',
  },
  { reason: 'bad-request', when: ({ status }) => status === 400 || status === 422, say: ({ text }) => said('The cluster refused', text) },
  { reason: 'gone', when: ({ status }) => status === 410, say: () => 'What was asked for is gone: start over.' },
  { reason: 'busy', retryable: true, when: ({ status }) => status === 429, say: () => 'The cluster is busy.' },
  {
    reason: 'redirected',
    when: ({ status }) => status >= 300 && status < 400,
    say: () => 'The cluster answered with a redirect; redirects are not followed.',
  },
  {
    reason: 'cluster-unreachable',
    retryable: true,
    when: ({ status }) => status >= 500 && status < 600,
    say: ({ status }) => `The cluster cannot be reached (HTTP ${status}).`,
  },
  { reason: 'unexpected-answer', when: () => true, say: ({ status }) => `The cluster gave an unexpected answer (HTTP ${status}).` },
];

/** @param cause what opening threw; an UpstreamRefusal stays what it is */
export function refusalOf(cause: unknown, asked: Asked): UpstreamRefusal {
  if (cause instanceof UpstreamRefusal) return cause;
  if (!(cause instanceof OpenFailure)) throw cause;
  return cause.facts.kind === 'http' ? httpRefusal(cause.facts, asked) : networkRefusal(cause.facts);
}

function httpRefusal(facts: Extract<OpenFacts, { kind: 'http' }>, asked: Asked): UpstreamRefusal {
  const object = parseStatus(facts.body);
  const body = new TextDecoder().decode(facts.body);
  const answer = {
    asked,
    status: facts.status,
    object,
    text: object?.message || body,
    empty: facts.body.length === 0,
    own: facts.own === true,
  };
  const rule = rules.find((candidate) => candidate.when(answer)) as Rule; // the last one always fits
  // The kubelet answers 5xx with a plain sentence about the container: more than "unreachable".
  const known = rule.reason === 'cluster-unreachable' ? knownFailure(answer.text) : undefined;
  const { reason, message, retryable } = known ?? { reason: rule.reason, message: rule.say(answer), retryable: rule.retryable === true };
  const raw = plainText(body, rawStatusBytes);
  const afterSeconds = facts.retryAfterSeconds ?? object?.retryAfterSeconds;
  return new UpstreamRefusal(
    { kind: 'refused', message, reason, http: facts.status, ...(raw === '' ? {} : { status: raw }) },
    retryable,
    retryable && afterSeconds !== undefined ? afterSeconds * 1000 : undefined,
  );
}

/** `User "u-abc" cannot create resource "pods/exec" in API group "" in the namespace "x"`; a get-only right ends after "is forbidden:". */
function forbidden({ asked, text }: Answer): string {
  const named = /cannot (\w+) resource "([^"]{1,80})"/.exec(text);
  const missing = named ? `The right to "${named[1]}" on "${named[2]}" is missing.` : 'The right to do this is missing.';
  const both = `Opening it takes both "get" and "create" on "pods/${asked}" (from Kubernetes 1.35).`;
  return asked === 'exec' || asked === 'attach' ? `${missing} ${both}` : missing;
}

function said(what: string, text: string): string {
  const line = oneLine(text);
  return line === '' || /^\s*</.test(text) ? `${what}.` : `${what}: ${/[.!?\]]$/.test(line) ? line : `${line}.`}`;
}
