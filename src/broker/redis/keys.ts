import { createHash } from 'node:crypto';
import type { SessionId, WorkerId } from '../../protocol/ids.ts';
import type { LogName } from '../log-store.ts';

/**
 * Every key and channel in Redis. The keys and channels of a session share one hash tag: one Cluster slot, one replication order.
 *
 * ```
 * key                        type         TTL                        bound              written by         read by
 * p:{sid}:meta               hash         waiting, session or grace  2 tables, 16 pos   scripts            all
 * p:{sid}:out                stream       with meta                  1 MiB, by writer   worker             edges
 * p:{sid}:in                 stream       with meta                  256 KiB un-typed   driving edge       worker
 * p:opens:{0} … {3}          stream       none: permanent            100,000 items      edges              workers (group)
 * p:worker:<id>              counter      lease key time             –                  its worker         all
 * p:worker:<id>:sessions     set          lease key time             its sessions       its worker, takers takers
 * p:workers                  sorted set   none: permanent            a day of workers   workers            takers
 * p:subject:<sha256>         sorted set   subject time               1,000 sessions     edges              edges
 * p:limit:{<sha256>}:open    sorted set   subject time               the limit          edges              edges
 * p:limit:{<sha256>}:rate    counter      1 min                      –                  edges              edges
 * p:barrier:{n}             string       1 min                      empty              data links         nobody: it is waited for
 * p:ticket:<sha256>          string       the ticket's               –                  edges              edges
 *
 * channel (sharded)          carries
 * p:{sid}:out, p:{sid}:in    the log's frames, and ephemeral frames that never enter a log
 * ```
 */
export const permanentKeys: readonly RegExp[] = [/^p:opens:\{[0-3]\}$/, /^p:workers$/];

export const openPartitions = 4;
export const opensGroup = 'workers';
/** Sessions listed for one subject, newest kept. */
export const listedSessions = 1000;

export interface SessionKeys {
  readonly meta: string;
  readonly out: string;
  readonly in: string;
}

export function sessionKeys(id: SessionId): SessionKeys {
  return { meta: `p:{${id}}:meta`, out: `p:{${id}}:out`, in: `p:{${id}}:in` };
}

/** The stream of a log and the channel of its pushes have one name. */
export function logKey({ session, log }: LogName): string {
  return `p:{${session}}:${log}`;
}

export function opensKey(partition: number): string {
  return `p:opens:{${partition}}`;
}

/** Spreads sessions over the partitions of the queue. */
export function opensPartition(id: SessionId): number {
  let sum = 0;
  for (let at = 0; at < id.length; at++) sum = (sum * 31 + id.charCodeAt(at)) >>> 0;
  return sum % openPartitions;
}

/** @param tag chooses the slot, and so the node of a Cluster, whose replicas are waited for (FC4) */
export function barrierKey(tag: string): string {
  return `p:barrier:{${tag}}`;
}

export const workersKey = 'p:workers';

export function leaseKey(worker: WorkerId): string {
  return `p:worker:${worker}`;
}

export function workerSessionsKey(worker: WorkerId): string {
  return `p:worker:${worker}:sessions`;
}

/** Subjects and tickets are hashed: neither a name nor a secret may be read from a list of keys (UP8). */
export function subjectKey(subject: string): string {
  return `p:subject:${hashed(subject)}`;
}

export function ticketKey(ticket: string): string {
  return `p:ticket:${hashed(ticket)}`;
}

/** Of what sessions are counted by, which may name a subject or a pod. One hash tag: one script writes both. */
export function limitKeys(of: string): { readonly open: string; readonly rate: string } {
  return { open: `p:limit:{${hashed(of)}}:open`, rate: `p:limit:{${hashed(of)}}:rate` };
}

function hashed(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

export type KeyKind =
  | 'limit'
  | 'meta'
  | 'out'
  | 'in'
  | 'opens'
  | 'lease'
  | 'worker-sessions'
  | 'workers'
  | 'subject'
  | 'ticket'
  | 'barrier';

/** @returns undefined for a key that is not of this project */
export function kindOfKey(key: string): KeyKind | undefined {
  const session = /^p:\{[A-Za-z0-9_-]{16,32}\}:(meta|out|in)$/.exec(key)?.[1];
  if (session) return session as 'meta' | 'out' | 'in';
  if (/^p:opens:\{[0-3]\}$/.test(key)) return 'opens';
  if (/^p:worker:[A-Za-z0-9_.-]{1,63}:sessions$/.test(key)) return 'worker-sessions';
  if (/^p:worker:[A-Za-z0-9_.-]{1,63}$/.test(key)) return 'lease';
  if (key === workersKey) return 'workers';
  if (/^p:subject:[A-Za-z0-9_-]{43}$/.test(key)) return 'subject';
  if (/^p:limit:\{[A-Za-z0-9_-]{43}\}:(open|rate)$/.test(key)) return 'limit';
  if (/^p:barrier:\{\d+\}$/.test(key)) return 'barrier';
  return /^p:ticket:[A-Za-z0-9_-]{43}$/.test(key) ? 'ticket' : undefined;
}
