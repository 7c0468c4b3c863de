import { decodeBase64, encodeBase64 } from './base64.ts';
import type { ChannelProtocol, Framing } from './subprotocol.ts';

/** Streams inside one exec or attach connection; the first byte (base64: the first character) of every message. */
export const channel = { stdin: 0, stdout: 1, stderr: 2, status: 3, resize: 4, close: 255 } as const;

export type DecodedMessage =
  | { readonly kind: 'bytes'; readonly channel: 1 | 2 | 3; readonly bytes: Uint8Array }
  /** The announcement after the open and keep-alives: no payload (facts 2.3, 4.3). */
  | { readonly kind: 'empty' }
  /** A channel that this side does not read: ignored and counted. */
  | { readonly kind: 'unknown' }
  /** Not the base64 that was agreed: bytes are lost if one goes on. */
  | { readonly kind: 'damaged' };

/** Never throws. The bytes are a view into `message` when the framing is binary. */
export function decodeMessage(framing: Framing, message: Uint8Array): DecodedMessage {
  const first = message[0];
  if (first === undefined) return { kind: 'empty' };
  const number = framing === 'binary' ? first : first - digitZero;
  if (number !== channel.stdout && number !== channel.stderr && number !== channel.status) return { kind: 'unknown' };
  if (message.length === 1) return { kind: 'empty' };
  const bytes = framing === 'binary' ? message.subarray(1) : decodeBase64(message, 1);
  return bytes ? { kind: 'bytes', channel: number, bytes } : { kind: 'damaged' };
}

/** A log has no channels: the message is the bytes. @returns undefined when it is damaged */
export function decodeLogMessage(framing: Framing, message: Uint8Array): Uint8Array | undefined {
  return framing === 'binary' ? message : decodeBase64(message, 0);
}

/** A message of a client, as its server reads it. */
export type ClientMessage =
  | { readonly kind: 'input' | 'resize'; readonly bytes: Uint8Array }
  | { readonly kind: 'close'; readonly stream: number }
  /** Nothing in it; or of a channel that the server does not read: ignored. */
  | { readonly kind: 'nothing' }
  /** Not the base64 that was agreed: bytes are lost if one goes on. */
  | { readonly kind: 'damaged' }
  /** A close message of another length than two bytes ends the connection (facts 4.2). */
  | { readonly kind: 'bad-close' };

/** Never throws. The bytes are a view into `message` when the framing is binary. */
export function decodeClientMessage({ framing, halfClose }: ChannelProtocol, message: Uint8Array): ClientMessage {
  const first = message[0];
  if (first === undefined) return { kind: 'nothing' };
  if (halfClose && first === channel.close)
    return message[1] === undefined || message.length > 2 ? { kind: 'bad-close' } : { kind: 'close', stream: message[1] };
  const number = framing === 'binary' ? first : first - digitZero;
  if (message.length === 1 || (number !== channel.stdin && number !== channel.resize)) return { kind: 'nothing' };
  const bytes = framing === 'binary' ? message.subarray(1) : decodeBase64(message, 1);
  if (!bytes) return { kind: 'damaged' };
  return { kind: number === channel.stdin ? 'input' : 'resize', bytes };
}

/** A text is to be sent as a text message, bytes as a binary one. */
export function encodeMessage(framing: Framing, to: 0 | 1 | 2 | 3 | 4, bytes: Uint8Array): Uint8Array | string {
  if (framing === 'base64') return String(to) + encodeBase64(bytes);
  const message = Buffer.allocUnsafe(bytes.length + 1);
  message[0] = to;
  message.set(bytes, 1);
  return message;
}

/** A log has no channels. */
export function encodeLogMessage(framing: Framing, bytes: Uint8Array): Uint8Array | string {
  return framing === 'binary' ? bytes : encodeBase64(bytes);
}

/** Only on v5 and never on a TTY; exactly two bytes, anything else ends the connection (facts 4.2, 4.4). */
export const endOfInput: Uint8Array = Uint8Array.of(channel.close, channel.stdin);

/**
 * One message to the upstream, its channel byte included. Far below the server's 32 MiB, large enough to be cheap, small enough that a
 * keystroke never waits long behind a paste (UP2, FC6).
 */
const maxMessageBytes = 32 * 1024;

/** Payload bytes that fit into one message. */
export function maxPayload(framing: Framing): number {
  return framing === 'binary' ? maxMessageBytes - 1 : Math.floor((maxMessageBytes - 1) / 4) * 3;
}

const digitZero = 0x30;
