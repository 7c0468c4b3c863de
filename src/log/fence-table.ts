import { readU32, readU48, readU64, writeU32, writeU48, writeU64 } from '../protocol/bytes.ts';
import type { FenceEntry } from '../protocol/fence-entry.ts';
import { fenceTableRows } from '../protocol/limits.ts';
import type { EntryId, Position } from '../protocol/position.ts';

/** One take of the log: the fence, the entry it continues, and its nonce (LG1). Tables are sorted by fence, oldest first. */
export interface FenceRow {
  readonly fence: number;
  readonly base: Position;
  readonly nonce: number;
}

export type FenceTable = readonly FenceRow[];

/** Packed form in `meta` (fields `fo`, `fi`): rows of fence u48 │ base fence u48 │ base seq u64 │ offset u64 │ crc u32 │ nonce u64. */
export const fenceRowBytes = 40;

export function encodeTable(table: FenceTable): Uint8Array {
  const bytes = new Uint8Array(table.length * fenceRowBytes);
  table.forEach((row, index) => {
    const at = index * fenceRowBytes;
    writeU48(bytes, at, row.fence);
    writeU48(bytes, at + 6, row.base.fence);
    writeU64(bytes, at + 12, row.base.seq);
    writeU64(bytes, at + 20, row.base.offset);
    writeU32(bytes, at + 28, row.base.crc);
    writeU64(bytes, at + 32, row.nonce);
  });
  return bytes;
}

/** Our own scripts wrote the bytes: no validation beyond the length. */
export function decodeTable(bytes: Uint8Array): FenceTable {
  const rows: FenceRow[] = [];
  for (let at = 0; at + fenceRowBytes <= bytes.length; at += fenceRowBytes) {
    const base = {
      fence: readU48(bytes, at + 6),
      seq: readU64(bytes, at + 12),
      offset: readU64(bytes, at + 20),
      crc: readU32(bytes, at + 28),
    };
    rows.push({ fence: readU48(bytes, at), base, nonce: readU64(bytes, at + 32) });
  }
  return rows;
}

export function rowOf(fence: FenceEntry): FenceRow {
  return { fence: fence.position.fence, base: fence.base, nonce: fence.nonce };
}

/** Adds a row at its place; the newest {@link fenceTableRows} stay. */
export function withRow(table: FenceTable, row: FenceRow): FenceTable {
  return [...table.filter((other) => other.fence !== row.fence), row].sort((a, b) => a.fence - b.fence).slice(-fenceTableRows);
}

export function rowAt(table: FenceTable, fence: number): FenceRow | undefined {
  return table.find((row) => row.fence === fence);
}

/** The lowest row above a fence: where the record left it. */
export function rowAbove(table: FenceTable, fence: number): FenceRow | undefined {
  return table.find((row) => row.fence > fence);
}

export function newestFence(table: FenceTable): number {
  return table.at(-1)?.fence ?? 0;
}

/** An entry beyond the base of the next higher fence is not part of the record (LG10). */
export function isVoid(table: FenceTable, id: EntryId): boolean {
  const next = rowAbove(table, id.fence)?.base;
  return next !== undefined && (next.fence < id.fence || (next.fence === id.fence && id.seq > next.seq));
}
