import { Buffer } from 'node:buffer';
import * as fc from 'fast-check';
import type { RespReply } from '../../../src/broker/redis/resp-decoder.ts';

const crlf = '\r\n';
const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const line = fc.string({ maxLength: 40 }).map((text) => text.replaceAll(/[\r\n]/g, ' '));

/** Any reply that Redis may give, with arrays inside arrays. */
export const reply: fc.Arbitrary<RespReply> = fc.letrec<{ part: RespReply }>((tie) => ({
  part: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    bytes,
    fc.maxSafeInteger(),
    fc.constant(null),
    line.map((text) => new Error(text)),
    fc.array(tie('part'), { maxLength: 5 }),
  ),
})).part;

export function encodeReply(part: RespReply): Buffer {
  if (part === null) return Buffer.from(`$-1${crlf}`);
  if (typeof part === 'number') return Buffer.from(`:${part}${crlf}`);
  if (part instanceof Error) return Buffer.from(`-${part.message}${crlf}`);
  if (Buffer.isBuffer(part)) return Buffer.concat([Buffer.from(`$${part.length}${crlf}`), part, Buffer.from(crlf)]);
  const list = part as readonly RespReply[];
  return Buffer.concat([Buffer.from(`*${list.length}${crlf}`), ...list.map(encodeReply)]);
}

/** Pieces of RESP, right and wrong, put together: more of it gets past the first byte than of arbitrary bytes. */
export const almostResp: fc.Arbitrary<Buffer> = fc
  .array(
    fc.oneof(
      reply.map(encodeReply),
      reply.chain((part) => fc.nat(400).map((cut) => encodeReply(part).subarray(0, cut))),
      fc.constantFrom('*', '$', ':', '+', '-', '\r', '\n', '\r\n', '$-1\r\n', '*-1\r\n', '*0\r\n', '$0\r\n\r\n', '*1\r\n').map(Buffer.from),
      fc.tuple(fc.constantFrom('*', '$', ':'), fc.bigInt(-(2n ** 70n), 2n ** 70n)).map(([type, n]) => Buffer.from(`${type}${n}${crlf}`)),
      fc.tuple(fc.constantFrom('*', '$'), fc.integer({ min: 0, max: 100_000_000 })).map(([type, n]) => Buffer.from(`${type}${n}${crlf}`)),
      fc.uint8Array({ maxLength: 20 }).map((array) => Buffer.from(array)),
    ),
    { maxLength: 8 },
  )
  .map((parts) => Buffer.concat(parts));

/** The same bytes in pieces. */
export function inPieces(whole: Buffer, cuts: readonly number[]): readonly Buffer[] {
  const at = [0, ...cuts.map((cut) => (whole.length === 0 ? 0 : cut % whole.length)), whole.length].sort((a, b) => a - b);
  return at.slice(1).map((end, index) => whole.subarray(at[index], end));
}
