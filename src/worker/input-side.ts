import type { Clock } from '../base/clock.ts';
import type { RestoreRequest } from '../broker/log-store.ts';
import { rowOf } from '../log/fence-table.ts';
import type { ReaderSink } from '../log/log-reader.ts';
import type { TypedAtEnd } from '../protocol/end-reason.ts';
import { clientOffset, EndRequestFlag, type Entry, endOffset, entryContent, resizeOf } from '../protocol/entry.ts';
import type { Consumed, EphemeralBody } from '../protocol/ephemeral.ts';
import { decodeFence, type FenceEntry } from '../protocol/fence-entry.ts';
import { FrameType } from '../protocol/frame-type.ts';
import type { ClientStream } from '../protocol/ids.ts';
import { fenceTableRows, pageEntries } from '../protocol/limits.ts';
import { type EntryId, startOfLog } from '../protocol/position.ts';
import { type StreamState, Typist } from '../session/typist.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { inputTrimBytes, queuedInputBytes, typedEvery } from './constants.ts';

export interface InputSideEvents {
  /** A driver's fence entry was delivered (DR1). */
  driver(fence: FenceEntry): void;
  /** Tell everybody how much of a stream was typed, or that it is closed (RS4, RS6). */
  tell(statement: EphemeralBody): void;
  /** The upstream speaks a protocol that has no end of input: the process goes on waiting. */
  endNotTold(): void;
  /** A person ends the session. @param signInOver nobody asked: the sign-in of its user is over (ED5) */
  endRequested(signInOver: boolean): void;
  /** The worker has done with everything up to this entry: the log may forget what is before it (LG9). */
  trim(first: EntryId): void;
  /** There is room again: the reader may go on. */
  roomy(): void;
}

/** An entry waits with the stream whose it is: its client may come back under a new fence meanwhile, and another client may take over. */
interface Queued {
  readonly entry: Entry;
  readonly stream: ClientStream | undefined;
}

/** From the input log to the upstream: types each byte of the current stream once, never without the lease (RS4, RS6, LS1). */
export class InputSide implements ReaderSink {
  readonly #events: InputSideEvents;
  readonly #clock: Clock;
  readonly #permit: () => boolean;
  readonly #typist = new Typist();
  #upstream: Upstream | undefined;
  #size: { cols: number; rows: number };
  #fence = 0;
  #queue: Queued[] = [];
  #queuedBytes = 0;
  #blocked = false;
  #ended = false;
  #told = { typed: 0, atMs: 0 };
  #untrimmedBytes = 0;
  #typedBytes = 0;
  #last: Entry | undefined;
  #adopted: FenceEntry | undefined;
  /** Whose input the entries of a fence are. After a rewind entries come again whose fence entry may have left the log (RS4). */
  readonly #drivers = new Map<number, ClientStream>();

  constructor(size: { readonly cols: number; readonly rows: number }, events: InputSideEvents, clock: Clock, permit: () => boolean) {
    this.#size = size;
    this.#events = events;
    this.#clock = clock;
    this.#permit = permit;
  }

  /** Written to the upstream, of all streams. */
  get typedBytes(): number {
    return this.#typedBytes;
  }

  /** The driver's size, for the upstream request. */
  get size(): { readonly cols: number; readonly rows: number } {
    return this.#size;
  }

  /** What a `restore` writes of the input log and its streams: its writer goes on behind the last entry that was delivered (LG11). */
  get remains(): Pick<RestoreRequest, 'in' | 'streams'> {
    const driver = this.#adopted?.driver;
    // Older streams are spent whatever their connection: only the newest one's counts (RS5).
    const older = this.#typist.streams.filter(({ stream }) => stream !== driver?.stream);
    const newest = driver ? [{ ...driver, accepted: this.#typist.of(driver.stream)?.typed ?? 0 }] : [];
    return {
      in: { frames: this.#last ? [this.#last.frame] : [], table: this.#adopted ? [rowOf(this.#adopted)] : [] },
      streams: [...older.map(({ stream, typed }) => ({ stream, connection: 0, accepted: typed })), ...newest],
    };
  }

  /** Read from the log and waiting for the upstream. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  connect(upstream: Upstream, openedWith: { readonly cols: number; readonly rows: number }): void {
    this.#upstream = upstream;
    if (this.#size.cols !== openedWith.cols || this.#size.rows !== openedWith.rows) upstream.resize(this.#size.cols, this.#size.rows);
    this.work();
  }

  /** The upstream's buffer has room, or the lease is back. */
  unblock(): void {
    this.#blocked = false;
    this.work();
  }

  /** The session ends here: what was not typed never will be, and is stated (RS6). */
  end(): TypedAtEnd {
    this.close();
    this.#ended = true;
    this.#refuseAll();
    return this.#typist.typedAtEnd;
  }

  /** Types nothing more and says nothing: another worker may hold the session and type on. */
  close(): void {
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#upstream = undefined;
  }

  asked(stream: ClientStream, givenUp: boolean): void {
    const state = givenUp ? this.#typist.giveUp(stream) : this.#typist.of(stream);
    if (state) this.#tell(state);
  }

  /** Output is being sent: `typed` may ride along (FC2). */
  rideAlong(): void {
    const state = this.#typist.current;
    if (state && state.typed !== this.#told.typed && this.#clock.now() - this.#told.atMs >= typedEvery.ms) this.#tell(state);
  }

  // --- ReaderSink ---

  roomEntries(): number {
    return this.#queuedBytes >= queuedInputBytes ? 0 : pageEntries;
  }

  /** Holes in the log show as holes of the stream, which the typist judges. */
  gap(): void {}

  /** Names are (stream, offset): what was typed is not typed again whatever the log says (RS4). */
  rewound(): void {}

  deliver(entry: Entry): void {
    this.#last = entry;
    if (entry.type === FrameType.inputFence) {
      const fence = decodeFence(entry);
      if (fence) this.#adopt(fence, entry.frame.length);
      return;
    }
    // Who drives still counts, for its credit lets the rest of the output go; its input does not.
    if (this.#ended) return;
    this.#queue.push({ entry, stream: this.#drivers.get(entry.fence) });
    this.#queuedBytes += entry.frame.length;
    this.work();
  }

  #adopt(fence: FenceEntry, frameBytes: number): void {
    this.#fence = fence.position.fence;
    this.#adopted = fence;
    if (fence.driver) this.#drivers.set(this.#fence, fence.driver.stream);
    for (const oldest of this.#drivers.keys()) if (this.#drivers.size > fenceTableRows) this.#drivers.delete(oldest);
    for (const closed of this.#typist.adopt(fence)) this.#tell(closed);
    const dropped = this.#dropClosed();
    if (fence.driver) this.#resize(fence.driver.cols, fence.driver.rows);
    this.#events.driver(fence);
    this.#done(frameBytes + dropped);
    // Whoever drives now may wait for room on the log. What is typed next rides along with its echo all the same.
    this.#tellCurrent();
    this.#told = { typed: this.#typist.current?.typed ?? 0, atMs: 0 };
    if (this.#ended) this.#refuseAll();
  }

  /** What is queued of streams that are closed will never be typed: it need not wait for the upstream. @returns its bytes */
  #dropClosed(): number {
    const current = this.#typist.current?.stream;
    const before = this.#queuedBytes;
    this.#queue = this.#queue.filter(({ stream }) => stream !== undefined && stream === current);
    this.#queuedBytes = this.#queue.reduce((sum, { entry }) => sum + entry.frame.length, 0);
    return before - this.#queuedBytes;
  }

  #refuseAll(): void {
    for (const state of this.#typist.closeAll()) this.#tell(state);
  }

  work(): void {
    const wasFull = this.roomEntries() === 0;
    while (this.#upstream && !this.#blocked && this.#permit()) {
      const next = this.#queue.shift();
      if (!next) break;
      const { entry, stream } = next;
      this.#queuedBytes -= entry.frame.length;
      if (stream !== undefined && stream === this.#typist.current?.stream) this.#apply(entry, this.#upstream);
      this.#done(entry.frame.length);
    }
    if (wasFull && this.roomEntries() > 0) this.#events.roomy();
  }

  #apply(entry: Entry, upstream: Upstream): void {
    switch (entry.type) {
      case FrameType.inputData:
        return this.#type(entry, upstream);
      case FrameType.inputResize: {
        const size = resizeOf(entry);
        // A newer fence entry brought a newer size.
        if (size && entry.fence === this.#fence) this.#resize(size.cols, size.rows);
        return;
      }
      case FrameType.inputEndOfInput:
        if (this.#typist.endOfInput(clientOffset(entry))) {
          if (!upstream.endInput()) this.#events.endNotTold();
          this.#tellCurrent();
        }
        return;
      case FrameType.inputEndRequest:
        return this.#events.endRequested((entry.flags & EndRequestFlag.signInOver) !== 0);
      default:
        return;
    }
  }

  #type(entry: Entry, upstream: Upstream): void {
    const bytes = this.#typist.next(clientOffset(entry), entryContent(entry));
    if (bytes === 'nothing') return;
    if (bytes === 'hole') {
      this.#tellCurrent();
      return;
    }
    this.#blocked = !upstream.write(bytes);
    this.#typist.wrote(bytes.length);
    this.#typedBytes += bytes.length;
    const typed = this.#typist.current?.typed ?? 0;
    if (typed - this.#told.typed >= typedEvery.bytes) this.#tellCurrent();
  }

  #tellCurrent(): void {
    if (this.#typist.current) this.#tell(this.#typist.current);
  }

  #tell(state: StreamState): void {
    if (state.stream === this.#typist.current?.stream) this.#told = { typed: state.typed, atMs: this.#clock.now() };
    this.#events.tell(statementOf(state, this.#consumed));
  }

  #resize(cols: number, rows: number): void {
    if (cols === this.#size.cols && rows === this.#size.rows) return;
    this.#size = { cols, rows };
    this.#upstream?.resize(cols, rows);
  }

  /** Everything up to it was typed, or never will be (LG9). */
  get #consumed(): Consumed {
    const first = this.#queue[0]?.entry;
    if (first) return { fence: first.fence, seq: first.seq - 1, offset: first.offset };
    const last = this.#last;
    return last ? { fence: last.fence, seq: last.seq, offset: endOffset(last) } : startOfLog;
  }

  #done(frameBytes: number): void {
    this.#untrimmedBytes += frameBytes;
    if (this.#untrimmedBytes < inputTrimBytes) return;
    this.#untrimmedBytes = 0;
    this.#events.trim(this.#consumed);
  }
}

/** What is told about a stream: how far it was typed, and whether that is all (RS6). */
function statementOf({ stream, typed, endOfInput, closedBy }: StreamState, consumed: Consumed): EphemeralBody {
  return closedBy === undefined
    ? { kind: 'typed', stream, typed, endOfInput, consumed }
    : { kind: 'closed', stream, typed, cause: closedBy };
}
