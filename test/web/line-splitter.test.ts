import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineSplitter, longestLine } from '../../src/web/log/line-splitter.ts';

const encode = (text: string) => new TextEncoder().encode(text);

/** The lines of these bytes when they come cut at these places. */
function linesOf(bytes: Uint8Array, cuts: readonly number[]): string[] {
  const splitter = new LineSplitter();
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  const lines = places.slice(1).flatMap((to, i) => splitter.push(bytes.subarray(places[i], to)));
  return [...lines, ...splitter.flush()];
}

describe('lines of a log', () => {
  it('[WP1] are the same however the bytes are cut', () => {
    const text = fc.array(fc.constantFrom('a', 'é', '漢', '🌊', '\n', '\r\n', '\r', '\t', '\x1b[31m', '\ufeff', 'line\n'), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(text, fc.array(fc.nat(), { maxLength: 20 }), (parts, cuts) => {
        const whole = parts.join('');
        const expected = whole.split(/\n/).map((line, i, all) => (i < all.length - 1 && line.endsWith('\r') ? line.slice(0, -1) : line));
        if (expected.at(-1) === '') expected.pop();
        expect(linesOf(encode(whole), cuts)).toEqual(expected);
      }),
    );
  });

  it('[WP1] are the same for any bytes, also those that are no UTF-8', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(fc.nat(), { maxLength: 20 }), (bytes, cuts) => {
        expect(linesOf(bytes, cuts)).toEqual(linesOf(bytes, []));
      }),
    );
  });

  it('without an end come in pieces, the same however they are cut', () => {
    const bytes = encode(`${'x'.repeat(2 * longestLine + 5)}\r\n${'y'.repeat(longestLine)}\r\nend`);
    const expected = ['x'.repeat(longestLine), 'x'.repeat(longestLine), 'xxxxx', 'y'.repeat(longestLine), 'end'];
    const every = Array.from({ length: 40 }, (_, i) => i * 5000);
    for (const cuts of [[], every, [2 * longestLine + 6, 3 * longestLine + 7, 3 * longestLine + 8]])
      expect(linesOf(bytes, cuts)).toEqual(expected);
  });

  it('wait for their end', () => {
    const splitter = new LineSplitter();
    expect(splitter.push(encode('whole\nhal'))).toEqual(['whole']);
    expect(splitter.push(encode('f\n'))).toEqual(['half']);
    expect(splitter.flush()).toEqual([]);
  });

  it('end where the output was cut', () => {
    const splitter = new LineSplitter();
    splitter.push(encode('cut').subarray(0, 3));
    expect(splitter.flush()).toEqual(['cut']);
    expect(splitter.push(encode('next\n'))).toEqual(['next']);
  });
});
