import { describe, expect, it } from 'vitest';
import { encodeAppend } from '../../../src/broker/redis/encode-append.ts';
import { RespEncoder } from '../../../src/broker/redis/resp-encoder.ts';
import { encodeEntry } from '../../../src/protocol/entry.ts';

const taken = (encoder: RespEncoder) => Buffer.concat(encoder.take());

describe('RESP on the way out', () => {
  it('writes arrays of bulk strings, text as UTF-8, and counts the bytes', () => {
    const encoder = new RespEncoder();
    const length = encoder.command(['SET', 'ä', Uint8Array.of(13, 10, 0)]);
    const bytes = taken(encoder);
    expect(bytes.toString('latin1')).toBe(`*3\r\n$3\r\nSET\r\n$2\r\n${Buffer.from('ä').toString('latin1')}\r\n$3\r\n\r\n\0\r\n`);
    expect(length).toBe(bytes.length);
    expect(encoder.take()).toEqual([]);
  });

  it('keeps the order and every byte over slabs and long arguments', () => {
    const encoder = new RespEncoder();
    const sizes = [0, 1, 8_192, 8_193, 70_000, 3, 65_536, 30_000, 30_000, 30_000];
    let length = 0;
    let expected = '';
    for (const [index, size] of sizes.entries()) {
      const bytes = new Uint8Array(size).fill(index + 1);
      length += encoder.command(['X', bytes, 'y'.repeat(size)]);
      expected += `*3\r\n$1\r\nX\r\n$${size}\r\n${Buffer.from(bytes).toString('latin1')}\r\n$${size}\r\n${'y'.repeat(size)}\r\n`;
    }
    const bytes = taken(encoder);
    expect(bytes.length).toBe(length);
    expect(bytes.toString('latin1') === expected).toBe(true);
  });

  it('[LG4] an append is XADD under the id of the frame, then SPUBLISH of the same frame', () => {
    const encoder = new RespEncoder();
    const header = { type: 1, flags: 0, fence: 281_474_976_710_655, seq: Number.MAX_SAFE_INTEGER, offset: 0, crc: 0 };
    const frame = encodeEntry(header, Uint8Array.of(1, 2));
    const { id, bytes: length } = encodeAppend(encoder, 'p:{s}:out', frame);
    const raw = Buffer.from(frame).toString('latin1');
    const bytes = taken(encoder);
    expect(bytes.toString('latin1')).toBe(
      `*6\r\n$4\r\nXADD\r\n$9\r\np:{s}:out\r\n$10\r\nNOMKSTREAM\r\n$32\r\n281474976710655-9007199254740991\r\n$1\r\nf\r\n$30\r\n${raw}\r\n` +
        `*3\r\n$8\r\nSPUBLISH\r\n$9\r\np:{s}:out\r\n$30\r\n${raw}\r\n`,
    );
    expect([id, length]).toEqual(['281474976710655-9007199254740991', bytes.length]);
  });
});
