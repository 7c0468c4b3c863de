import { decodeFence, type FenceEntry } from '../../protocol/fence-entry.ts';
import type { LogPlace } from '../../protocol/position.ts';
import type { TakeAnswer, TakeInput, Taken, TakenInput, TakeOutput } from '../log-store.ts';
import { newFence, withStream } from './fencing.ts';
import type { MemorySession, Meta, Step } from './memory-session.ts';

/** LG1 for the output log: the worker that `meta` names, or the taker that names a dead one, becomes the writer and the owner (LS2). */
export function takeOutput(session: MemorySession, request: TakeOutput, wallMs: number): Step<TakeAnswer> {
  const { meta } = session;
  if (meta.record.state === 'ended') return { answer: { kind: 'ended' } };
  const again = sameTake(session, 'out', request.nonce);
  if (again) return { answer: again };
  if ((meta.record.owner ?? '') !== request.expectedOwner) return { answer: { kind: 'not-owner' } };
  const { nonce, writer } = request;
  const { fence, entry, table } = newFence(session.out.tail, meta.tables.out, { nonce, writer }, wallMs);
  const record = { ...meta.record, owner: request.newOwner };
  return {
    answer: { kind: 'taken', fence, frame: entry.frame, table },
    change: { meta: { record, tables: { ...meta.tables, out: table } }, out: [entry] },
  };
}

/** LG1 for the input log, under the rules of driving (RS5, DR1). */
export function takeInput(session: MemorySession, request: TakeInput, wallMs: number): Step<TakeAnswer<TakenInput>> {
  const { meta } = session;
  if (meta.record.state === 'ended') return { answer: { kind: 'ended' } };
  const again = sameTake(session, 'in', request.nonce);
  if (again?.kind === 'taken') return { answer: { ...again, front: frontOf(session, again.fence) } };
  if (again) return { answer: again };
  const refusal = isOld(meta, request) ? ({ kind: 'old-connection' } as const) : drivenByAnother(meta, request);
  if (refusal) return { answer: refusal };
  const { nonce, writer } = request;
  const { streams, next } = withStream(meta, session.in, request.driver, request.typed);
  const { fence, entry, table } = newFence(session.in.tail, meta.tables.in, { nonce, writer, driver: { ...request.driver, next } }, wallMs);
  const driver = { stream: request.driver.stream, fence: fence.position.fence };
  return {
    answer: { kind: 'taken', fence, frame: entry.frame, table, front: frontOf(session, fence) },
    change: { meta: { streams, driver, tables: { ...meta.tables, in: table } }, in: [entry] },
  };
}

/** A log that had no entry begins with the taker's fence entry. */
function frontOf(session: MemorySession, { base }: FenceEntry): LogPlace {
  return session.in.front ?? { seq: base.seq, offset: base.offset };
}

/** The answer to the same nonce, from the log; when the entry is trimmed, others have long gone on and the taker was superseded. */
export function sameTake(session: MemorySession, log: 'out' | 'in', nonce: number): TakeAnswer | undefined {
  const table = session.meta.tables[log];
  const row = table.find((each) => each.nonce === nonce);
  if (!row) return undefined;
  const entry = session[log].at({ fence: row.fence, seq: row.base.seq + 1 });
  const fence = entry && decodeFence(entry);
  if (!fence) return log === 'out' ? { kind: 'not-owner' } : { kind: 'old-connection' };
  return { kind: 'taken', fence, frame: entry.frame, table: table.filter((each) => each.fence <= row.fence) };
}

/** RS5: a late resume of an older connection, or a stream after which another has driven: its names are spent (RS6). */
function isOld(meta: Meta, request: TakeInput): boolean {
  const index = meta.streams.findIndex((mark) => mark.stream === request.driver.stream);
  const mark = meta.streams[index];
  return mark !== undefined && (index < meta.streams.length - 1 || request.driver.connection < mark.connection);
}

function drivenByAnother(meta: Meta, request: TakeInput): Exclude<TakeAnswer, Taken> | undefined {
  const { driver } = meta;
  const { mode } = request;
  if (!driver || mode.kind === 'force') return undefined;
  if (mode.kind === 'if-fence') return driver.fence === mode.fence ? undefined : { kind: 'driven-by-another', ...driver };
  const own = driver.stream === request.driver.stream || mode.former?.includes(driver.stream);
  return own ? undefined : { kind: 'driven-by-another', ...driver };
}
