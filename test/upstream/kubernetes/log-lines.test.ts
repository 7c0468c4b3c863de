import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat } from '../../../src/protocol/bytes.ts';
import { type CursorSpan, cursorBehind, decodeLogCursor, encodeLogCursor, type LogCursor } from '../../../src/protocol/log-cursor.ts';
import { LogLines } from '../../../src/upstream/kubernetes/log-lines.ts';

interface Line {
  /** Since an even second, in nanoseconds. */
  readonly ns: number;
  readonly text: string;
}

const start = 1_700_000_000;

/** As the kubelet sends the lines of a log from a second on, or all. */
function served(lines: readonly Line[], sinceSeconds = 0, zone = 'Z'): Uint8Array {
  const parts = lines
    .filter(({ ns }) => start * 1e9 + ns >= sinceSeconds * 1e9)
    .map(({ ns, text }) => {
      const seconds = start + Math.floor(ns / 1e9);
      const local = new Date((seconds + (zone === '+05:30' ? 19_800 : 0)) * 1000).toISOString().slice(0, 19);
      return `${local}.${String(ns % 1e9).padStart(9, '0')}${zone} ${text}`;
    });
  return Buffer.from(parts.join(''));
}

function wanted(lines: readonly Line[], stamped: boolean): string {
  return stamped ? Buffer.from(served(lines)).toString() : lines.map(({ text }) => text).join('');
}

interface Read {
  readonly bytes: Uint8Array;
  readonly span: CursorSpan | undefined;
}

class Reading {
  readonly pieces: Read[] = [];
  readonly words: string[] = [];
  missed = 0;
  readonly lines: LogLines;

  constructor(stamped: boolean, after?: LogCursor) {
    this.lines = new LogLines(
      { stamped, after, run: () => 7 },
      {
        output: (bytes, span) => this.pieces.push({ bytes, span }),
        kubelet: (text) => this.words.push(text),
        missed: () => this.missed++,
      },
    );
  }

  add(bytes: Uint8Array, sizes: readonly number[] = []): this {
    let at = 0;
    for (let index = 0; at < bytes.length; index++) {
      const size = sizes.length > 0 ? (sizes[index % sizes.length] ?? 1) : bytes.length;
      this.lines.add(bytes.subarray(at, at + size));
      at += size;
    }
    return this;
  }

  get text(): string {
    return this.raw.toString();
  }

  get raw(): Buffer {
    return Buffer.from(concat(this.pieces.map(({ bytes }) => bytes)));
  }

  /** The output up to `count` bytes and the cursor behind them, as a worker that was killed there leaves it. */
  upTo(count: number): { readonly text: string; readonly cursor: LogCursor | undefined } {
    const taken: Uint8Array[] = [];
    let cursor: LogCursor | undefined;
    let left = count;
    for (const { bytes, span } of this.pieces) {
      if (left <= 0) break;
      const size = Math.min(left, bytes.length);
      taken.push(bytes.subarray(0, size));
      cursor = span && (size === bytes.length ? span.after : cursorBehind(span.before, size));
      left -= size;
    }
    return { text: Buffer.from(concat(taken)).toString('latin1'), cursor };
  }
}

const plain: Line[] = [
  { ns: 10, text: 'one\n' },
  { ns: 20, text: 'two\n' },
  { ns: 20, text: 'two again\n' },
  { ns: 2_500_000_000, text: 'three\n' },
];

describe('[UP6] a log with a time in front of every line', () => {
  it('[UP6] comes without them, or as it is', () => {
    expect(new Reading(false).add(served(plain)).text).toBe('one\ntwo\ntwo again\nthree\n');
    expect(new Reading(true).add(served(plain)).text).toBe(wanted(plain, true));
  });

  it('[UP6] of a zone other than UTC, and with fewer digits or none', () => {
    const read = new Reading(false).add(served(plain, 0, '+05:30'));
    expect(read.text).toBe('one\ntwo\ntwo again\nthree\n');
    expect(read.pieces.at(-1)?.span?.after).toEqual({ run: 7, seconds: start + 2, nanos: 500_000_000, lines: 1, bytes: 0 });
    const short = new Reading(false).add(Buffer.from('2023-11-14T22:13:20.5Z half\n2023-11-14T22:13:21Z whole\n'));
    expect(short.text).toBe('half\nwhole\n');
    expect(short.pieces.at(-1)?.span?.before).toMatchObject({ seconds: start, nanos: 500_000_000 });
  });

  it('[UP6] a line of the container that begins with a time keeps it', () => {
    const line = { ns: 1, text: '2020-01-01T00:00:00Z said the container\n' };
    expect(new Reading(false).add(served([line])).text).toBe(line.text);
  });

  it('[UP6] a line without a time is output: of an upstream that gives none, nothing says where it was', () => {
    const read = new Reading(false).add(Buffer.from('no time here\nnor there'), [3]);
    read.lines.end();
    expect(read.text).toBe('no time here\nnor there');
    expect(read.pieces.every(({ span }) => span === undefined)).toBe(true);
  });

  it('[UP6] the kubelet’s own words are told apart from what the container wrote', () => {
    const words = 'unable to retrieve container logs for containerd://0123';
    const read = new Reading(false).add(concat([served(plain), Buffer.from(words)]), [7]);
    read.lines.end();
    expect(read.words).toEqual([words]);
    expect(read.text).toBe(wanted(plain, false));
    const said = { ns: 5, text: `${words}\n` };
    expect(new Reading(false).add(served([said])).text).toBe(said.text);
  });

  it('[UP6] of which the place is gone: what follows is new, and that lines may be missing is told', () => {
    const rotated = plain.slice(3);
    const read = new Reading(false, { run: 7, seconds: start, nanos: 20, lines: 2, bytes: 0 });
    read.add(served(rotated));
    expect(read.lines.holds).toBe(false);
    expect([read.text, read.missed]).toEqual(['three\n', 1]);
  });

  it('[UP6] newer lines in front of the place are held, and are output when it does not come', () => {
    const crossed = [
      { ns: 30, text: 'newer\n' },
      { ns: 20, text: 'place\n' },
      { ns: 25, text: 'after\n' },
    ];
    const at = { run: 7, seconds: start, nanos: 20, lines: 1, bytes: 0 };
    const found = new Reading(false, at).add(served(crossed), [5]);
    expect([found.text, found.missed]).toEqual(['after\n', 0]);
    const gone = new Reading(true, at).add(served(crossed.slice(0, 1)), [5]);
    expect([gone.text, gone.lines.holds]).toEqual(['', true]);
    gone.lines.giveUp();
    expect([gone.text, gone.missed]).toEqual([wanted(crossed.slice(0, 1), true), 1]);
    const many = Array.from({ length: 2000 }, (_, index) => ({ ns: 30 + index, text: `${'x'.repeat(100)}\n` }));
    const over = new Reading(false, at).add(served(many), [1000]);
    expect([over.text, over.missed, over.lines.holds]).toEqual([wanted(many, false), 1, false]);
    expect(over.pieces.at(-1)?.span?.after).toMatchObject({ nanos: 2029, lines: 1, bytes: 0 });
  });

  it('[UP6] any lines, cut anywhere, left anywhere and gone on with: each once and in order', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 20 }).map((line) => `${line.replaceAll('\n', '')}\n`),
      fc.constantFrom('\n', '\r\n', 'same\n', `${'世'.repeat(900)}\n`, '2020-01-01T00:00:00Z x\n'),
    );
    // Times that repeat, and that step back by less than a second, as two streams of one process do.
    const time = fc.oneof(fc.constantFrom(0, 0, 1, 5), fc.integer({ min: 0, max: 900_000_000 }));
    const log = fc.array(fc.tuple(time, text, fc.boolean()), { maxLength: 30 }).map((items) => {
      let ns = 0;
      return items.map(([step, line, back]) => {
        ns += step;
        return { ns: back ? Math.max(0, ns - 3) : ns, text: line };
      });
    });
    const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(log, sizes, sizes, fc.boolean(), fc.double({ min: 0, max: 1, noNaN: true }), (lines, first, second, stamped, part) => {
        const before = new Reading(stamped).add(served(lines), first);
        before.lines.end();
        expect(before.text).toBe(wanted(lines, stamped));
        const whole = Buffer.from(wanted(lines, stamped)).toString('latin1');
        const { text: had, cursor } = before.upTo(Math.floor(part * whole.length));
        expect(had).toBe(whole.slice(0, had.length));
        const after = cursor && decodeLogCursor(encodeLogCursor(cursor));
        const rest = new Reading(stamped, after).add(served(lines, after ? after.seconds - 1 : 0), second);
        rest.lines.end();
        expect(had + rest.raw.toString('latin1')).toBe(whole);
        expect(rest.missed).toBe(0);
      }),
      { numRuns: 500 },
    );
  });
});
