import { expect, it } from 'vitest';
import { crc32 } from '../../src/protocol/crc32.ts';
import { KeyedStream } from './keyed-stream.ts';

it('is the stream that the Kubernetes test server writes', () => {
  const stream = new KeyedStream('0123456789abcdef');
  expect(Buffer.from(stream.bytes(0, 24)).toString('hex')).toBe('88b26f18f0c3c020edcf388ab996374232e586a474bbe37c');
  expect(Buffer.from(stream.bytes(65_536, 16)).toString('hex')).toBe('f2d74abf3a559056ddfec5bf29e82385');
  expect(crc32(stream.bytes(0, 200_000)).toString(16)).toBe('cb280bd3');
  expect(stream.mismatch(100, stream.bytes(100, 5000))).toBe(-1);
  const wrong = stream.bytes(100, 5000);
  wrong[4321] = (wrong[4321] ?? 0) ^ 1;
  expect(stream.mismatch(100, wrong)).toBe(4321);
});
