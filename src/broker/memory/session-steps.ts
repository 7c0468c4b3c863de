import type { WorkerId } from '../../protocol/ids.ts';
import type { ClaimAnswer, NewSession, Releasable } from '../broker.ts';
import { type Lifetimes, releasedMs } from '../lifetimes.ts';
import type { MemorySession, Meta, Step } from './memory-session.ts';

/** The operations on `meta` alone, as pure steps. `until` names the moment at which the session's keys would expire. */

export function newMeta(session: NewSession, expiresAtMs: number): Meta {
  const record = { ...session, state: 'waiting', owner: undefined, started: false } as const;
  return { record, tables: { out: [], in: [] }, streams: [], driver: undefined, expiresAtMs };
}

/** waiting → owned; the same worker may ask again (LS2). */
export function claim({ meta }: MemorySession, worker: WorkerId, nowMs: number, lifetimes: Lifetimes): Step<ClaimAnswer> {
  const { record } = meta;
  if (record.state === 'owned' && record.owner === worker) return { answer: { kind: 'claimed', session: record } };
  if (record.state !== 'waiting') return { answer: { kind: 'not-waiting' } };
  const session = { ...record, state: 'owned', owner: worker } as const;
  return { answer: { kind: 'claimed', session }, change: { meta: { record: session, expiresAtMs: nowMs + lifetimes.sessionMs } } };
}

export function started({ meta }: MemorySession, worker: WorkerId): Step<boolean> {
  const { record } = meta;
  if (record.state !== 'owned' || record.owner !== worker) return { answer: false };
  return { answer: true, change: { meta: { record: { ...record, started: true } } } };
}

/** Back to waiting; true as well when it is waiting already, so that a lost answer can be asked for again. */
export function release({ meta }: MemorySession, worker: WorkerId, which: Releasable, nowMs: number, lifetimes: Lifetimes): Step<boolean> {
  const { record } = meta;
  if (record.state === 'waiting') return { answer: true };
  if (record.state !== 'owned' || record.owner !== worker || (record.started && which !== 'started')) return { answer: false };
  const waiting = { ...record, state: 'waiting', owner: undefined, started: false } as const;
  return { answer: true, change: { meta: { record: waiting, expiresAtMs: nowMs + releasedMs(which, lifetimes) } } };
}

/** An ended session keeps its grace time, whoever touches it. */
export function touch({ meta }: MemorySession, worker: WorkerId, nowMs: number, lifetimes: Lifetimes): Step<boolean> {
  const { record } = meta;
  if (record.owner !== worker) return { answer: false };
  return record.state === 'owned' ? { answer: true, change: { meta: { expiresAtMs: nowMs + lifetimes.sessionMs } } } : { answer: true };
}
