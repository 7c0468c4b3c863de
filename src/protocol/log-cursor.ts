import { readU32, writeU32 } from './bytes.ts';

/**
 * A place in a container's log, as far as it was given out: behind `lines` lines with this time, and `bytes` bytes of output after them.
 * Several lines may have one time. It rides in front of the output that it stands behind (flag `cursor`), so that another worker finds it
 * on the output log and goes on from there (LS2).
 */
export interface LogCursor {
  /** Which run of the container: the CRC-32 of its id; 0: not known. */
  readonly run: number;
  /** Since 1970. */
  readonly seconds: number;
  readonly nanos: number;
  readonly lines: number;
  readonly bytes: number;
}

/** Where a piece of output begins and ends. */
export interface CursorSpan {
  readonly before: LogCursor;
  readonly after: LogCursor;
}

export const logCursorBytes = 20;

export function encodeLogCursor({ run, seconds, nanos, lines, bytes }: LogCursor): Uint8Array {
  const encoded = new Uint8Array(logCursorBytes);
  for (const [index, value] of [run, seconds, nanos, lines, bytes].entries()) writeU32(encoded, index * 4, value);
  return encoded;
}

/** @param payload at least {@link logCursorBytes} long */
export function decodeLogCursor(payload: Uint8Array): LogCursor {
  const field = (index: number) => readU32(payload, index * 4);
  return { run: field(0), seconds: field(1), nanos: field(2), lines: field(3), bytes: field(4) };
}

export function cursorBehind(cursor: LogCursor, bytes: number): LogCursor {
  return { ...cursor, bytes: cursor.bytes + bytes };
}
