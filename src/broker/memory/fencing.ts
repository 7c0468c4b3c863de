import { type FenceTable, newestFence, rowOf, withRow } from '../../log/fence-table.ts';
import { clientOffset, contentBytes, decodeEntry, type Entry, isFence } from '../../protocol/entry.ts';
import { type Driver, decodeFence, encodeFence, type FenceEntry } from '../../protocol/fence-entry.ts';
import type { Position } from '../../protocol/position.ts';
import { rememberedStreams } from '../lifetimes.ts';
import type { StreamMark } from '../log-store.ts';
import type { MemoryLog } from './memory-log.ts';
import type { Meta } from './memory-session.ts';

/** What every new fence of a log has in common (LG1). */
export interface NewFence {
  readonly fence: FenceEntry;
  readonly entry: Entry;
  readonly table: FenceTable;
}

export interface FenceRequest {
  readonly nonce: number;
  readonly writer: string;
  readonly driver?: Driver;
}

/** The next fence of a log: above all that was seen here, and not below the wall clock, which no earlier primary's fence has passed (LG1). */
export function newFence(base: Position, table: FenceTable, request: FenceRequest, wallMs: number): NewFence {
  const number = Math.max(base.fence + 1, newestFence(table) + 1, Math.floor(wallMs));
  const position = { fence: number, seq: base.seq + 1, offset: base.offset, crc: base.crc };
  const fence: FenceEntry = { position, base, ...request };
  return { fence, entry: entryOf(encodeFence(fence)), table: withRow(table, rowOf(fence)) };
}

/** For frames made by this process: they decode, or this is a bug. */
export function entryOf(frame: Uint8Array): Entry {
  const entry = decodeEntry(frame);
  if (!entry) throw new Error('not a log entry');
  return entry;
}

/** Where the client stream of the input log's last writer is: the client offset behind the last entry (RS4). */
function acceptedOffset(input: MemoryLog): number {
  const last = input.last;
  if (!last) return 0;
  return isFence(last) ? (decodeFence(last)?.driver?.next ?? 0) : clientOffset(last) + contentBytes(last);
}

/** `pos` when a writer takes the input log: what the previous one has stored is written down, the new stream becomes the newest. */
export function withStream(
  meta: Meta,
  input: MemoryLog,
  driver: Omit<Driver, 'next'>,
  typed: number,
): { streams: StreamMark[]; next: number } {
  const accepted = acceptedOffset(input);
  const marks = meta.streams.map((mark, index, all) => (index === all.length - 1 ? { ...mark, accepted } : mark));
  const next = Math.max(marks.find((mark) => mark.stream === driver.stream)?.accepted ?? 0, typed);
  const others = marks.filter((mark) => mark.stream !== driver.stream);
  const streams = [...others, { stream: driver.stream, connection: driver.connection, accepted: next }].slice(-rememberedStreams);
  return { streams, next };
}
