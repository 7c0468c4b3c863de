/** Output kept by a hidden page beside what the terminal holds. Beyond it the oldest is dropped and declared on return (FC1). */
export const hiddenBufferBytes = 1024 * 1024;

/** What a hidden page hands to the terminal at a time: browsers let its timers run once a second or less. */
const hiddenPieceBytes = 64 * 1024;

export interface FeedSink {
  /** Parses these bytes, in order; `done` once it has. */
  write(bytes: Uint8Array, replayed: boolean, done: () => void): void;
  /** Bytes dropped by a hidden page, here. Not itself counted as output. */
  dropped(bytes: number): void;
}

interface Piece {
  readonly bytes: Uint8Array;
  readonly replayed: boolean;
}

/**
 * Between the session and the terminal. While the page is seen, bytes count as parsed when the terminal has parsed them; while it is
 * hidden they count at once and wait here, so that a page in the background never slows the process (FC1).
 */
export class OutputFeed {
  readonly #sink: FeedSink;
  readonly #unparsed = new Set<() => void>();
  #queue: Piece[] = [];
  #queuedBytes = 0;
  #droppedBytes = 0;
  #inTerminalBytes = 0;
  #hidden = false;

  constructor(sink: FeedSink) {
    this.#sink = sink;
  }

  /** Received and not yet on the screen. */
  get behindBytes(): number {
    return this.#queuedBytes + this.#inTerminalBytes;
  }

  give(bytes: Uint8Array, replayed: boolean, parsed: () => void): void {
    if (!this.#hidden) {
      this.#unparsed.add(parsed);
      this.#write({ bytes, replayed }, parsed);
      return;
    }
    this.#queue.push({ bytes, replayed });
    this.#queuedBytes += bytes.length;
    parsed();
    while (this.#queuedBytes > hiddenBufferBytes) this.#drop();
    this.#trickle();
  }

  setHidden(hidden: boolean): void {
    if (hidden === this.#hidden) return;
    this.#hidden = hidden;
    if (hidden) {
      for (const parsed of [...this.#unparsed]) this.#parsed(parsed);
      return;
    }
    this.#declare();
    const queue = this.#queue;
    this.#queue = [];
    this.#queuedBytes = 0;
    for (const piece of queue) this.#write(piece, undefined);
  }

  #write(piece: Piece, parsed: (() => void) | undefined): void {
    this.#inTerminalBytes += piece.bytes.length;
    this.#sink.write(piece.bytes, piece.replayed, () => {
      this.#inTerminalBytes -= piece.bytes.length;
      if (parsed) this.#parsed(parsed);
      this.#trickle();
    });
  }

  /** Once for each: a page that is hidden meanwhile has said it already. */
  #parsed(parsed: () => void): void {
    if (this.#unparsed.delete(parsed)) parsed();
  }

  #trickle(): void {
    while (this.#hidden && this.#inTerminalBytes < hiddenPieceBytes) {
      const piece = this.#queue.shift();
      if (!piece) return;
      this.#declare();
      this.#queuedBytes -= piece.bytes.length;
      this.#write(piece, undefined);
    }
  }

  #drop(): void {
    const piece = this.#queue.shift();
    if (!piece) return;
    this.#queuedBytes -= piece.bytes.length;
    this.#droppedBytes += piece.bytes.length;
  }

  #declare(): void {
    if (this.#droppedBytes === 0) return;
    const dropped = this.#droppedBytes;
    this.#droppedBytes = 0;
    this.#sink.dropped(dropped);
  }
}
