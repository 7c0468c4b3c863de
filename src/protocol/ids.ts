/** Names of things, branded so that one cannot stand for another. All are safe in Redis keys, URLs and environment values. */
declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

export type SessionId = Branded<'SessionId'>;
export type WorkerId = Branded<'WorkerId'>;
/** Names the input of one page load (or one loss of control) for ever: 16 bytes as 32 hex digits (RS4). */
export type ClientStream = Branded<'ClientStream'>;

const sessionPattern = /^[A-Za-z0-9_-]{16,32}$/;
const workerPattern = /^[A-Za-z0-9_.-]{1,63}$/;
const streamPattern = /^[0-9a-f]{32}$/;

export function isSessionId(text: unknown): text is SessionId {
  return typeof text === 'string' && sessionPattern.test(text);
}

export function isWorkerId(text: unknown): text is WorkerId {
  return typeof text === 'string' && workerPattern.test(text);
}

export function isClientStream(text: unknown): text is ClientStream {
  return typeof text === 'string' && streamPattern.test(text);
}

/** The stream of a log that nobody has ever driven. */
export const noStream = '0'.repeat(32) as ClientStream;

/** Packed. */
export const clientStreamBytes = 16;

const hexDigits = '0123456789abcdef';

/** @param bytes holds {@link clientStreamBytes} at `at` */
export function readStream(bytes: Uint8Array, at: number): ClientStream {
  let text = '';
  for (let i = at; i < at + clientStreamBytes; i++) {
    const value = bytes[i] ?? 0;
    text += (hexDigits[value >>> 4] ?? '') + (hexDigits[value & 15] ?? '');
  }
  return text as ClientStream;
}

export function writeStream(bytes: Uint8Array, at: number, stream: ClientStream): void {
  for (let i = 0; i < clientStreamBytes; i++) bytes[at + i] = Number.parseInt(stream.slice(2 * i, 2 * i + 2), 16);
}
