import type { Clock, Timer } from '../base/clock.ts';
import type { LogAppender } from '../broker/log-appender.ts';
import { controlOffer, dataOffer } from '../log/log-writer.ts';
import { OutputFlag } from '../protocol/entry.ts';
import { FrameType } from '../protocol/frame-type.ts';
import { encodeGap, GapCause } from '../protocol/gap.ts';
import { maxEntryPayloadBytes } from '../protocol/limits.ts';
import { type CursorSpan, encodeLogCursor } from '../protocol/log-cursor.ts';
import { encodeUtf8 } from '../protocol/utf8.ts';
import type { CreditGate } from '../session/credit-gate.ts';
import { cursorWithin, type OutputPiece, pieceBehind } from '../session/output-piece.ts';
import { OutputSkip } from '../session/output-skip.ts';
import { TurnBudget } from '../session/turn-budget.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { aroundEntryBytes, minEntryBytes, pendingOutputBytes, stallProbe, turnOutputBytes } from './constants.ts';

export interface OutputSideEvents {
  /** Ask the driver for its credit (FC2). */
  probe(): void;
  /** The driver has not answered for {@link stallProbe.goneMs}. */
  driverSilent(): void;
  /** Output was handed to the writer: what rides along may be sent now. */
  offered(): void;
}

/** Output, or a word of this relay at its place between. */
type Held = OutputPiece | { readonly mark: string };

/** From the upstream to the output log: never further ahead of the driver than its credit, the upstream paused meanwhile (FC2). */
export class OutputSide {
  readonly #appender: LogAppender;
  readonly #gate: CreditGate;
  readonly #events: OutputSideEvents;
  readonly #clock: Clock;
  #upstream: Upstream | undefined;
  #held: Held[] = [];
  #heldBytes = 0;
  #paused = false;
  #probe: Timer | undefined;
  #probeMs: number = stallProbe.firstMs;
  #unansweredSince: number | undefined;
  #skip: OutputSkip | undefined;
  #skipTimer: Timer | undefined;
  readonly #turn: TurnBudget;

  constructor(appender: LogAppender, gate: CreditGate, events: OutputSideEvents, clock: Clock) {
    this.#appender = appender;
    this.#gate = gate;
    this.#events = events;
    this.#clock = clock;
    this.#turn = new TurnBudget(
      turnOutputBytes,
      (run) => clock.endOfTurn(run),
      () => this.#pauseOrResume(),
    );
  }

  /** Kept because the driver or the broker has no room: at most what the upstream had under way when it was paused. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  get skipTailBytes(): number {
    return this.#skip?.tailBytes ?? 0;
  }

  get paused(): boolean {
    return this.#paused;
  }

  get settled(): boolean {
    return !this.#skip && this.#held.length === 0 && this.#appender.writer.settled;
  }

  connect(upstream: Upstream): void {
    this.#upstream = upstream;
  }

  output(bytes: Uint8Array, source: 'stdout' | 'stderr', span?: CursorSpan): void {
    if (bytes.length === 0) return;
    this.#turn.spend(bytes.length);
    const flags = (source === 'stderr' ? OutputFlag.stderr : 0) | (span ? OutputFlag.cursor : 0);
    const piece = span ? { bytes, flags, span } : { bytes, flags };
    if (this.#skip) {
      this.#skip.take(piece, this.#clock.now());
      return this.#pauseOrResume();
    }
    this.#held.push(piece);
    this.#heldBytes += bytes.length;
    this.pour();
  }

  /** A word to whoever reads, from this relay and not from the process, behind the output that came before it. */
  mark(text: string): void {
    if (this.#held.length > 0) this.#held.push({ mark: text });
    else this.#offerMark(text);
  }

  /** Credit, an answer of the broker, or the lack of a driver has made room. */
  pour(): void {
    let offered = false;
    const mergeBytes = entryBytes(this.#gate.windowBytes);
    for (let first = this.#held[0]; first; first = this.#held[0]) {
      if ('mark' in first) {
        this.#held.shift();
        this.#offerMark(first.mark);
        continue;
      }
      const entryRoom = this.#appender.writer.entryRoom(FrameType.outputData, first.flags, mergeBytes);
      const size = Math.min(first.bytes.length, this.#room(), entryRoom);
      if (size <= 0) break;
      this.#offerPiece(first, size, mergeBytes);
      offered = true;
      this.#heldBytes -= size;
      if (size === first.bytes.length) this.#held.shift();
      else this.#held[0] = pieceBehind(first, size);
    }
    if (offered) this.#events.offered();
    this.#pauseOrResume();
  }

  /** The driver does not want what is queued: all is read and discarded until the upstream is quiet (FC9). */
  skip(): void {
    if (this.#skip) return;
    this.#skip = new OutputSkip(this.#clock.now());
    for (const held of this.#held.splice(0)) {
      if ('mark' in held) this.#offerMark(held.mark);
      else this.#skip.take(held, this.#clock.now());
    }
    this.#heldBytes = 0;
    this.#pauseOrResume();
    this.#endSkipLater();
  }

  /** Declares what was discarded, one gap of exactly that size, and goes on behind it. */
  endSkip(): void {
    const skip = this.#skip;
    if (!skip) return;
    this.#skipTimer?.cancel();
    this.#skip = undefined;
    const { skippedBytes, tail } = skip.end();
    const payload = encodeGap({ sizeBytes: skippedBytes, cause: GapCause.skipped });
    this.#appender.offer({ ...controlOffer(FrameType.outputGap, 0, payload), skippedBytes });
    this.#gate.jumped(this.#appender.writer.offeredOffset);
    this.#held.push(...tail);
    this.#heldBytes = skip.tailBytes;
    this.pour();
  }

  /** The driver has answered, with or without news. */
  driverHeard(): void {
    this.#unansweredSince = undefined;
    this.pour();
    if (this.#stalled()) return;
    // The next stall begins anew; one that goes on is asked about ever less often.
    this.#probe?.cancel();
    this.#probe = undefined;
    this.#probeMs = stallProbe.firstMs;
  }

  /** Asks whether the driver is still there although nothing is stalled. */
  probeDriver(): void {
    if (!this.#gate.driven || this.#unansweredSince !== undefined) return;
    this.#unansweredSince = this.#clock.now();
    this.#events.probe();
    this.#probeLater();
  }

  close(): void {
    this.#probe?.cancel();
    this.#probe = undefined;
    this.#skipTimer?.cancel();
    this.#skip = undefined;
    this.#held = [];
    this.#heldBytes = 0;
  }

  #offerMark(text: string): void {
    this.#appender.offer(controlOffer(FrameType.outputMark, 0, encodeUtf8(text)));
  }

  #offerPiece(piece: OutputPiece, size: number, mergeBytes: number): void {
    const cursor = cursorWithin(piece, size);
    const data = dataOffer(FrameType.outputData, piece.flags, piece.bytes.subarray(0, size), cursor && encodeLogCursor(cursor));
    this.#appender.offer({ ...data, mergeBytes, ...(cursor ? { merge: 'replace-lead' } : {}) });
  }

  #room(): number {
    const { writer } = this.#appender;
    if (writer.inDoubt || writer.stopped) return 0;
    return Math.min(this.#gate.room(writer.offeredOffset), pendingOutputBytes - writer.pendingBytes);
  }

  #pauseOrResume(): void {
    if (this.#held.length > 0 || this.#turn.spent) {
      if (!this.#paused) this.#upstream?.pause();
      this.#paused = true;
    } else if (this.#paused && (this.#skip || this.#room() >= this.#roomToResume())) {
      this.#paused = false;
      this.#upstream?.resume();
    }
    if (!this.#probe && this.#stalled()) this.#probeLater();
  }

  #roomToResume(): number {
    return Math.min(this.#gate.windowBytes / 4, pendingOutputBytes / 2);
  }

  /** Only credit lets the upstream go on, whether or not output of it is held. */
  #stalled(): boolean {
    return this.#paused && this.#gate.driven && this.#gate.room(this.#appender.writer.offeredOffset) < this.#roomToResume();
  }

  #endSkipLater(): void {
    const leftMs = this.#skip?.leftMs(this.#clock.now()) ?? 0;
    if (leftMs > 0) this.#skipTimer = this.#clock.after(leftMs, () => this.#endSkipLater());
    else this.endSkip();
  }

  #probeLater(): void {
    this.#probe?.cancel();
    this.#probe = this.#clock.after(this.#probeMs, () => {
      this.#probe = undefined;
      if (!this.#gate.driven || (!this.#stalled() && this.#unansweredSince === undefined)) return;
      const now = this.#clock.now();
      this.#unansweredSince ??= now;
      if (now - this.#unansweredSince >= stallProbe.goneMs) {
        this.#unansweredSince = undefined;
        this.#events.driverSilent();
        return;
      }
      this.#events.probe();
      this.#probeMs = Math.min(stallProbe.mostMs, this.#probeMs * 2);
      this.#probeLater();
    });
  }
}

/**
 * An entry is sent whole: in front of a slow link it is an eighth of what may be under way, so that the link is never far from empty. With
 * all that Redis keeps around it, it fills a size class of Redis' allocator (jemalloc: four between a power of two and the next): one byte
 * above 32 KiB takes 40 KiB.
 */
function entryBytes(windowBytes: number): number {
  const most = Math.min(maxEntryPayloadBytes, Math.max(minEntryBytes, windowBytes / 8));
  const step = 2 ** (Math.floor(Math.log2(most)) - 2);
  return Math.floor(most / step) * step - aroundEntryBytes;
}
