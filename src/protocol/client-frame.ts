import { readU16, readU32, readU48, readU64, unsafeInteger, writeU16, writeU32, writeU48, writeU64 } from './bytes.ts';
import { FrameType } from './frame-type.ts';
import { type ClientStream, isClientStream, isSessionId, type SessionId } from './ids.ts';
import { decodeJsonObject, encodeJson, isOffset, isShortText } from './json.ts';
import { formerStreams, lostStreams, maxEntryPayloadBytes } from './limits.ts';
import type { Position } from './position.ts';
import { isCells } from './terminal-cells.ts';

/**
 * Browser → edge, subprotocol `poseidon.v1`. Type u8, flags u8, then:
 *
 * ```
 * open, resume, takeControl: JSON               skip, end: nothing
 * input: 2 client offset u64 │ 10 bytes         endOfInput: 2 client offset u64
 * ack: 2 output fence u48 │ 8 offset u64 │ 16 window u32
 * resize: 2 client offset u64 │ 10 cols u16 │ 12 rows u16          ping: 2 token u32
 * ```
 */
export type ClientFrame =
  | ({ readonly kind: 'open' } & Open)
  | ({ readonly kind: 'resume' } & Resume)
  | { readonly kind: 'input'; readonly offset: number; readonly bytes: Uint8Array }
  /** Everything below this position was parsed by the terminal, not merely received. */
  | { readonly kind: 'ack'; readonly outputFence: number; readonly offset: number; readonly windowBytes: number }
  | { readonly kind: 'resize'; readonly offset: number; readonly cols: number; readonly rows: number }
  | { readonly kind: 'endOfInput'; readonly offset: number }
  | { readonly kind: 'ping'; readonly token: number }
  /** `ifFence`: only from the silent driver that holds this fence of the input log (DR1). */
  | { readonly kind: 'takeControl'; readonly stream: ClientStream; readonly connection: number; readonly ifFence?: number }
  | { readonly kind: 'skip' }
  | { readonly kind: 'end' };

/** Size of the terminal and what it takes un-parsed; the driver's count (DR1, FC2). */
export interface Viewport {
  readonly cols: number;
  readonly rows: number;
  readonly windowBytes: number;
}

/** Starts a new session with a ticket from `POST /v1/sessions`. */
export interface Open extends Viewport {
  readonly ticket: string;
  readonly stream: ClientStream;
  readonly connection: number;
}

/** Joins a session again, on any edge (RS1). */
export interface Resume extends Viewport {
  readonly session: SessionId;
  readonly key: string;
  readonly position: Position;
  /** The base of the last fence entry passed; start of the log when none was. */
  readonly base: Position;
  /** Of the last fence entry passed, if the position is in its fence; else 0 (RS3). */
  readonly nonce: number;
  readonly stream: ClientStream;
  readonly connection: number;
  /** Bytes of `stream` known to be typed. */
  readonly typed: number;
  /** Offset parsed by the terminal, the first credit (FC2). */
  readonly parsed: number;
  /** Streams that this tab had before, the newest first: a socket that drives with one may be replaced (DR1). */
  readonly former?: readonly ClientStream[];
  /** Streams this client gave up and has not been told the fate of: the worker is asked for it (RS6). */
  readonly lost?: readonly ClientStream[];
  /** Do not drive, only watch. */
  readonly watch: boolean;
}

export type Decoded<Frame> =
  | { readonly ok: true; readonly frame: Frame }
  | { readonly ok: false; readonly unknownType: boolean; readonly problem: string };

const headBytes = 2;

const broken = (problem: string): Decoded<never> => ({ ok: false, unknownType: false, problem });

export function encodeClientFrame(frame: ClientFrame): Uint8Array {
  switch (frame.kind) {
    case 'input': {
      const bytes = head(FrameType.input, 10 + frame.bytes.length);
      writeU64(bytes, 2, frame.offset);
      bytes.set(frame.bytes, 10);
      return bytes;
    }
    case 'ack': {
      const bytes = head(FrameType.ack, 20);
      writeU48(bytes, 2, frame.outputFence);
      writeU64(bytes, 8, frame.offset);
      writeU32(bytes, 16, frame.windowBytes);
      return bytes;
    }
    case 'resize': {
      const bytes = head(FrameType.resize, 14);
      writeU64(bytes, 2, frame.offset);
      writeU16(bytes, 10, frame.cols);
      writeU16(bytes, 12, frame.rows);
      return bytes;
    }
    case 'endOfInput': {
      const bytes = head(FrameType.endOfInput, 10);
      writeU64(bytes, 2, frame.offset);
      return bytes;
    }
    case 'ping': {
      const bytes = head(FrameType.ping, 6);
      writeU32(bytes, 2, frame.token);
      return bytes;
    }
    case 'skip':
    case 'end':
      return head(FrameType[frame.kind], headBytes);
    default: {
      const { kind, ...fields } = frame;
      const json = encodeJson(fields);
      const bytes = head(FrameType[kind], 2 + json.length);
      bytes.set(json, 2);
      return bytes;
    }
  }
}

function head(type: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  bytes[0] = type;
  return bytes;
}

/** Never throws; `input.bytes` is a view of `bytes` (WP2). */
export function decodeClientFrame(bytes: Uint8Array): Decoded<ClientFrame> {
  if (bytes.length < headBytes) return broken('head');
  switch (bytes[0]) {
    case FrameType.input: {
      const offset = bytes.length > 10 ? readU64(bytes, 2) : unsafeInteger;
      if (offset === unsafeInteger || bytes.length > 10 + maxEntryPayloadBytes) return broken('input');
      return { ok: true, frame: { kind: 'input', offset, bytes: bytes.subarray(10) } };
    }
    case FrameType.ack: {
      const offset = bytes.length === 20 ? readU64(bytes, 8) : unsafeInteger;
      if (offset === unsafeInteger) return broken('ack');
      return { ok: true, frame: { kind: 'ack', outputFence: readU48(bytes, 2), offset, windowBytes: readU32(bytes, 16) } };
    }
    case FrameType.resize: {
      const offset = bytes.length === 14 ? readU64(bytes, 2) : unsafeInteger;
      const [cols, rows] = [readU16(bytes, 10), readU16(bytes, 12)];
      if (offset === unsafeInteger || cols === 0 || rows === 0) return broken('resize');
      return { ok: true, frame: { kind: 'resize', offset, cols, rows } };
    }
    case FrameType.endOfInput: {
      const offset = bytes.length === 10 ? readU64(bytes, 2) : unsafeInteger;
      return offset === unsafeInteger ? broken('endOfInput') : { ok: true, frame: { kind: 'endOfInput', offset } };
    }
    case FrameType.ping:
      return bytes.length === 6 ? { ok: true, frame: { kind: 'ping', token: readU32(bytes, 2) } } : broken('ping');
    case FrameType.skip:
      return { ok: true, frame: { kind: 'skip' } };
    case FrameType.end:
      return { ok: true, frame: { kind: 'end' } };
    case FrameType.open:
    case FrameType.resume:
    case FrameType.takeControl:
      return decodeControl(bytes[0], bytes.subarray(2));
    default:
      return { ok: false, unknownType: true, problem: 'type' };
  }
}

function decodeControl(type: number, payload: Uint8Array): Decoded<ClientFrame> {
  const json = decodeJsonObject(payload);
  if (!json) return broken('json');
  const { stream, connection } = json;
  if (!isClientStream(stream)) return broken('stream');
  if (!isConnection(connection)) return broken('connection');
  if (type === FrameType.takeControl) {
    const { ifFence } = json;
    if (ifFence !== undefined && !isOffset(ifFence)) return broken('fence');
    return { ok: true, frame: { kind: 'takeControl', stream, connection, ...(ifFence !== undefined && { ifFence }) } };
  }
  const viewport = parseViewport(json);
  if (!viewport) return broken('viewport');
  if (type === FrameType.open) {
    const { ticket } = json;
    if (!isShortText(ticket, 64)) return broken('ticket');
    return { ok: true, frame: { kind: 'open', ticket, stream, connection, ...viewport } };
  }
  const { session, key, nonce, typed, parsed, former, lost, watch } = json;
  const position = parsePosition(json['position']);
  const base = parsePosition(json['base']);
  if (!isSessionId(session) || !isShortText(key, 64)) return broken('session');
  if (!position || !base || !isOffset(nonce) || !isOffset(typed) || !isOffset(parsed)) return broken('position');
  if (former !== undefined && !areStreams(former, formerStreams)) return broken('former');
  if (lost !== undefined && !areStreams(lost, lostStreams)) return broken('lost');
  const resume = { session, key, position, base, nonce, stream, connection, typed, parsed, watch: watch === true, ...viewport };
  return {
    ok: true,
    frame: { kind: 'resume', ...resume, ...(former === undefined ? {} : { former }), ...(lost === undefined ? {} : { lost }) },
  };
}

function areStreams(value: unknown, most: number): value is readonly ClientStream[] {
  return Array.isArray(value) && value.length <= most && value.every(isClientStream);
}

function isConnection(value: unknown): value is number {
  return isOffset(value) && value > 0 && value <= 0xffffffff;
}

function parseViewport(json: { readonly [key: string]: unknown }): Viewport | undefined {
  const { cols, rows, windowBytes } = json;
  if (!isCells(cols) || !isCells(rows) || !isOffset(windowBytes) || windowBytes > 0xffffffff) return undefined;
  return { cols, rows, windowBytes };
}

function parsePosition(value: unknown): Position | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { fence, seq, offset, crc } = value as { [key: string]: unknown };
  if (!isOffset(fence) || fence > 0xffffffffffff || !isOffset(seq) || !isOffset(offset) || !isOffset(crc) || crc > 0xffffffff)
    return undefined;
  return { fence, seq, offset, crc };
}
