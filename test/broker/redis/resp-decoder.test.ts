import { Buffer } from 'node:buffer';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lineBytes, RespDecoder, type RespReply, replyBytes, replyDepth } from '../../../src/broker/redis/resp-decoder.ts';
import { pinned } from '../../support/fuzz.ts';
import { almostResp, encodeReply, inPieces, reply } from './resp-arbitraries.ts';

function decode(pieces: readonly Buffer[]): { replies: readonly RespReply[]; damage: string | undefined; most: number } {
  const replies: RespReply[] = [];
  const decoder = new RespDecoder((part) => replies.push(part));
  let damage: Error | undefined;
  let most = 0;
  for (const piece of pieces) {
    damage = decoder.read(piece);
    most = Math.max(most, decoder.heldBytes);
  }
  return { replies, damage: damage?.message, most };
}

const cuts = fc.array(fc.nat(5_000), { maxLength: 12 });

describe('replies of Redis', () => {
  it('[LG6] come out as they went in, wherever the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(reply, { maxLength: 6 }), cuts, (replies, at) => {
        const whole = Buffer.concat(replies.map(encodeReply));
        expect(decode(inPieces(whole, at))).toMatchObject({ replies, damage: undefined });
      }),
      pinned(11, 500),
    );
  });

  it('[LG6] that have not come whole are no replies', () => {
    fc.assert(
      fc.property(reply, fc.nat(400), cuts, (part, less, at) => {
        const whole = encodeReply(part);
        const cut = whole.subarray(0, Math.max(0, whole.length - 1 - less));
        expect(decode(inPieces(cut, at))).toMatchObject({ replies: [], damage: undefined });
      }),
      pinned(12, 500),
    );
  });

  it('[LG6] that break the protocol damage the stream at the same place, however it is cut; nothing throws and little is held', () => {
    fc.assert(
      fc.property(almostResp, cuts, (bytes, at) => {
        const whole = decode([bytes]);
        const split = decode(inPieces(bytes, at));
        expect({ ...split, most: 0 }).toEqual({ ...whole, most: 0 });
        expect(split.most).toBeLessThanOrEqual(replyBytes + bytes.length + 2);
      }),
      pinned(13, 2_000),
    );
  });

  it('[LG6] arbitrary bytes are damage or nothing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), cuts, (array, at) => {
        decode(inPieces(Buffer.from(array), at));
      }),
      pinned(14, 1_000),
    );
  });

  it.each([
    ['a list without end', '*99999999999999\r\n', 'too large'],
    ['a list that fits no reply', `*${replyBytes}\r\n`, 'too large'],
    ['a string without end', '$99999999999999\r\n', 'too large'],
    ['a string that fits no reply', `$${replyBytes}\r\n`, 'too large'],
    ['lists without end', '*1\r\n'.repeat(replyDepth + 1), 'too deep'],
    ['a line without end', `+${'x'.repeat(lineBytes + 1)}`, 'too long'],
    ['a length that is no number', '$12a\r\n', 'a length that is none'],
    ['a negative length', '*-2\r\n', 'a length that is none'],
    ['no length', '$\r\n', 'a length that is none'],
    ['an integer that is no number', ':1.5\r\n', 'an integer that is none'],
    ['a string longer than announced', '$1\r\nabc\r\n', 'a string without its end'],
    ['a line that ends in half', '+OK\rx', 'a line without its end'],
    ['something of a newer protocol', '_\r\n', 'no RESP2 reply'],
  ])('[LG6] %s is damage, and nothing of it is kept', (_name, text, what) => {
    const decoder = new RespDecoder(() => {
      throw new Error('no reply is in this');
    });
    expect(decoder.read(Buffer.from(text))?.message).toContain(what);
    expect(decoder.heldBytes).toBe(0);
    expect(decoder.read(Buffer.from('+OK\r\n'))?.message).toContain(what);
  });

  it('holds no more than a reply may be, filled to the brim in small pieces', () => {
    const decoder = new RespDecoder(() => undefined);
    const part = 64 * 1024;
    const parts = Math.floor(replyBytes / (part + 16));
    decoder.read(Buffer.from(`*${parts + 2}\r\n`));
    const piece = Buffer.concat([Buffer.from(`$${part}\r\n`), Buffer.alloc(part), Buffer.from('\r\n')]);
    for (let sent = 0; sent < parts; sent++) expect(decoder.read(piece)).toBeUndefined();
    expect(decoder.heldBytes).toBeGreaterThan(replyBytes - 2 * part);
    for (let sent = 0; sent < 2; sent++) decoder.read(piece);
    expect(decoder.read(Buffer.alloc(0))?.message).toContain('too large');
    expect(decoder.heldBytes).toBe(0);
  });
});
