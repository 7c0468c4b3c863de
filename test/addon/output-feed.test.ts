import { describe, expect, it } from 'vitest';
import { hiddenBufferBytes, OutputFeed } from '../../src/addon/output-feed.ts';

/** A terminal that parses when it is told to. */
class SlowTerminal {
  readonly written: string[] = [];
  readonly pending: (() => void)[] = [];
  readonly feed = new OutputFeed({
    write: (bytes, _replayed, done) => {
      this.written.push(bytes.length > 20 ? `${bytes.length} bytes` : new TextDecoder().decode(bytes));
      this.pending.push(done);
    },
    dropped: (bytes) => this.written.push(`dropped ${bytes}`),
  });
  readonly parsed: string[] = [];

  give(text: string | number): void {
    const bytes = typeof text === 'number' ? new Uint8Array(text) : new TextEncoder().encode(text);
    this.feed.give(bytes, false, () => this.parsed.push(String(text)));
  }

  parse(count = this.pending.length): void {
    for (const done of this.pending.splice(0, count)) done();
  }
}

describe('the feed of a terminal', () => {
  it('[FC1] of a page that is seen counts bytes as parsed when the terminal has parsed them', () => {
    const terminal = new SlowTerminal();
    terminal.give('a');
    terminal.give('b');
    expect(terminal.parsed).toEqual([]);
    expect(terminal.feed.behindBytes).toBe(2);
    terminal.parse(1);
    expect(terminal.parsed).toEqual(['a']);
    expect(terminal.feed.behindBytes).toBe(1);
  });

  it('[FC1] of a hidden page counts them at once, those under way too, and each only once', () => {
    const terminal = new SlowTerminal();
    terminal.give('under way');
    terminal.feed.setHidden(true);
    terminal.give('hidden');
    expect(terminal.parsed).toEqual(['under way', 'hidden']);
    terminal.parse();
    terminal.feed.setHidden(false);
    terminal.parse();
    expect(terminal.parsed).toEqual(['under way', 'hidden']);
    expect(terminal.written).toEqual(['under way', 'hidden']);
  });

  it('[FC1] of a hidden page goes on as fast as the terminal does, in order', () => {
    const terminal = new SlowTerminal();
    terminal.feed.setHidden(true);
    for (let i = 0; i < 5; i++) terminal.give(40_000);
    expect(terminal.written).toHaveLength(2);
    terminal.parse();
    expect(terminal.written).toHaveLength(4);
    terminal.give('last');
    terminal.feed.setHidden(false);
    expect(terminal.written.slice(4)).toEqual(['40000 bytes', 'last']);
  });

  it('[LG7] of a hidden page drops the oldest beyond its bound and declares it, where it was, on return', () => {
    const terminal = new SlowTerminal();
    terminal.feed.setHidden(true);
    for (let i = 0; i < 60; i++) terminal.give(50_000);
    expect(terminal.parsed).toHaveLength(60);
    expect(terminal.feed.behindBytes).toBeLessThanOrEqual(hiddenBufferBytes + 2 * 64 * 1024);
    terminal.feed.setHidden(false);
    const inTerminal = 2;
    const kept = Math.floor(hiddenBufferBytes / 50_000);
    expect(terminal.written[inTerminal]).toBe(`dropped ${(60 - inTerminal - kept) * 50_000}`);
    expect(terminal.written).toHaveLength(inTerminal + 1 + kept);
  });
});
