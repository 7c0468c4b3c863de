import { CodedError } from '../base/coded-error.ts';
import type { SessionId, WorkerId } from '../protocol/ids.ts';
import type { Target } from '../protocol/target.ts';
import type { SessionRecord } from '../session/session-record.ts';
import type { LimitStore } from './limit-store.ts';
import type { LogStore } from './log-store.ts';

/**
 * Where edges and workers meet. Everything a session is lies behind this port, so that any edge serves any socket.
 * Twins: `memory/` inside one process, `redis/` for many; both pass `test/contract`.
 */
export interface Broker extends AsyncDisposable {
  readonly logs: LogStore;
  readonly sessions: SessionStore;
  readonly opens: OpensQueue;
  readonly leases: LeaseStore;
  readonly tickets: TicketStore;
  readonly limits: LimitStore;
  /** Whether commands are answered at the moment; a page shows it, nothing depends on it. */
  readonly health: BrokerHealth;
  close(): Promise<void>;
}

export interface BrokerHealth {
  up(): boolean;
  /** Milliseconds a round trip takes now. @throws BrokerUnavailable */
  ping(): Promise<number>;
}

/** The broker did not answer; nothing is known about the command. Try again. */
export class BrokerUnavailable extends CodedError<'broker-unavailable'> {
  constructor(cause?: unknown) {
    super('broker-unavailable', 'the broker does not answer', { cause });
  }
}

/** A new session as its edge writes it: state waiting, TTL `waitingMs` (LS4). */
export type NewSession = Omit<SessionRecord, 'state' | 'owner' | 'started'>;

/** `meta` of sessions. Every method rejects with BrokerUnavailable and may be repeated. */
export interface SessionStore {
  /** @returns false when the id is taken */
  create(session: NewSession): Promise<boolean>;
  read(id: SessionId): Promise<SessionRecord | undefined>;
  /** waiting → owned; idempotent for the same worker. Adds the session to the worker's index first (LS2). */
  claim(id: SessionId, worker: WorkerId): Promise<ClaimAnswer>;
  /** Set before the upstream request is sent. @returns false when `worker` does not own the session */
  started(id: SessionId, worker: WorkerId): Promise<boolean>;
  /** A claimed session goes back to waiting, so that another worker can claim it (LS2). @returns whether it waits now */
  release(id: SessionId, worker: WorkerId, which: Releasable): Promise<boolean>;
  /** Refreshes the TTL of every key of the sessions (LG9). @returns for each whether its meta exists and names the worker */
  touch(ids: readonly SessionId[], worker: WorkerId): Promise<readonly boolean[]>;
  /** Adds a session to a worker's index: before it takes over from a dead owner (LS2). `claim` does so itself. */
  adopt(id: SessionId, worker: WorkerId): Promise<void>;
  /** The sessions in a worker's index: hints, `meta` decides. */
  ofWorker(worker: WorkerId): Promise<readonly SessionId[]>;
  /** Takes a session off a worker's index. */
  forget(id: SessionId, worker: WorkerId): Promise<void>;
  /** Ids of live sessions of a subject, for the list of the API. At most `limit`. */
  ofSubject(subject: string, limit: number): Promise<readonly SessionId[]>;
}

/** `unstarted`: only if its upstream was not requested; `started`: also if it was, because another worker can go on with it. */
export type Releasable = 'unstarted' | 'started';

export type ClaimAnswer =
  | { readonly kind: 'claimed'; readonly session: SessionRecord }
  | { readonly kind: 'not-waiting' }
  | { readonly kind: 'unknown' };

/** Sessions waiting for a worker, and sessions whose owner is silent (LS2). Delivered at least once; `claim` decides. */
export interface OpensQueue {
  push(item: QueueItem): Promise<void>;
  /** Waits until there is something or `signal` aborts. @returns at most `count` items; each must be acknowledged */
  pull(worker: WorkerId, count: number, signal: AbortSignal): Promise<readonly QueuedItem[]>;
  acknowledge(item: QueuedItem): Promise<void>;
}

export type QueueItem =
  | { readonly kind: 'open'; readonly session: SessionId }
  /** The edge saw the owner's lease stand still; a worker looks for itself. */
  | { readonly kind: 'check'; readonly session: SessionId };

export type QueuedItem = QueueItem & { readonly token: string };

/** One lease a worker: a counter that it raises; others watch whether it moves by their own clock (LS1). */
export interface LeaseStore {
  /** Raises the worker's counter; the key lives for a multiple of the lease time. @returns the new value */
  renew(worker: WorkerId): Promise<number>;
  /** undefined: no such lease (never there, given up, or expired) */
  read(worker: WorkerId): Promise<number | undefined>;
  /** The worker leaves by its own will. */
  giveUp(worker: WorkerId): Promise<void>;
  /** Workers that have renewed within the last day: hints. */
  workers(): Promise<readonly WorkerId[]>;
}

/** Short-lived, single use: what an edge leaves for the socket that follows, on any edge. */
export interface TicketStore {
  put(ticket: string, content: TicketContent, ttlMs: number): Promise<void>;
  /** Takes it; a second take answers undefined. */
  take(ticket: string): Promise<TicketContent | undefined>;
}

export type TicketContent = SessionTicket | SocketTicket;

/** Of `POST /v1/socket-tickets`: lets a socket in that can send no headers. */
interface SocketTicket {
  /** The headers that its asker signed in with, sealed (UP8). */
  readonly signIn: string;
}

/** Of `POST /v1/sessions`: what is to be opened. */
export interface SessionTicket {
  readonly target: Target;
  readonly subject: string;
  /** Their name, for audit events (ED7). */
  readonly user: string;
  /** Sealed (UP8), base64url; empty: the relay's own. */
  readonly credential: string;
  readonly detached: 'run' | 'pause';
  readonly graceMs: number;
}
