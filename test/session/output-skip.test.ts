import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OutputSkip, skipEnds, skipTailBytes } from '../../src/session/output-skip.ts';

const piece = (text: string) => ({ bytes: Buffer.from(text), flags: 0 });

function tailOf(skip: OutputSkip): { skippedBytes: number; text: string } {
  const { skippedBytes, tail } = skip.end();
  return { skippedBytes, text: Buffer.concat(tail.map(({ bytes }) => bytes)).toString() };
}

describe('output that is skipped', () => {
  it('[FC9] is counted, but for the last lines, which are kept', () => {
    const skip = new OutputSkip(0);
    skip.take(piece('y\n'.repeat(10_000)), 1);
    skip.take(piece('^C\n$ '), 2);
    const { skippedBytes, text } = tailOf(skip);
    expect(text).toMatch(/^(y\n)+\^C\n\$ $/);
    expect(text.length).toBeLessThanOrEqual(skipTailBytes);
    expect(skippedBytes + text.length).toBe(20_005);
  });

  it('[FC9] is kept whole when it is no more than its tail', () => {
    const skip = new OutputSkip(0);
    skip.take(piece('no line end'), 1);
    expect(tailOf(skip)).toStrictEqual({ skippedBytes: 0, text: 'no line end' });
  });

  it('[FC9] leaves no half of a line, a character or an escape sequence behind the gap', () => {
    const skip = new OutputSkip(0);
    skip.take(piece('\u2588'.repeat(5_000)), 1);
    expect(tailOf(skip)).toStrictEqual({ skippedBytes: 15_000, text: '' });
  });

  it('[FC9] is bounded and exact however it is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 700 }), { maxLength: 30 }), (pieces) => {
        const skip = new OutputSkip(0);
        for (const bytes of pieces) {
          skip.take({ bytes, flags: 0 }, 0);
          expect(skip.tailBytes).toBeLessThanOrEqual(skipTailBytes);
        }
        const whole = Buffer.concat(pieces);
        const { skippedBytes, tail } = skip.end();
        expect(Buffer.concat(tail.map(({ bytes }) => bytes))).toStrictEqual(whole.subarray(skippedBytes));
      }),
    );
  });

  it('[FC9] is over when the upstream was quiet for a while, and after some seconds whatever it does', () => {
    const skip = new OutputSkip(1_000);
    expect(skip.leftMs(1_000)).toBe(skipEnds.quietMs);
    skip.take(piece('y'), 1_200);
    expect(skip.leftMs(1_300)).toBe(150);
    expect(skip.leftMs(1_450)).toBe(0);
    for (let ms = 1_500; ms < 6_000; ms += 100) skip.take(piece('y'), ms);
    expect(skip.leftMs(5_950)).toBe(50);
    expect(skip.leftMs(6_000)).toBe(0);
  });
});
