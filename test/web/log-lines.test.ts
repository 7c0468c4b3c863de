import { describe, expect, it } from 'vitest';
import { LineRing } from '../../src/web/log/line-ring.ts';
import { LogFeed } from '../../src/web/log/log-feed.ts';
import { ShownLines } from '../../src/web/log/shown-lines.ts';

const encode = (text: string) => new TextEncoder().encode(text);
const texts = (lines: ShownLines) => Array.from({ length: lines.count }, (_, i) => lines.at(i)?.raw);

describe('the lines a page keeps', () => {
  it('are the newest, bounded in number, and the dropped ones are counted', () => {
    const ring = new LineRing({ lines: 1000, units: 1e9 });
    for (let i = 0; i < 12_345; i++) ring.add('stdout', `line ${i}`);
    expect([ring.count, ring.first, ring.next]).toEqual([1000, 11_345, 12_345]);
    expect(ring.at(11_345)?.raw).toBe('line 11345');
    expect(ring.at(12_344)?.raw).toBe('line 12344');
    expect(ring.at(12_345)).toBeUndefined();
    expect([...ring]).toHaveLength(1000);
  });

  it('are bounded in size', () => {
    const ring = new LineRing({ lines: 1000, units: 100 });
    for (let i = 0; i < 50; i++) ring.add('stdout', 'x'.repeat(30));
    expect(ring.count).toBe(3);
    ring.add('stdout', 'y'.repeat(500));
    expect(ring.count).toBe(1);
  });

  it('are shown when every word of the filter is in them, colours aside; notices always', () => {
    const ring = new LineRing();
    const shown = new ShownLines(ring);
    for (const line of ['GET /a 200', 'GET /b 500', '\x1b[31mPOST\x1b[0m /b 200']) shown.added(ring.add('stdout', line));
    shown.added(ring.add('notice', '3 KiB missing'));
    shown.setFilter('/B post');
    expect(texts(shown)).toEqual(['\x1b[31mPOST\x1b[0m /b 200', '3 KiB missing']);
    shown.added(ring.add('stdout', 'POST /b 201'));
    shown.added(ring.add('stdout', 'POST /c 201'));
    expect(shown.count).toBe(3);
    shown.setFilter(' ');
    expect(shown.count).toBe(6);
  });

  it('tell how many shown lines left at the front', () => {
    for (const filter of ['', 'even']) {
      const ring = new LineRing({ lines: 10, units: 1e9 });
      const shown = new ShownLines(ring);
      shown.setFilter(filter);
      const add = (from: number, to: number) => {
        for (let i = from; i < to; i++) shown.added(ring.add('stdout', i % 2 === 0 ? `even ${i}` : `odd ${i}`));
      };
      add(0, 10);
      const before = ring.first;
      add(10, 14);
      expect(shown.trim(before)).toBe(filter === '' ? 4 : 2);
      expect(shown.at(0)?.raw).toBe('even 4');
    }
  });
});

describe('the feed of a log', () => {
  function feed() {
    const ring = new LineRing();
    const shown = new ShownLines(ring);
    const due: (() => void)[] = [];
    let now = 0;
    const made = new LogFeed({ ring, shown, now: () => now++, soon: (run) => due.push(run), changed: () => {} });
    const run = () => {
      for (let next = due.shift(); next; next = due.shift()) next();
    };
    return { made, shown, due, run };
  }

  it('[FC1] counts bytes as parsed when they are lines, not when they come', () => {
    const { made, run } = feed();
    const parsed: string[] = [];
    made.give(encode('one\n'), 'stdout', () => parsed.push('one'));
    made.give(encode('two\n'), 'stdout', () => parsed.push('two'));
    expect(parsed).toEqual([]);
    expect(made.behindBytes).toBe(8);
    run();
    expect(parsed).toEqual(['one', 'two']);
    expect(made.behindBytes).toBe(0);
  });

  it('works in stretches, so that a flood does not hold the page', () => {
    const { made, shown, due } = feed();
    made.give(encode('x\n'.repeat(500_000)), 'stdout', () => {});
    due.shift()?.();
    expect(shown.count).toBeLessThan(150_000);
    expect(due).toHaveLength(1);
  });

  it('[WP1] keeps the two sources apart, also in the middle of a character', () => {
    const { made, shown, run } = feed();
    const wave = encode('🌊\n');
    made.give(wave.subarray(0, 2), 'stdout', () => {});
    made.give(encode('é\n'), 'stderr', () => {});
    made.give(wave.subarray(2), 'stdout', () => {});
    run();
    expect(texts(shown)).toEqual(['é', '🌊']);
  });

  it('[LG7] shows what is missing where it is missing, and ends the line before it', () => {
    const { made, shown, run } = feed();
    made.give(encode('whole\nhalf'), 'stdout', () => {});
    made.notice('3 KiB missing');
    made.give(encode('rest\n'), 'stdout', () => {});
    run();
    expect(texts(shown)).toEqual(['whole', 'half', '3 KiB missing', 'rest']);
  });
});
