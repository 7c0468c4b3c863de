import type { LineRing } from './line-ring.ts';
import { LineSplitter } from './line-splitter.ts';
import type { ShownLines } from './shown-lines.ts';

/** Work on output at a stretch, milliseconds: the rest of a frame belongs to the reader's scrolling and typing. */
const stretchMs = 6;

/** Bytes split into lines before the clock is looked at again. */
const pieceBytes = 16 * 1024;

type Item =
  | { readonly kind: 'bytes'; bytes: Uint8Array; readonly source: 'stdout' | 'stderr'; readonly parsed: () => void }
  | { readonly kind: 'notice'; readonly text: string };

export interface LogFeedParts {
  readonly ring: LineRing;
  readonly shown: ShownLines;
  readonly now: () => number;
  /** Runs it soon, after what the browser has to do. */
  readonly soon: (run: () => void) => void;
  readonly changed: () => void;
}

/**
 * Output to lines in short stretches. Bytes count as parsed when they are lines, so the credit of the session bounds what waits here
 * (FC1), and a pod that prints faster than the page can read is slowed, not the page.
 */
export class LogFeed {
  readonly #parts: LogFeedParts;
  #splitters = { stdout: new LineSplitter(), stderr: new LineSplitter() };
  #items: Item[] = [];
  #waitingBytes = 0;
  #running = false;

  constructor(parts: LogFeedParts) {
    this.#parts = parts;
  }

  get behindBytes(): number {
    return this.#waitingBytes;
  }

  give(bytes: Uint8Array, source: 'stdout' | 'stderr', parsed: () => void): void {
    this.#waitingBytes += bytes.length;
    this.#queue({ kind: 'bytes', bytes, source, parsed });
  }

  /** A line of the page's own at this place; an unfinished line before it ends here. */
  notice(text: string): void {
    this.#queue({ kind: 'notice', text });
  }

  #queue(item: Item): void {
    this.#items.push(item);
    if (this.#running) return;
    this.#running = true;
    this.#parts.soon(() => this.#run());
  }

  #run(): void {
    const until = this.#parts.now() + stretchMs;
    do this.#step();
    while (this.#items.length > 0 && this.#parts.now() < until);
    this.#parts.changed();
    this.#running = this.#items.length > 0;
    if (this.#running) this.#parts.soon(() => this.#run());
  }

  #step(): void {
    const item = this.#items[0];
    if (!item) return;
    if (item.kind === 'notice') {
      this.#items.shift();
      this.#flush();
      this.#add('notice', item.text);
      return;
    }
    const piece = item.bytes.subarray(0, pieceBytes);
    item.bytes = item.bytes.subarray(piece.length);
    this.#waitingBytes -= piece.length;
    for (const line of this.#splitters[item.source].push(piece)) this.#add(item.source, line);
    if (item.bytes.length > 0) return;
    this.#items.shift();
    item.parsed();
  }

  #flush(): void {
    for (const source of ['stdout', 'stderr'] as const) {
      for (const line of this.#splitters[source].flush()) this.#add(source, line);
    }
  }

  #add(kind: 'stdout' | 'stderr' | 'notice', raw: string): void {
    this.#parts.shown.added(this.#parts.ring.add(kind, raw));
  }
}
