import type { RestoreAnswer, RestoreRequest } from '../log-store.ts';
import { entryOf, newFence } from './fencing.ts';
import { MemoryLog } from './memory-log.ts';
import { MemorySession, type WriteHistory } from './memory-session.ts';
import { sameTake } from './take.ts';

/** LG11: a session from its owner's memory, with a new fence on its output log. The input log goes on under its writer's. */
export function restoredSession(
  request: RestoreRequest,
  history: WriteHistory,
  wallMs: number,
  expiresAtMs: number,
): { session: MemorySession; answer: RestoreAnswer } {
  const { nonce, record, out, streams, driver } = request;
  const { fence, entry, table } = newFence(out.head, out.table, { nonce, writer: record.owner ?? '' }, wallMs);
  const logs = [new MemoryLog([...out.frames.map(entryOf), entry]), new MemoryLog(request.in.frames.map(entryOf))] as const;
  const meta = { record, tables: { out: table, in: request.in.table }, streams, driver, expiresAtMs };
  return { session: new MemorySession(meta, history, ...logs), answer: { kind: 'restored', fence, frame: entry.frame, table } };
}

/** Meta exists: the answer to the same nonce, or a refusal. */
export function restoredBefore(session: MemorySession, { nonce }: RestoreRequest): RestoreAnswer {
  const before = sameTake(session, 'out', nonce);
  return before?.kind === 'taken' ? { ...before, kind: 'restored' } : { kind: 'exists' };
}
