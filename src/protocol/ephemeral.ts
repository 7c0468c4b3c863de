import { readU32, readU48, readU64, unsafeInteger, writeU32, writeU48, writeU64 } from './bytes.ts';
import { FrameType, isEphemeral } from './frame-type.ts';
import { type ClientStream, readStream, writeStream } from './ids.ts';
import { decodeJsonObject, encodeJson } from './json.ts';
import type { EntryId, LogPlace } from './position.ts';
import { parseWorkerStatus, type WorkerStatus } from './session-status.ts';

/**
 * Frames between edges and a worker that never enter a log: absolute statements, sent again when asked, so that losing one costs time only.
 *
 * ```
 * 0 type u8 │ 1 flags u8 │ 2 input fence u48 │ 8 output fence u48 │ 14 payload …
 * credit: 14 offset u64 │ 22 window u32         stall: 14 head offset u64
 * ask (flag 1: given up): 14 client stream 16 B
 * typed: 14 client stream 16 B │ 30 typed u64 │ 38 consumed fence u48 │ 44 consumed seq u64 │ 52 consumed offset u64
 * closed: 14 client stream 16 B │ 30 typed u64 │ 38 cause u8          workerStatus: 14 JSON
 * detach, skipOutput, probe: nothing
 * ```
 * A frame whose fences are not current is ignored (FC2).
 */
export interface Fences {
  /** Fence of the input log: which driver. */
  readonly input: number;
  /** Fence of the output log: which worker. */
  readonly output: number;
}

export const CloseStreamCause = {
  /** Another client took control (RS6). */
  superseded: 1,
  /** An input offset above the next one to type (RS6). */
  hole: 2,
  /** The session ended. */
  ended: 3,
  /** Too many others came after it: how much of it was typed is not known any more (RS6). */
  forgotten: 4,
} as const;

export type EphemeralBody =
  /** How far the driver's terminal has parsed (FC2). */
  | { readonly kind: 'credit'; readonly offset: number; readonly windowBytes: number }
  /** The driving socket is gone: nobody drives (FC3). */
  | { readonly kind: 'detach' }
  /** An edge asks the worker to state `typed` or `closed` of a stream; its status when the stream is {@link noStream}. A client that gave its stream up wants it closed (RS6). */
  | { readonly kind: 'ask'; readonly stream: ClientStream; readonly givenUp: boolean }
  /** The driver asks to discard what is queued (FC9). */
  | { readonly kind: 'skipOutput' }
  /** An edge whose client would drive asks whether the driver of this input fence is still there (DR2). */
  | { readonly kind: 'probe' }
  /** The worker waits for credit. */
  | { readonly kind: 'stall'; readonly headOffset: number }
  /** All input of the stream below `typed` was written to the upstream (RS4); everything up to `consumed` was, or never will be (LG9). */
  | {
      readonly kind: 'typed';
      readonly stream: ClientStream;
      readonly typed: number;
      readonly endOfInput: boolean;
      readonly consumed: Consumed;
    }
  /** The stream will never be typed again; exactly `typed` bytes of it were (RS6). */
  | { readonly kind: 'closed'; readonly stream: ClientStream; readonly typed: number; readonly cause: number }
  | { readonly kind: 'workerStatus'; readonly status: WorkerStatus };

/** The last entry of the input log that its worker has done with, and the offset behind it. */
export type Consumed = EntryId & LogPlace;

export type Ephemeral = EphemeralBody & { readonly fences: Fences };

const headBytes = 14;

const typedBytes = 46;

export function encodeEphemeral(fences: Fences, body: EphemeralBody): Uint8Array {
  const payload = encodeBody(body);
  const frame = new Uint8Array(headBytes + payload.length);
  frame[0] = FrameType[body.kind];
  frame[1] = (body.kind === 'typed' && body.endOfInput) || (body.kind === 'ask' && body.givenUp) ? 1 : 0;
  writeU48(frame, 2, fences.input);
  writeU48(frame, 8, fences.output);
  frame.set(payload, headBytes);
  return frame;
}

function encodeBody(body: EphemeralBody): Uint8Array {
  switch (body.kind) {
    case 'credit': {
      const bytes = new Uint8Array(12);
      writeU64(bytes, 0, body.offset);
      writeU32(bytes, 8, body.windowBytes);
      return bytes;
    }
    case 'stall': {
      const bytes = new Uint8Array(8);
      writeU64(bytes, 0, body.headOffset);
      return bytes;
    }
    case 'ask': {
      const bytes = new Uint8Array(16);
      writeStream(bytes, 0, body.stream);
      return bytes;
    }
    case 'typed': {
      const bytes = new Uint8Array(typedBytes);
      writeStream(bytes, 0, body.stream);
      writeU64(bytes, 16, body.typed);
      writeU48(bytes, 24, body.consumed.fence);
      writeU64(bytes, 30, body.consumed.seq);
      writeU64(bytes, 38, body.consumed.offset);
      return bytes;
    }
    case 'closed': {
      const bytes = new Uint8Array(25);
      writeStream(bytes, 0, body.stream);
      writeU64(bytes, 16, body.typed);
      bytes[24] = body.cause;
      return bytes;
    }
    case 'workerStatus':
      return encodeJson(body.status);
    default:
      return new Uint8Array(0);
  }
}

/** @returns undefined for bytes that are no ephemeral frame, of an unknown type or broken (WP2, WP5); never throws */
export function decodeEphemeral(frame: Uint8Array): Ephemeral | undefined {
  if (frame.length < headBytes || !isEphemeral(frame[0] as number)) return undefined;
  const body = decodeBody(frame[0] as number, frame[1] as number, frame.subarray(headBytes));
  return body && { ...body, fences: { input: readU48(frame, 2), output: readU48(frame, 8) } };
}

function decodeBody(type: number, flags: number, payload: Uint8Array): EphemeralBody | undefined {
  switch (type) {
    case FrameType.credit: {
      const offset = payload.length >= 12 ? readU64(payload, 0) : unsafeInteger;
      return offset === unsafeInteger ? undefined : { kind: 'credit', offset, windowBytes: readU32(payload, 8) };
    }
    case FrameType.detach:
      return { kind: 'detach' };
    case FrameType.skipOutput:
      return { kind: 'skipOutput' };
    case FrameType.probe:
      return { kind: 'probe' };
    case FrameType.ask:
      return payload.length < 16 ? undefined : { kind: 'ask', stream: readStream(payload, 0), givenUp: (flags & 1) === 1 };
    case FrameType.stall: {
      const headOffset = payload.length >= 8 ? readU64(payload, 0) : unsafeInteger;
      return headOffset === unsafeInteger ? undefined : { kind: 'stall', headOffset };
    }
    case FrameType.typed: {
      if (payload.length < typedBytes) return undefined;
      const typed = readU64(payload, 16);
      const consumed = { fence: readU48(payload, 24), seq: readU64(payload, 30), offset: readU64(payload, 38) };
      if (typed === unsafeInteger || consumed.seq === unsafeInteger || consumed.offset === unsafeInteger) return undefined;
      return { kind: 'typed', stream: readStream(payload, 0), typed, endOfInput: (flags & 1) === 1, consumed };
    }
    case FrameType.closed: {
      const typed = payload.length >= 25 ? readU64(payload, 16) : unsafeInteger;
      return typed === unsafeInteger ? undefined : { kind: 'closed', stream: readStream(payload, 0), typed, cause: payload[24] ?? 0 };
    }
    case FrameType.workerStatus: {
      const status = parseWorkerStatus(decodeJsonObject(payload));
      return status && { kind: 'workerStatus', status };
    }
    default:
      return undefined;
  }
}
