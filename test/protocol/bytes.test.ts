import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  concat,
  readU16,
  readU32,
  readU48,
  readU64,
  unsafeInteger,
  writeU16,
  writeU32,
  writeU48,
  writeU64,
} from '../../src/protocol/bytes.ts';
import { u16, u32, u48, u64 } from './arbitraries.ts';
import { hexOf } from './vectors.ts';

type Read = (bytes: Uint8Array, at: number) => number;
type Write = (bytes: Uint8Array, at: number, value: number) => void;

const sizes: ReadonlyArray<[string, number, Read, Write, fc.Arbitrary<number>]> = [
  ['u16', 2, readU16, writeU16, u16],
  ['u32', 4, readU32, writeU32, u32],
  ['u48', 6, readU48, writeU48, u48],
  ['u64', 8, readU64, writeU64, u64],
];

describe('[WP2] integers are big-endian', () => {
  it.each(sizes)('[WP2] a %s is the hex of its value, anywhere in the bytes, and is read again', (_name, size, read, write, values) => {
    fc.assert(
      fc.property(values, fc.nat(9), (value, at) => {
        const bytes = new Uint8Array(at + size + 1).fill(0xaa);
        write(bytes, at, value);
        expect(hexOf(bytes.subarray(at, at + size))).toBe(value.toString(16).padStart(2 * size, '0'));
        expect(bytes[at + size]).toBe(0xaa);
        expect(read(bytes, at)).toBe(value);
      }),
    );
  });

  it('[WP2] a u64 above 2^53 − 1 is refused, whatever its bits', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }), (value) => {
        const bytes = new Uint8Array(8);
        new DataView(bytes.buffer).setBigUint64(0, value);
        expect(readU64(bytes, 0)).toBe(unsafeInteger);
      }),
    );
  });

  it.each([
    ['001fffffffffffff', Number.MAX_SAFE_INTEGER],
    ['0020000000000000', unsafeInteger],
    ['ffffffffffffffff', unsafeInteger],
    ['0000000100000000', 2 ** 32],
  ])('[WP2] the u64 %s is read as %d', (hex, value) => {
    expect(readU64(new Uint8Array(Buffer.from(hex, 'hex')), 0)).toBe(value);
  });

  it('[WP2] bytes that are not there count as zero instead of failing', () => {
    for (const read of [readU16, readU32, readU48, readU64]) expect(read(new Uint8Array(0), 3)).toBe(0);
  });
});

it('[WP1] pieces joined are the pieces in their order', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 9 }), { maxLength: 9 }), (parts) => {
      expect(hexOf(concat(parts))).toBe(parts.map(hexOf).join(''));
    }),
  );
});
