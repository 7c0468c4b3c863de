import { type CursorSpan, cursorBehind, type LogCursor } from '../protocol/log-cursor.ts';

/** Output on its way to the log. */
export interface OutputPiece {
  readonly bytes: Uint8Array;
  readonly flags: number;
  /** Of a container's log: where the bytes begin and end in it. */
  readonly span?: CursorSpan;
}

/** What is left of a piece without its first `bytes`. */
export function pieceBehind(piece: OutputPiece, bytes: number): OutputPiece {
  const rest = { ...piece, bytes: piece.bytes.subarray(bytes) };
  return piece.span ? { ...rest, span: { ...piece.span, before: cursorBehind(piece.span.before, bytes) } } : rest;
}

/** Where the log is left behind the first `bytes` of a piece. */
export function cursorWithin({ bytes: all, span }: OutputPiece, bytes: number): LogCursor | undefined {
  if (!span) return undefined;
  return bytes === all.length ? span.after : cursorBehind(span.before, bytes);
}
