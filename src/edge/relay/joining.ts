import type { Open, Resume } from '../../protocol/client-frame.ts';
import { CloseCode } from '../../protocol/close-code.ts';
import type { SessionId } from '../../protocol/ids.ts';
import { startOfLog } from '../../protocol/position.ts';
import type { SessionRecord } from '../../session/session-record.ts';
import type { RelayTools } from './relay-tools.ts';

/** How a client joined: what its input and output start from. */
export interface Joined {
  readonly session: SessionRecord;
  readonly key?: string;
  readonly from: Pick<Resume, 'position' | 'base' | 'nonce' | 'parsed' | 'typed'>;
}

export interface Refused {
  readonly code: CloseCode;
  readonly text: string;
}

/** `open` creates a session from its ticket, `resume` finds one by its key (RS1, RS2). */
export async function join(frame: Open | Resume, subject: string, tools: RelayTools): Promise<Joined | Refused> {
  return 'ticket' in frame ? create(frame, subject, tools) : find(frame, subject, tools);
}

async function create(open: Open, subject: string, tools: RelayTools): Promise<Joined | Refused> {
  const { broker, limits, clock, newId, hash } = tools;
  const ticket = await broker.tickets.take(open.ticket);
  if (!ticket || 'signIn' in ticket) return { code: CloseCode.badTicket, text: 'the ticket was used or is too old' };
  if (ticket.subject !== subject) return { code: CloseCode.forbidden, text: 'the ticket is somebody else’s' };
  const id = newId(21) as SessionId;
  const full = await limits?.enter(id, subject, ticket.target);
  if (full) return { code: CloseCode.busy, text: full.text };
  const key = newId(32);
  const { target, user, credential, detached, graceMs } = ticket;
  const size = { cols: open.cols, rows: open.rows };
  const record = { id, target, subject, user, credential, detached, graceMs, size, keyHash: hash(key), createdAtMs: clock.wallMs() };
  if (!(await broker.sessions.create(record))) throw new Error('session id taken');
  const from = { position: startOfLog, base: startOfLog, nonce: 0, parsed: 0, typed: 0 };
  return { session: { ...record, state: 'waiting', owner: undefined, started: false }, key, from };
}

async function find(resume: Resume, subject: string, tools: RelayTools): Promise<Joined | Refused> {
  const { broker, hash, mayResume } = tools;
  const session = await broker.sessions.read(resume.session);
  if (!session) {
    const page = await broker.logs.read({ session: resume.session, log: 'out' }, startOfLog, 1);
    return unknownSession(page.kind === 'page' || page.young);
  }
  const allowed = session.keyHash === hash(resume.key) && session.subject === subject && (await mayResume(session));
  return allowed ? { session, from: resume } : { code: CloseCode.forbidden, text: 'this session is somebody else’s' };
}

/** Final, unless its owner may still bring it back (LG11). */
export function unknownSession(young: boolean): Refused {
  return young
    ? { code: CloseCode.notYet, text: 'the broker has lost the session; its worker may bring it back' }
    : { code: CloseCode.unknownSession, text: 'no such session, or its grace time is over' };
}
