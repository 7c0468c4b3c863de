import { readU16, readU32, readU48, readU64, unsafeInteger, writeU16, writeU32, writeU48, writeU64 } from './bytes.ts';
import { type Entry, encodeEntry, entryHeaderBytes, isFence } from './entry.ts';
import { FrameType } from './frame-type.ts';
import { type ClientStream, isWorkerId, readStream, writeStream } from './ids.ts';
import type { Position } from './position.ts';
import { decodeUtf8, encodeUtf8 } from './utf8.ts';

/**
 * The entry by which a writer becomes the log's only one (LG1). Its header carries the base's offset and CRC. Payload:
 *
 * ```
 * 0 base fence u48 │ 6 base seq u64 │ 14 nonce u64 │ output: 22 writer id (UTF-8, the rest)
 * input: 22 client stream 16 B │ 38 connection u32 │ 42 next client offset u64 │ 50 cols u16 │ 52 rows u16
 *        54 credit: output fence u48 │ 60 offset u64 │ 68 window u32 │ 72 writer id (the rest)
 * ```
 */
export interface FenceEntry {
  readonly position: Position;
  readonly base: Position;
  /** Tells two takes apart that chose the same fence on two primaries. Below 2^53. */
  readonly nonce: number;
  readonly writer: string;
  /** Present in the input log only. */
  readonly driver?: Driver;
}

/** Who drives a session: whose input is typed, whose size counts, whose parsing gives credit (DR1). */
export interface Driver {
  readonly stream: ClientStream;
  /** Raised by the client at every connect (RS1). */
  readonly connection: number;
  /** The first client offset that this writer will append. */
  readonly next: number;
  readonly cols: number;
  readonly rows: number;
  readonly credit: Credit;
}

/** How far the driver's terminal has parsed the output, and how much it takes un-parsed (FC2). */
export interface Credit {
  readonly outputFence: number;
  readonly offset: number;
  readonly windowBytes: number;
}

const outputHeadBytes = 22;
const inputHeadBytes = 72;

/** @param fence position.offset and crc equal the base's */
export function encodeFence(fence: FenceEntry): Uint8Array {
  const { driver, base } = fence;
  const head = new Uint8Array(driver ? inputHeadBytes : outputHeadBytes);
  writeU48(head, 0, base.fence);
  writeU64(head, 6, base.seq);
  writeU64(head, 14, fence.nonce);
  if (driver) {
    writeStream(head, 22, driver.stream);
    writeU32(head, 38, driver.connection);
    writeU64(head, 42, driver.next);
    writeU16(head, 50, driver.cols);
    writeU16(head, 52, driver.rows);
    writeU48(head, 54, driver.credit.outputFence);
    writeU64(head, 60, driver.credit.offset);
    writeU32(head, 68, driver.credit.windowBytes);
  }
  const type = driver ? FrameType.inputFence : FrameType.outputFence;
  return encodeEntry({ type, flags: 0, ...fence.position }, head, encodeUtf8(fence.writer));
}

/** @returns undefined for an entry that is no fence or breaks the layout (WP2) */
export function decodeFence(entry: Entry): FenceEntry | undefined {
  if (!isFence(entry)) return undefined;
  const payload = entry.frame.subarray(entryHeaderBytes);
  const headBytes = entry.type === FrameType.inputFence ? inputHeadBytes : outputHeadBytes;
  if (payload.length < headBytes) return undefined;
  const baseSeq = readU64(payload, 6);
  const nonce = readU64(payload, 14);
  const writer = decodeUtf8(payload.subarray(headBytes));
  if (baseSeq === unsafeInteger || nonce === unsafeInteger || !isWorkerId(writer)) return undefined;
  const { fence, seq, offset, crc } = entry;
  const common = { position: { fence, seq, offset, crc }, base: { fence: readU48(payload, 0), seq: baseSeq, offset, crc }, nonce, writer };
  if (entry.type === FrameType.outputFence) return common;
  const driver = decodeDriver(payload);
  return driver && { ...common, driver };
}

function decodeDriver(payload: Uint8Array): Driver | undefined {
  const next = readU64(payload, 42);
  const creditOffset = readU64(payload, 60);
  if (next === unsafeInteger || creditOffset === unsafeInteger) return undefined;
  return {
    stream: readStream(payload, 22),
    connection: readU32(payload, 38),
    next,
    cols: readU16(payload, 50),
    rows: readU16(payload, 52),
    credit: { outputFence: readU48(payload, 54), offset: creditOffset, windowBytes: readU32(payload, 68) },
  };
}
