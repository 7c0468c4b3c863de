import type { Admission } from '../../auth/grants.ts';
import { credentialContext, type Sealer } from '../../auth/seal.ts';
import type { User } from '../../auth/user.ts';
import type { SessionStore, TicketStore } from '../../broker/broker.ts';
import { isSessionId, type SessionId } from '../../protocol/ids.ts';
import { parseTarget, type Target } from '../../protocol/target.ts';
import { type AuditEvent, refusedEvent } from '../../session/audit-event.ts';
import type { SessionRecord } from '../../session/session-record.ts';
import type { Log } from '../../telemetry/log.ts';
import type { HttpRequest, HttpResponse } from '../listener.ts';
import type { LimitRefusal } from '../session-limits.ts';
import { failure, json, noContent } from './answers.ts';
import { jsonBody } from './json-body.ts';
import type { Params, Route } from './route.ts';

/** How long a ticket waits for its socket. */
export const ticketMs = 30_000;

/** A random name that nobody guesses: 32 characters of 64. */
export const ticketLength = 32;

/** Sessions of one user that the list shows at most. */
const maxListed = 100;

export interface SessionOptions {
  readonly broker: { readonly tickets: Pick<TicketStore, 'put'>; readonly sessions: Pick<SessionStore, 'read' | 'ofSubject'> };
  readonly sealer: Sealer;
  readonly admission: Pick<Admission, 'refusal'>;
  /** That the cluster takes the relay for this user, if it acts for one (UP10). @throws UpstreamRefusal */
  readonly prove: (user: User, cluster: string) => Promise<void>;
  readonly detached: 'run' | 'pause';
  readonly graceMs: number;
  readonly newId: (length: number) => string;
  /** Ends a session as its user's wish. @throws BrokerUnavailable */
  readonly endSession: (session: SessionRecord) => Promise<void>;
  /** Why the socket that follows would not be taken: a sentence that names the limit (FC7, FC10). */
  readonly full: (subject: string, target?: Target) => Promise<LimitRefusal | undefined>;
  readonly edge: string;
  readonly audit: (event: AuditEvent) => void;
  readonly log: Log;
}

/** Sessions as an API: create (for a ticket), list, end. */
export function sessionRoutes(options: SessionOptions): readonly Route[] {
  const { broker, sealer, admission, prove, detached, graceMs, newId, endSession, full, edge, audit, log } = options;

  async function create(request: HttpRequest, user: User): Promise<HttpResponse> {
    const busy = await full(user.subject);
    if (busy) return limitAnswer(busy);
    const body = await jsonBody(request);
    if (!body.ok) return body.refusal;
    const target = parseTarget(body.value);
    if (typeof target === 'string') return failure(400, 'bad-target', `${target}.`);
    const refused = admission.refusal(user, target);
    if (refused !== undefined) audit(refusedEvent({ target, subject: user.subject, user: user.name }, edge, 'not-granted', refused));
    if (refused !== undefined) return failure(403, 'not-granted', `${refused}.`, 'The operator of this relay grants it.');
    const reached = await full(user.subject, target);
    if (reached) audit(refusedEvent({ target, subject: user.subject, user: user.name }, edge, 'busy', reached.text));
    if (reached) return limitAnswer(reached);
    await prove(user, target.cluster);
    const ticket = newId(ticketLength);
    const { subject } = user;
    const credential = sealer.seal(user.credential, credentialContext(target.cluster, subject));
    await broker.tickets.put(ticket, { target, subject, user: user.name, credential, detached, graceMs }, ticketMs);
    const { kind, cluster, namespace, pod, container } = target;
    log.info({ subject, kind, cluster, namespace, pod, container }, 'ticket given');
    return json(201, { ticket, expiresInMs: ticketMs });
  }

  async function list(_request: HttpRequest, user: User): Promise<HttpResponse> {
    const ids = await broker.sessions.ofSubject(user.subject, maxListed);
    const records = await Promise.all(ids.map((id) => own(id, user)));
    return json(200, { sessions: records.flatMap((record) => (record ? [shown(record)] : [])) });
  }

  async function end(_request: HttpRequest, user: User, params: Params): Promise<HttpResponse> {
    const record = isSessionId(params['id']) ? await own(params['id'], user) : undefined;
    if (!record) return failure(404, 'unknown-session', 'There is no such session of yours.');
    if (record.state !== 'ended') await endSession(record);
    log.info({ sessionId: record.id, subject: user.subject }, 'session ended by its user');
    return noContent();
  }

  /** A session of somebody else is as good as none. */
  async function own(id: SessionId, user: User): Promise<SessionRecord | undefined> {
    const record = await broker.sessions.read(id);
    return record?.subject === user.subject ? record : undefined;
  }

  return [
    { method: 'POST', path: '/v1/sessions', access: 'user', answer: create },
    { method: 'GET', path: '/v1/sessions', access: 'user', answer: list },
    { method: 'DELETE', path: '/v1/sessions/:id', access: 'user', answer: end },
  ];
}

function limitAnswer({ text, retryAfterSeconds }: LimitRefusal): HttpResponse {
  const sentence = `${text[0]?.toUpperCase()}${text.slice(1)}.`;
  return failure(429, 'busy', sentence, 'Try again in a moment.', { 'retry-after': String(retryAfterSeconds) });
}

function shown({ id, target, state, createdAtMs, size }: SessionRecord): object {
  return { id, target, state, size, createdAt: new Date(createdAtMs).toISOString() };
}
