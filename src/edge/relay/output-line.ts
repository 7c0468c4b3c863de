import type { ReaderSink } from '../../log/log-reader.ts';
import { type Entry, endOffset, positionBehind } from '../../protocol/entry.ts';
import { FrameType } from '../../protocol/frame-type.ts';
import { type Gap, GapCause, gapOf } from '../../protocol/gap.ts';
import { pageEntries } from '../../protocol/limits.ts';
import type { Position } from '../../protocol/position.ts';
import { encodeServerFrame } from '../../protocol/server-frame.ts';
import { OutputWindow } from '../../session/output-window.ts';
import type { BrowserSocket } from '../listener.ts';
import { socketBufferBytes } from './constants.ts';

interface Skip {
  bytes: number;
  to: Position | undefined;
  adoptCrc: boolean;
  /** Kept back: if the worker has nothing left to skip, this is what the upstream said last, usually the prompt. */
  newest: Entry | undefined;
}

/** From the output log to one browser socket, as far as its credit goes (FC1). Forwards the stored frames as they are. */
export class OutputLine implements ReaderSink {
  readonly #socket: BrowserSocket;
  readonly #window: OutputWindow;
  #parked = false;
  #closed = false;
  /** The client drives again and has not been given anything yet: what is missing now went while it was away. */
  #cameBack = false;
  /** The credit that was last told to the worker. */
  #toldOffset: number;
  /** While the client skips: what it will not get, and where it goes on (FC9). */
  #skip: Skip | undefined;

  constructor(
    socket: BrowserSocket,
    start: Position,
    parsed: { readonly fence: number; readonly offset: number },
    windowBytes: number,
    now: () => number,
  ) {
    this.#socket = socket;
    this.#window = new OutputWindow(parsed, start.offset, windowBytes, now);
    this.#toldOffset = parsed.offset;
  }

  get credit(): { readonly fence: number; readonly offset: number; readonly windowBytes: number } {
    return { ...this.#window.acked, windowBytes: this.#window.windowBytes };
  }

  /** The client drives and had been here before: nobody drove for it meanwhile (FC3). */
  cameBack(): void {
    this.#cameBack = true;
  }

  /** The client does not want what is on the log up to the worker's own gap: it is read and not sent. */
  skip(): void {
    this.#skip ??= noSkip();
  }

  endSkip(): void {
    this.#declareSkipped();
    this.#skip = undefined;
  }

  roomEntries(): number {
    if (this.#skip && !this.#closed) return pageEntries;
    if (this.#closed || this.#socket.bufferedBytes() >= socketBufferBytes) {
      this.#parked = true;
      return 0;
    }
    const room = this.#window.roomEntries(this.#parked);
    this.#parked = room === 0;
    return room;
  }

  deliver(entry: Entry): void {
    this.#cameBack = false;
    if (this.#skip && this.#skipped(entry)) return;
    this.#window.sent(endOffset(entry));
    this.#socket.send(entry.frame);
  }

  gap(gap: Gap, to: Position, adoptCrc: boolean): void {
    if (this.#skip) {
      leaveOut(this.#skip);
      this.#skip = { bytes: this.#skip.bytes + gap.sizeBytes, to, adoptCrc, newest: undefined };
      return;
    }
    this.#window.moved(to.offset);
    // Trimming never overtakes a driver that is there (FC2).
    const cause = this.#cameBack && gap.cause === GapCause.trimmed ? GapCause.detached : gap.cause;
    this.#socket.send(encodeServerFrame({ kind: 'gap', to, adoptCrc, sizeBytes: gap.sizeBytes, cause }));
  }

  rewound(to: Position, adoptCrc: boolean): void {
    this.endSkip();
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

  /** @returns whether the entry is part of what is skipped. Only output is: what a person has to see ends it or goes through. */
  #skipped(entry: Entry): boolean {
    const skip = this.#skip;
    if (!skip) return false;
    const { type } = entry;
    if (type !== FrameType.outputData && type !== FrameType.outputGap) {
      this.#declareSkipped();
      if (type !== FrameType.outputMark) this.#skip = undefined;
      return false;
    }
    const gap = gapOf(entry);
    const { newest } = skip;
    if (gap?.cause === GapCause.skipped && gap.sizeBytes === 0 && newest) {
      skip.newest = undefined;
      this.endSkip();
      this.deliver(newest);
      return false;
    }
    leaveOut(skip);
    skip.newest = entry;
    if (gap?.cause === GapCause.skipped) this.endSkip();
    return true;
  }

  /** One gap for all of it, over which the client's position moves. */
  #declareSkipped(): void {
    const skip = this.#skip;
    if (!skip) return;
    leaveOut(skip);
    const { to, bytes, adoptCrc } = skip;
    if (!to) return;
    this.#skip = noSkip();
    this.#window.moved(to.offset);
    this.#socket.send(encodeServerFrame({ kind: 'gap', to, adoptCrc, sizeBytes: bytes, cause: GapCause.skipped }));
  }
}

function noSkip(): Skip {
  return { bytes: 0, to: undefined, adoptCrc: false, newest: undefined };
}

/** What was kept back is skipped after all. */
function leaveOut(skip: Skip): void {
  const { newest } = skip;
  if (!newest) return;
  const to = positionBehind(newest);
  skip.bytes += to.offset - newest.offset;
  skip.to = to;
  skip.adoptCrc = false;
  skip.newest = undefined;
}
