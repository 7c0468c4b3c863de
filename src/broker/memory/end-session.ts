import { newestFence } from '../../log/fence-table.ts';
import { writeU64 } from '../../protocol/bytes.ts';
import { clientOffsetBytes, type Entry, encodeEntry } from '../../protocol/entry.ts';
import type { Driver } from '../../protocol/fence-entry.ts';
import { FrameType } from '../../protocol/frame-type.ts';
import { noStream } from '../../protocol/ids.ts';
import { encodeJson } from '../../protocol/json.ts';
import type { EndAnswer, EndRequest } from '../log-store.ts';
import { entryOf, type NewFence, newFence } from './fencing.ts';
import type { MemorySession, Step } from './memory-session.ts';

/** Fences both logs, so that nothing is accepted that nobody types, and writes the last entry of each. */
export function endSession(session: MemorySession, request: EndRequest, wallMs: number, nowMs: number): Step<EndAnswer> {
  const { meta } = session;
  const { record, tables } = meta;
  if (record.state === 'ended') return { answer: tables.out.at(-1)?.nonce === request.nonce ? 'ended' : 'already' };
  if ((record.owner ?? '') !== request.owner) return { answer: 'not-yours' };
  const by = { nonce: request.nonce, writer: request.owner };
  const out = newFence(session.out.tail, tables.out, by, wallMs);
  const input = newFence(session.in.tail, tables.in, { ...by, driver: nobody(record.size) }, wallMs);
  return {
    answer: 'ended',
    change: {
      meta: {
        record: { ...record, state: 'ended' },
        tables: { out: out.table, in: input.table },
        driver: undefined,
        expiresAtMs: nowMs + request.keepMs,
      },
      out: [out.entry, lastEntry(out, FrameType.outputExit, encodeJson(request.reason))],
      in: [input.entry, lastEntry(input, FrameType.inputEnd, writtenU64(0))],
    },
  };
}

/** A driving socket has closed (DR2). A newer driver is not touched. */
export function leave(session: MemorySession, ifFence: number): Step<void> {
  const { meta } = session;
  if (meta.driver === undefined || newestFence(meta.tables.in) !== ifFence) return { answer: undefined };
  return { answer: undefined, change: { meta: { driver: undefined } } };
}

/** The end fence closes every client stream: it names none. The size stays valid for a worker that wakes too late and adopts it. */
function nobody(size: { readonly cols: number; readonly rows: number }): Driver {
  return { stream: noStream, connection: 0, next: 0, ...size, credit: { outputFence: 0, offset: 0, windowBytes: 0 } };
}

function lastEntry({ fence }: NewFence, type: FrameType, payload: Uint8Array): Entry {
  const { position } = fence;
  return entryOf(encodeEntry({ type, flags: 0, ...position, seq: position.seq + 1 }, payload));
}

function writtenU64(value: number): Uint8Array {
  const bytes = new Uint8Array(clientOffsetBytes);
  writeU64(bytes, 0, value);
  return bytes;
}
