import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plainText, styledRuns } from '../../src/web/log/sgr.ts';

const run = (line: string) => styledRuns(line).map(({ text, style }) => [text, style]);

describe('colours of a log line', () => {
  it('without any is one run', () => {
    expect(run('plain')).toEqual([['plain', {}]]);
    expect(run('')).toEqual([]);
  });

  it.each([
    [
      '\x1b[31mred\x1b[0m off',
      [
        ['red', { ink: 1 }],
        [' off', {}],
      ],
    ],
    ['\x1b[1;97;44mbold\x1b[22;39;49m', [['bold', { bold: true, ink: 15, ground: 4 }]]],
    ['\x1b[38;5;9mnine', [['nine', { ink: 9 }]]],
    ['\x1b[38;5;196mcube', [['cube', { ink: '#ff0000' }]]],
    ['\x1b[48;5;244mgrey', [['grey', { ground: '#808080' }]]],
    ['\x1b[38;2;1;2;3;1mtrue', [['true', { ink: '#010203', bold: true }]]],
    ['\x1b[mempty is a reset', [['empty is a reset', {}]]],
    [
      'a\x1b[4munder\x1b[24m',
      [
        ['a', {}],
        ['under', { underline: true }],
      ],
    ],
  ])('%j', (line, runs) => {
    expect(run(line)).toEqual(runs);
  });

  it.each(['\x1b[38;5m', '\x1b[38;2;300;0;0m', '\x1b[38;5;999m', '\x1b[999m', '\x1b[?25m', '\x1b[38m'])(
    '%j changes nothing',
    (sequence) => {
      expect(run(`${sequence}text`)).toEqual([['text', {}]]);
    },
  );

  it.each([
    ['\x1b[2Kcleared', 'cleared'],
    ['\x1b]0;title\x07text', 'text'],
    ['\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\', 'link'],
    ['\x1bPq#0\x1b\\sixel', 'sixel'],
    ['\x1b(Bcharset', 'charset'],
    ['bell\x07 back\b tab\t', 'bell back tab\t'],
    ['cut\x1b[3', 'cut3'],
  ])('takes out %j', (line, text) => {
    expect(plainText(line)).toBe(text);
  });

  it('has the text of the plain line in its runs, and no control character, for any line', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 8 }),
      fc.constantFrom('\x1b[', '31', 'm', ';', '\x1b]', '\x07', '\x1b', '\x1b[0m'),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const line = pieces.join('').replaceAll('\n', '');
        const plain = plainText(line);
        expect(
          styledRuns(line)
            .map((part) => part.text)
            .join(''),
        ).toBe(plain);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none is the point
        expect(plain).not.toMatch(/[\x00-\x08\x0a-\x1f\x7f-\x9f]/);
      }),
    );
  });
});
