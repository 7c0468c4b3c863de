import { readU16, readU32, readU48, readU64, unsafeInteger, writeU16, writeU32, writeU48, writeU64 } from './bytes.ts';
import type { Decoded } from './client-frame.ts';
import { FrameType } from './frame-type.ts';
import { type Gap, isGapCause } from './gap.ts';
import { isSessionId, type SessionId } from './ids.ts';
import { decodeJsonObject, encodeJson, isShortText } from './json.ts';
import type { Position } from './position.ts';
import { type Control, isControl, parseSessionStatus, type SessionStatus } from './session-status.ts';
import { decodeUtf8, encodeUtf8 } from './utf8.ts';

/**
 * Edge → browser beside the output entries, which are forwarded as they are. Type u8, flags u8, then:
 *
 * ```
 * attached, status: JSON           inputAck (flag 1: end of input typed): 2 accepted u64 │ 10 typed u64
 * gap (flag 1: adopt the next entry's CRC): 2 position 26 B │ 28 size u64 │ 36 cause u8
 * rewound (flag 1: as for gap): 2 position 26 B         pong: 2 token u32          close: 2 code u16 │ 4 text UTF-8
 * position: fence u48 │ seq u64 │ offset u64 │ crc u32
 * ```
 */
export type ServerFrame =
  | ({ readonly kind: 'attached' } & Attached)
  /** Bytes of the client's stream stored in the log, and written to the upstream (RS4). */
  | { readonly kind: 'inputAck'; readonly accepted: number; readonly typed: number; readonly endOfInput: boolean }
  /** Output that this client will never get; its position moves to the one carried (LG7). Size 0: only entries without bytes are missing. */
  | ({ readonly kind: 'gap'; readonly to: Position; readonly adoptCrc: boolean } & Gap)
  /** What the client holds beyond this position is not on the record (LG8). */
  | { readonly kind: 'rewound'; readonly to: Position; readonly adoptCrc: boolean }
  | { readonly kind: 'pong'; readonly token: number }
  | { readonly kind: 'status'; readonly status: SessionStatus }
  | { readonly kind: 'close'; readonly code: number; readonly text: string };

export interface Attached {
  readonly session: SessionId;
  /** Present in the answer to `open`: what a resume must show. */
  readonly key?: string;
  readonly edge: string;
  readonly control: Control;
  /** What the session is connected to, for the page's title. */
  readonly target: { readonly [key: string]: unknown };
}

export function encodeServerFrame(frame: ServerFrame): Uint8Array {
  switch (frame.kind) {
    case 'inputAck': {
      const bytes = head(FrameType.inputAck, frame.endOfInput ? 1 : 0, 18);
      writeU64(bytes, 2, frame.accepted);
      writeU64(bytes, 10, frame.typed);
      return bytes;
    }
    case 'gap': {
      const bytes = head(FrameType.gap, frame.adoptCrc ? 1 : 0, 37);
      writePosition(bytes, 2, frame.to);
      writeU64(bytes, 28, frame.sizeBytes);
      bytes[36] = frame.cause;
      return bytes;
    }
    case 'rewound': {
      const bytes = head(FrameType.rewound, frame.adoptCrc ? 1 : 0, 28);
      writePosition(bytes, 2, frame.to);
      return bytes;
    }
    case 'pong': {
      const bytes = head(FrameType.pong, 0, 6);
      writeU32(bytes, 2, frame.token);
      return bytes;
    }
    case 'close': {
      const text = encodeUtf8(frame.text);
      const bytes = head(FrameType.close, 0, 4 + text.length);
      writeU16(bytes, 2, frame.code);
      bytes.set(text, 4);
      return bytes;
    }
    default: {
      const { kind, ...fields } = frame;
      const json = encodeJson(kind === 'status' && 'status' in fields ? fields.status : fields);
      const bytes = head(FrameType[kind], 0, 2 + json.length);
      bytes.set(json, 2);
      return bytes;
    }
  }
}

function head(type: number, flags: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  bytes[0] = type;
  bytes[1] = flags;
  return bytes;
}

/** For everything but log entries, which `decodeEntry` reads. Never throws (WP2). */
export function decodeServerFrame(bytes: Uint8Array): Decoded<ServerFrame> {
  const frame = decode(bytes);
  if (frame === 'unknown') return { ok: false, unknownType: true, problem: 'type' };
  return frame ? { ok: true, frame } : { ok: false, unknownType: false, problem: `frame of type ${bytes[0]}` };
}

function decode(bytes: Uint8Array): ServerFrame | undefined | 'unknown' {
  if (bytes.length < 2) return undefined;
  switch (bytes[0]) {
    case FrameType.inputAck: {
      const [accepted, typed] = bytes.length === 18 ? [readU64(bytes, 2), readU64(bytes, 10)] : [unsafeInteger, unsafeInteger];
      if (accepted === unsafeInteger || typed === unsafeInteger) return undefined;
      return { kind: 'inputAck', accepted, typed, endOfInput: ((bytes[1] ?? 0) & 1) === 1 };
    }
    case FrameType.gap: {
      const to = bytes.length === 37 ? readPosition(bytes, 2) : undefined;
      const sizeBytes = readU64(bytes, 28);
      const cause = bytes[36] ?? 0;
      if (!to || sizeBytes === unsafeInteger || !isGapCause(cause)) return undefined;
      return { kind: 'gap', to, sizeBytes, cause, adoptCrc: ((bytes[1] ?? 0) & 1) === 1 };
    }
    case FrameType.rewound: {
      const to = bytes.length === 28 ? readPosition(bytes, 2) : undefined;
      return to && { kind: 'rewound', to, adoptCrc: ((bytes[1] ?? 0) & 1) === 1 };
    }
    case FrameType.pong:
      return bytes.length === 6 ? { kind: 'pong', token: readU32(bytes, 2) } : undefined;
    case FrameType.close: {
      const text = decodeUtf8(bytes.subarray(4));
      return bytes.length < 4 || text === undefined ? undefined : { kind: 'close', code: readU16(bytes, 2), text };
    }
    case FrameType.status: {
      const status = parseSessionStatus(decodeJsonObject(bytes.subarray(2)));
      return status && { kind: 'status', status };
    }
    case FrameType.attached:
      return decodeAttached(bytes.subarray(2));
    default:
      return 'unknown';
  }
}

function decodeAttached(payload: Uint8Array): ServerFrame | undefined {
  const json = decodeJsonObject(payload);
  if (!json) return undefined;
  const { session, key, edge, control, target } = json;
  if (!isSessionId(session) || !isShortText(edge, 64) || !isControl(control) || typeof target !== 'object' || target === null)
    return undefined;
  const attached = { session, edge, control, target: target as { [key: string]: unknown } };
  return { kind: 'attached', ...attached, ...(isShortText(key, 64) ? { key } : {}) };
}

function writePosition(bytes: Uint8Array, at: number, position: Position): void {
  writeU48(bytes, at, position.fence);
  writeU64(bytes, at + 6, position.seq);
  writeU64(bytes, at + 14, position.offset);
  writeU32(bytes, at + 22, position.crc);
}

function readPosition(bytes: Uint8Array, at: number): Position | undefined {
  const [seq, offset] = [readU64(bytes, at + 6), readU64(bytes, at + 14)];
  if (seq === unsafeInteger || offset === unsafeInteger) return undefined;
  return { fence: readU48(bytes, at), seq, offset, crc: readU32(bytes, at + 22) };
}
