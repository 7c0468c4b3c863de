import { type EntryHeader, encodeEntry } from '../protocol/entry.ts';
import type { FenceEntry } from '../protocol/fence-entry.ts';
import { maxEntryPayloadBytes } from '../protocol/limits.ts';
import type { EntryId, Position } from '../protocol/position.ts';
import type { FenceTable } from './fence-table.ts';
import { RingBudget } from './ring-budget.ts';

/** What a `take` gave to its writer, and what the writer shows in a `reassert`. */
export interface Claim {
  readonly fence: FenceEntry;
  readonly frame: Uint8Array;
  readonly table: FenceTable;
}

/** What becomes one entry, or is merged into the one before it. */
export interface Offer {
  readonly type: number;
  readonly flags: number;
  /** In front of the content, not counted by offset and CRC: a client offset, a log cursor, the whole payload of a control entry. */
  readonly lead: Uint8Array;
  /** The bytes that offset and CRC count. Empty in control entries. */
  readonly content: Uint8Array;
  /** Bytes by which a gap entry moves the offset on (LG7). */
  readonly skippedBytes?: number;
  /** Merge with an offer of the same type and flags in front of it: its lead stays (input) or is replaced by this one (log cursors). */
  readonly merge?: 'keep-lead' | 'replace-lead';
  /** Merged entries hold at most so much; absent: what an entry may. */
  readonly mergeBytes?: number;
}

export type WriterVerdict = 'go-on' | 'replaced' | 'take-again' | 'ended' | 'unknown';

interface RingFrame {
  readonly seq: number;
  readonly frame: Uint8Array;
  /** When the append was answered; undefined until then. */
  answeredAtMs: number | undefined;
}

interface Pending {
  readonly type: number;
  readonly flags: number;
  lead: Uint8Array;
  readonly content: Uint8Array[];
  contentBytes: number;
  readonly skippedBytes: number;
}

const noBytes = new Uint8Array(0);

/**
 * The writer of one log between its take and its end (LG1, LG2, LG6, LG8). Pure: it says what to append and is told the answer.
 * At most one append is un-answered; meanwhile offers are merged (FC6). After doubt nothing is appended until `reasserted`;
 * a frame once encoded keeps its id and bytes for ever.
 */
export class LogWriter {
  #claim: Claim;
  readonly #crc32: (bytes: Uint8Array, from: number) => number;
  readonly #budget: RingBudget;
  #head: Position;
  #ring: RingFrame[] = [];
  #ringBytes = 0;
  /** Index into the ring of the frame to send next; its length when all were sent. */
  #next = 0;
  #pending: Pending[] = [];
  #pendingBytes = 0;
  #state: 'ready' | 'unanswered' | 'doubt' | 'stopped' = 'ready';
  #holed = false;
  #found: readonly RingFrame[] = [];
  /** Frames stay until they are confirmed, else while there is room (FC4). */
  #replicated = false;

  /** @param budget of all rings of the process; this one leaves it with `stop` */
  constructor(claim: Claim, crc32: (bytes: Uint8Array, from: number) => number, budget = new RingBudget()) {
    this.#claim = claim;
    this.#crc32 = crc32;
    this.#budget = budget;
    this.#head = claim.fence.position;
    budget.join(this);
  }

  get claim(): Claim {
    return this.#claim;
  }

  get fence(): number {
    return this.#claim.fence.position.fence;
  }

  /** What a `restore` writes of this log: the frames that are kept, up to the last one encoded (LG11). */
  get remains(): { readonly frames: readonly Uint8Array[]; readonly table: FenceTable; readonly head: Position } {
    return { frames: this.#ring.map(({ frame }) => frame), table: this.#claim.table, head: this.#head };
  }

  /** Behind the last encoded entry. */
  get head(): Position {
    return this.#head;
  }

  /** Behind everything offered. */
  get offeredOffset(): number {
    return this.#head.offset + this.#pendingBytes;
  }

  /** Bytes offered and not yet encoded. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Encoded frames kept because a fail-over could lose them (FC4). */
  get ringBytes(): number {
    return this.#ringBytes;
  }

  /** Bytes that the entry has room for to which an offer goes: what is left of the one that waits last, or a whole one of `mergeBytes`. */
  entryRoom(type: number, flags: number, mergeBytes: number): number {
    const last = this.#pending.at(-1);
    const merged = last?.type === type && last.flags === flags ? last.contentBytes : 0;
    return merged < mergeBytes ? mergeBytes - merged : mergeBytes;
  }

  /** Entries offered and not yet encoded. */
  get pendingEntries(): number {
    return this.#pending.length;
  }

  get inDoubt(): boolean {
    return this.#state === 'doubt';
  }

  /**
   * The newest frames were lost and are no longer in the ring, and nothing is waiting to be written: readers learn of the hole only
   * from an entry behind it (LG7), so the owner offers an empty one. Reset by any offer.
   */
  get holed(): boolean {
    return this.#holed;
  }

  get stopped(): boolean {
    return this.#state === 'stopped';
  }

  /** The last frame whose append was answered: what a confirmation that is asked for now will cover. */
  get answeredSeq(): number {
    return this.#ring[this.#next - 1]?.seq ?? 0;
  }

  /** Everything offered was stored. */
  get settled(): boolean {
    return this.#state === 'ready' && this.#pending.length === 0 && this.#next === this.#ring.length;
  }

  /** @param offer its bytes belong to the writer from here on; content is at most {@link maxEntryPayloadBytes} */
  offer(offer: Offer): void {
    if (this.#state === 'stopped') return;
    this.#holed = false;
    const last = this.#pending.at(-1);
    const merges =
      offer.merge !== undefined &&
      last?.type === offer.type &&
      last.flags === offer.flags &&
      last.contentBytes + offer.content.length <= (offer.mergeBytes ?? maxEntryPayloadBytes);
    if (merges) {
      if (offer.merge === 'replace-lead') last.lead = offer.lead;
      last.content.push(offer.content);
      last.contentBytes += offer.content.length;
    } else {
      const { type, flags, lead, content, skippedBytes = 0 } = offer;
      this.#pending.push({ type, flags, lead, content: [content], contentBytes: content.length, skippedBytes });
    }
    this.#pendingBytes += offer.content.length + (offer.skippedBytes ?? 0);
  }

  /** The frame to append now, if any. It counts as un-answered until `stored` or `doubted` (LG2). */
  next(): Uint8Array | undefined {
    if (this.#state !== 'ready') return undefined;
    let frame = this.#ring[this.#next];
    if (!frame) {
      if (this.#replicated && this.#ringBytes >= this.#budget.boundBytes) return undefined;
      const item = this.#pending.shift();
      if (!item) return undefined;
      frame = this.#encode(item);
    }
    this.#state = 'unanswered';
    return frame.frame;
  }

  /** The un-answered append was stored. @param replicated frames wait for `confirmed` */
  stored(nowMs: number, replicated = false): void {
    if (this.#state !== 'unanswered') return;
    this.#state = 'ready';
    const frame = this.#ring[this.#next];
    if (frame) frame.answeredAtMs = nowMs;
    this.#next++;
    this.#replicated = replicated;
    if (!replicated) this.fitRing(nowMs);
    this.#budget.stored(nowMs);
  }

  /** Everything up to this frame is on a replica: a fail-over cannot lose it (FC4). */
  confirmed(seq: number): void {
    const kept = this.#ring.findIndex((frame) => frame.seq > seq);
    this.#drop(Math.min(this.#next, kept === -1 ? this.#ring.length : kept));
  }

  /** The last replica is gone. */
  unreplicated(nowMs: number): void {
    this.#replicated = false;
    this.fitRing(nowMs);
  }

  /** An answer that is no id, a lost connection, a moved slot: nothing more until `reasserted` (LG6). */
  doubted(): void {
    if (this.#state !== 'stopped') this.#state = 'doubt';
  }

  /** @returns what the owner does: `go-on` calls `next` again, all else has ended this writer */
  reasserted(
    answer: { readonly kind: 'tail'; readonly tail: EntryId } | { readonly kind: Exclude<WriterVerdict, 'go-on'> },
    nowMs = 0,
  ): WriterVerdict {
    if (this.#state === 'stopped') return 'replaced';
    if (answer.kind !== 'tail') {
      // Keys may come back, and a fail-over may take an end back: what could be sent again then stays (LG11).
      if (answer.kind === 'unknown' || answer.kind === 'ended') this.#state = 'doubt';
      else this.stop();
      return answer.kind;
    }
    if (answer.tail.fence !== this.fence) {
      this.stop();
      return 'replaced';
    }
    const above = this.#ring.findIndex((frame) => frame.seq > answer.tail.seq);
    const unanswered = this.#next;
    this.#next = above === -1 ? this.#ring.length : above;
    this.#found = this.#ring.slice(unanswered, this.#next);
    for (const frame of this.#found) frame.answeredAtMs = nowMs;
    this.#holed = above === -1 && answer.tail.seq < this.#head.seq && this.#pending.length === 0;
    this.#state = 'ready';
    return 'go-on';
  }

  /** Frames whose answer was lost and that `reasserted` has found in the log: as good as answered. Told once. */
  found(): readonly Uint8Array[] {
    const found = this.#found.map(({ frame }) => frame);
    this.#found = [];
    return found;
  }

  /** A `restore` wrote what {@link remains}, and a new fence behind it: this writer's from here on. Then `reasserted`. */
  restored(claim: Claim, nowMs: number): void {
    if (this.#state === 'stopped') return;
    this.#claim = claim;
    this.#head = claim.fence.position;
    for (const frame of this.#ring) frame.answeredAtMs = nowMs;
  }

  /** Writes nothing more, keeps nothing. */
  stop(): void {
    this.#state = 'stopped';
    this.#budget.leave(this, this.#ringBytes);
    this.#ring = [];
    this.#found = [];
    this.#pending = [];
    this.#ringBytes = this.#pendingBytes = this.#next = 0;
  }

  /** Drops the oldest answered frames that do not fit the ring, or are older than its budget wants (FC4). */
  fitRing(nowMs: number): void {
    if (this.#replicated) return;
    let bytes = this.#ringBytes;
    this.#dropAnswered(({ frame, answeredAtMs = nowMs }) => {
      const drops = bytes > this.#budget.boundBytes || nowMs - answeredAtMs >= this.#budget.keepMs;
      bytes -= frame.length;
      return drops;
    });
  }

  /** Drops frames that were answered before this time. */
  forgetAnswered(beforeMs: number): void {
    this.#dropAnswered(({ answeredAtMs = Number.POSITIVE_INFINITY }) => answeredAtMs <= beforeMs);
  }

  /** @param drops asked of the oldest frames, up to the first that stays */
  #dropAnswered(drops: (frame: RingFrame) => boolean): void {
    const kept = this.#ring.findIndex((frame, index) => index >= this.#next || frame.answeredAtMs === undefined || !drops(frame));
    this.#drop(kept === -1 ? this.#ring.length : kept);
  }

  #drop(count: number): void {
    if (count === 0) return;
    const dropped = this.#ring.splice(0, count).reduce((bytes, { frame }) => bytes + frame.length, 0);
    this.#ringBytes -= dropped;
    this.#budget.changed(-dropped);
    this.#next -= count;
  }

  #encode(item: Pending): RingFrame {
    const { offset, seq, fence } = this.#head;
    let crc = this.#head.crc;
    for (const part of item.content) if (part.length > 0) crc = this.#crc32(part, crc);
    const header: EntryHeader = { type: item.type, flags: item.flags, fence, seq: seq + 1, offset, crc };
    const frame = encodeEntry(header, item.lead, ...item.content);
    this.#pendingBytes -= item.contentBytes + item.skippedBytes;
    this.#head = { fence, seq: seq + 1, offset: offset + item.contentBytes + item.skippedBytes, crc };
    const kept = { seq: seq + 1, frame, answeredAtMs: undefined };
    this.#ring.push(kept);
    this.#ringBytes += frame.length;
    this.#budget.changed(frame.length);
    return kept;
  }
}

/** An offer of plain bytes. */
export function dataOffer(type: number, flags: number, content: Uint8Array, lead: Uint8Array = noBytes): Offer {
  return { type, flags, lead, content, merge: 'keep-lead' };
}

/** An offer of an entry that adds no bytes to the log. */
export function controlOffer(type: number, flags: number, payload: Uint8Array): Offer {
  return { type, flags, lead: payload, content: noBytes };
}
