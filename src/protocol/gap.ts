import { readU64, unsafeInteger, writeU64 } from './bytes.ts';
import { type Entry, entryHeaderBytes } from './entry.ts';
import { FrameType } from './frame-type.ts';

/** Why bytes are missing (LG7). On the wire as u8, in a gap entry and in the gap frame an edge makes. */
export const GapCause = {
  /** They left the log before this reader came to them: it was away or too slow. */
  trimmed: 1,
  /** The broker lost them in a fail-over and the writer no longer had them (LG8). */
  lost: 2,
  /** The driver asked to skip them (FC9). */
  skipped: 3,
  /** Two checks of the same place failed (WP3). */
  damaged: 4,
  /** Nobody drove and the log's bound was reached (FC3). */
  detached: 5,
} as const;

export type GapCause = (typeof GapCause)[keyof typeof GapCause];

export interface Gap {
  /** Bytes missing. */
  readonly sizeBytes: number;
  readonly cause: GapCause;
}

const gapPayloadBytes = 9;

export function isGapCause(value: number): value is GapCause {
  return value >= GapCause.trimmed && value <= GapCause.detached;
}

export function encodeGap(gap: Gap): Uint8Array {
  const payload = new Uint8Array(gapPayloadBytes);
  writeU64(payload, 0, gap.sizeBytes);
  payload[8] = gap.cause;
  return payload;
}

export function decodeGap(payload: Uint8Array): Gap | undefined {
  const sizeBytes = payload.length >= gapPayloadBytes ? readU64(payload, 0) : unsafeInteger;
  const cause = payload[8] ?? 0;
  return sizeBytes >= 0 && isGapCause(cause) ? { sizeBytes, cause } : undefined;
}

export function gapOf(entry: Entry): Gap | undefined {
  return entry.type === FrameType.outputGap ? decodeGap(entry.frame.subarray(entryHeaderBytes)) : undefined;
}
