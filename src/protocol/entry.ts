import { readU16, readU32, readU48, readU64, unsafeInteger, writeU32, writeU48, writeU64 } from './bytes.ts';
import { FrameType, isInputEntry, isLogEntry } from './frame-type.ts';
import { maxEntryPayloadBytes } from './limits.ts';
import { decodeLogCursor, type LogCursor, logCursorBytes } from './log-cursor.ts';
import type { EntryId, Position } from './position.ts';

/**
 * A log entry is its wire frame (design section 3): 28 bytes of header, then the payload. Integers are big-endian.
 *
 * ```
 * 0 type u8 │ 1 flags u8 │ 2 fence u48 │ 8 seq u64 │ 16 offset u64 │ 24 crc32 u32 │ 28 payload …
 * ```
 */
export const entryHeaderBytes = 28;

/** A decoded header over its frame. Made once at a border; `frame` is shared, never copied, never written again. */
export interface Entry extends EntryId {
  readonly type: number;
  readonly flags: number;
  /** Offset in the log of this entry's first byte. */
  readonly offset: number;
  /** CRC-32 of all the log's bytes up to this entry's last (LG3). */
  readonly crc: number;
  readonly frame: Uint8Array;
}

export const OutputFlag = {
  /** The bytes came from stderr (never set on a TTY). */
  stderr: 1,
  /** The payload starts with a log cursor, see `log-cursor.ts`. */
  cursor: 2,
} as const;

/** Of an end request. */
export const EndRequestFlag = {
  /** Nobody asked for it: the sign-in of the session's user has expired or was revoked (ED5). */
  signInOver: 1,
} as const;

/** The client offset in front of every input entry's payload but a fence's. */
export const clientOffsetBytes = 8;

export interface EntryHeader extends EntryId {
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly crc: number;
}

export function encodeEntry(header: EntryHeader, ...payload: readonly Uint8Array[]): Uint8Array {
  let length = entryHeaderBytes;
  for (const part of payload) length += part.length;
  const frame = new Uint8Array(length);
  frame[0] = header.type;
  frame[1] = header.flags;
  writeU48(frame, 2, header.fence);
  writeU64(frame, 8, header.seq);
  writeU64(frame, 16, header.offset);
  writeU32(frame, 24, header.crc);
  let at = entryHeaderBytes;
  for (const part of payload) {
    frame.set(part, at);
    at += part.length;
  }
  return frame;
}

/** @returns undefined for bytes that are no log entry (WP2); never throws */
export function decodeEntry(frame: Uint8Array): Entry | undefined {
  if (frame.length < entryHeaderBytes) return undefined;
  const type = frame[0] as number;
  if (!isLogEntry(type) || frame.length > entryHeaderBytes + maxEntryPayloadBytes + logCursorBytes) return undefined;
  const seq = readU64(frame, 8);
  const offset = readU64(frame, 16);
  if (seq === unsafeInteger || offset === unsafeInteger || seq === 0) return undefined;
  const entry = { type, flags: frame[1] as number, fence: readU48(frame, 2), seq, offset, crc: readU32(frame, 24), frame };
  if (entry.fence === 0 || frame.length < entryHeaderBytes + leadBytes(entry)) return undefined;
  return isInputEntry(type) && leadBytes(entry) > 0 && clientOffset(entry) === unsafeInteger ? undefined : entry;
}

/** Where the entry's content starts in its payload: bytes in front of it belong to the entry, not to the log. */
function leadBytes(entry: { readonly type: number; readonly flags: number }): number {
  switch (entry.type) {
    case FrameType.outputData:
      return entry.flags & OutputFlag.cursor ? logCursorBytes : 0;
    case FrameType.inputData:
    case FrameType.inputResize:
    case FrameType.inputEndOfInput:
    case FrameType.inputEndRequest:
    case FrameType.inputEnd:
      return clientOffsetBytes;
    default:
      return 0;
  }
}

export function entryPayload(entry: Entry): Uint8Array {
  return entry.frame.subarray(entryHeaderBytes);
}

/** The bytes that the entry adds to its log: those that offset and CRC count (LG3). Empty for anything but data. */
export function entryContent(entry: Entry): Uint8Array {
  return entry.frame.subarray(entry.frame.length - contentBytes(entry));
}

export function contentBytes(entry: Entry): number {
  if (entry.type !== FrameType.outputData && entry.type !== FrameType.inputData) return 0;
  return entry.frame.length - entryHeaderBytes - leadBytes(entry);
}

/** The offset behind the entry. A gap entry moves it by the bytes it declares missing (LG7). */
export function endOffset(entry: Entry): number {
  if (entry.type === FrameType.outputGap) {
    const size = entry.frame.length >= entryHeaderBytes + 8 ? readU64(entry.frame, entryHeaderBytes) : 0;
    return entry.offset + Math.max(size, 0);
  }
  return entry.offset + contentBytes(entry);
}

/** The position behind the entry: what a reader that has it holds. */
export function positionBehind(entry: Entry): Position {
  const { fence, seq, crc } = entry;
  return { fence, seq, offset: endOffset(entry), crc };
}

/** @returns where its log was left behind the entry; undefined when it does not say */
export function cursorOf(entry: Entry): LogCursor | undefined {
  const says = entry.type === FrameType.outputData && entry.flags & OutputFlag.cursor;
  return says ? decodeLogCursor(entryPayload(entry)) : undefined;
}

/** @returns the client offset of an input entry (not of a fence) */
export function clientOffset(entry: Entry): number {
  return readU64(entry.frame, entryHeaderBytes);
}

export function isFence(entry: { readonly type: number }): boolean {
  return entry.type === FrameType.outputFence || entry.type === FrameType.inputFence;
}

/** @returns the size of a resize entry, or undefined when it is not one or out of range */
export function resizeOf(entry: Entry): { cols: number; rows: number } | undefined {
  const at = entryHeaderBytes + clientOffsetBytes;
  if (entry.type !== FrameType.inputResize || entry.frame.length < at + 4) return undefined;
  const [cols, rows] = [readU16(entry.frame, at), readU16(entry.frame, at + 2)];
  return cols > 0 && rows > 0 ? { cols, rows } : undefined;
}
