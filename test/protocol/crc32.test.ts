import { crc32 as native } from 'node:zlib';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { crc32 } from '../../src/protocol/crc32.ts';

it('[LG3] the CRC-32 of "123456789" is the published check value', () => {
  expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
});

it('[LG3] no bytes have the CRC 0 and leave a running CRC as it is', () => {
  expect(crc32(new Uint8Array(0))).toBe(0);
  expect(crc32(new Uint8Array(0), 0xdeadbeef)).toBe(0xdeadbeef);
});

it("[LG3] browser and worker agree: the CRC is the one of the platform's zlib, also continued and for every length modulo four", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), fc.nat(0xffffffff), (bytes, from) => {
      expect(crc32(bytes)).toBe(native(bytes));
      expect(crc32(bytes, from)).toBe(native(bytes, from));
    }),
  );
});

it('[LG3] the CRC of a whole log does not depend on where its entries were cut', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.array(fc.nat(300), { maxLength: 6 }), (bytes, cuts) => {
      let running = 0;
      let at = 0;
      for (const cut of [...cuts].sort((a, b) => a - b)) {
        running = crc32(bytes.subarray(at, cut), running);
        at = Math.max(at, cut);
      }
      expect(crc32(bytes.subarray(at), running)).toBe(native(bytes));
    }),
  );
});
