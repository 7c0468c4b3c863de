import { describe, expect, it } from 'vitest';
import { KeyedStream } from '../support/keyed-stream.ts';
import { type Declared, firstWrong } from './checker.ts';

const stream = new KeyedStream('5eed');
const pieces = (...ranges: readonly (readonly [number, number])[]) =>
  Buffer.concat(ranges.map(([from, to]) => stream.bytes(from, to - from)));
const wrong = (file: Buffer, ...declared: readonly Declared[]) => firstWrong(file, stream, declared);

describe('the judge', () => {
  it('[LG7] a declared gap skips exactly its bytes', () => {
    expect(wrong(pieces([0, 1000], [1500, 3000]), { at: 1000, size: 500 })).toBe(-1);
    for (const [from, size] of [
      [1499, 500],
      [1501, 500],
      [1500, 499],
      [1500, 501],
    ] as const)
      expect(wrong(pieces([0, 1000], [from, 3000]), { at: 1000, size })).not.toBe(-1);
    expect(wrong(pieces([0, 3000]), { at: 1000, size: 500 })).not.toBe(-1);
    expect(wrong(pieces([0, 1000], [1500, 3000]))).not.toBe(-1);
  });

  it('[LG8] a declared rewind goes back by exactly its bytes', () => {
    expect(wrong(pieces([0, 1000], [700, 3000]), { at: 1000, size: -300 })).toBe(-1);
    expect(wrong(pieces([0, 1000], [701, 3000]), { at: 1000, size: -300 })).not.toBe(-1);
  });

  it('[RS6] of bytes of unknown fate a first part may have come, and nothing else', () => {
    const unknown = { at: 1000, end: 2000 };
    for (const typed of [1000, 1001, 1500, 2000]) expect(wrong(pieces([0, typed], [2000, 3000]), unknown)).toBe(-1);
    expect(wrong(pieces([0, 1500]), unknown)).toBe(-1);
    expect(wrong(pieces([0, 900]), unknown)).toBe(-1);
    expect(wrong(pieces([0, 900], [2000, 3000]), unknown)).not.toBe(-1);
    expect(wrong(pieces([0, 1500], [1600, 3000]), unknown)).not.toBe(-1);
    expect(wrong(pieces([0, 1500], [1990, 3000]), unknown)).not.toBe(-1);
  });
});
