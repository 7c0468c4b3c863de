import { compareIds } from '../../protocol/position.ts';
import type { LogName, ReassertAnswer, WriterClaim } from '../log-store.ts';
import { entryOf, withStream } from './fencing.ts';
import type { MemorySession, Meta, Step } from './memory-session.ts';

/** LG6, LG8: is the writer still the writer, and where does the log end? Its fence entry and rows are put back if they were lost. */
export function reassert(session: MemorySession, log: LogName['log'], claim: WriterClaim): Step<ReassertAnswer> {
  const { meta } = session;
  const { fence } = claim;
  const own = fence.position.fence;
  if (meta.record.state === 'ended') return { answer: { kind: 'ended' } };
  const tail = session[log].tail;
  // Any other take above my base: on this node's record the log went on without me. The nonce tells equal fences of two primaries apart.
  const others = meta.tables[log].some((row) => row.fence > fence.base.fence && (row.fence !== own || row.nonce !== fence.nonce));
  if (others || tail.fence > own) return { answer: { kind: 'replaced' } };
  if (tail.fence === own) {
    const answer = { kind: 'tail', tail: { fence: own, seq: tail.seq } } as const;
    if (log === 'in' || meta.record.started) return { answer };
    // A fail-over may have lost the flag alone: as in `putBack`.
    return { answer, change: { meta: { record: { ...meta.record, started: true } } } };
  }
  // Input that my predecessor stored is lost, and only its client still has it: a resend of mine would jump over the hole (RS4).
  if (log === 'in' && compareIds(tail, fence.base) !== 0) return { answer: { kind: 'take-again' } };
  return {
    answer: { kind: 'tail', tail: { fence: own, seq: fence.position.seq } },
    change: { meta: putBack(session, log, claim), [log]: [entryOf(claim.frame)] },
  };
}

/** What the lost take had written to `meta` beside its row. An owner that writes may have started the upstream: never queue it again (LS2). */
function putBack(session: MemorySession, log: LogName['log'], { fence, table }: WriterClaim): Partial<Meta> {
  const { meta } = session;
  const tables = { ...meta.tables, [log]: table };
  const { driver } = fence;
  if (!driver) return { tables, record: { ...meta.record, state: 'owned', owner: fence.writer as Meta['record']['owner'], started: true } };
  const { streams } = withStream(meta, session.in, driver, driver.next);
  return { tables, streams, driver: { stream: driver.stream, fence: fence.position.fence } };
}
