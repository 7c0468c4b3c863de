import type { ReaderSink } from '../../log/log-reader.ts';
import { type Entry, endOffset } from '../../protocol/entry.ts';
import type { Gap } from '../../protocol/gap.ts';
import type { Position } from '../../protocol/position.ts';
import { encodeServerFrame } from '../../protocol/server-frame.ts';
import { OutputWindow } from '../../session/output-window.ts';
import type { BrowserSocket } from '../listener.ts';
import { socketBufferBytes } from './constants.ts';

/** From the output log to one browser socket, as far as its credit goes (FC1). Forwards the stored frames as they are. */
export class OutputLine implements ReaderSink {
  readonly #socket: BrowserSocket;
  readonly #window: OutputWindow;
  #parked = false;
  #closed = false;
  /** The credit that was last told to the worker. */
  #toldOffset: number;

  constructor(socket: BrowserSocket, start: Position, parsed: { readonly fence: number; readonly offset: number }, windowBytes: number) {
    this.#socket = socket;
    this.#window = new OutputWindow(parsed, start.offset, windowBytes);
    this.#toldOffset = parsed.offset;
  }

  get credit(): { readonly fence: number; readonly offset: number; readonly windowBytes: number } {
    return { ...this.#window.acked, windowBytes: this.#window.windowBytes };
  }

  roomEntries(): number {
    if (this.#closed || this.#socket.bufferedBytes() >= socketBufferBytes) {
      this.#parked = true;
      return 0;
    }
    const room = this.#window.roomEntries(this.#parked);
    this.#parked = room === 0;
    return room;
  }

  deliver(entry: Entry): void {
    this.#window.sent(endOffset(entry));
    this.#socket.send(entry.frame);
  }

  gap(gap: Gap, to: Position, adoptCrc: boolean): void {
    this.#window.moved(to.offset);
    this.#socket.send(encodeServerFrame({ kind: 'gap', to, adoptCrc, ...gap }));
  }

  rewound(to: Position, adoptCrc: boolean): void {
    this.#window.moved(to.offset);
    this.#toldOffset = Math.min(this.#toldOffset, to.offset);
    this.#socket.send(encodeServerFrame({ kind: 'rewound', to, adoptCrc }));
  }

  /** @returns whether the worker is to be told: the credit moved by a quarter of its window (FC2) */
  ack(fence: number, offset: number, windowBytes: number): boolean {
    this.#window.ack(fence, offset, windowBytes);
    return this.#window.acked.offset - this.#toldOffset >= this.#window.windowBytes / 2;
  }

  told(): void {
    this.#toldOffset = this.#window.acked.offset;
  }

  close(): void {
    this.#closed = true;
  }
}
