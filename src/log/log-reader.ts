import { decodeEntry, type Entry, endOffset, isFence, positionBehind } from '../protocol/entry.ts';
import { decodeFence, type FenceEntry } from '../protocol/fence-entry.ts';
import { type Gap, GapCause } from '../protocol/gap.ts';
import { keptPushBytes, pageEntries } from '../protocol/limits.ts';
import { compareIds, type EntryId, type Position, sameId, startOfLog } from '../protocol/position.ts';
import { type FenceTable, isVoid, newestFence, rowAt, rowOf, withRow } from './fence-table.ts';
import { locate } from './locate.ts';

/** What a reader delivers to. */
export interface ReaderSink {
  /** In order, each once. */
  deliver(entry: Entry): void;
  /** Bytes that this reader will never get (LG7); the position is now `to`. `adoptCrc`: the CRC at `to` is not known. */
  gap(gap: Gap, to: Position, adoptCrc: boolean): void;
  /** What was delivered beyond `to` is not on the record (LG8). */
  rewound(to: Position, adoptCrc: boolean): void;
  /** How many more entries are worth reading now. 0: full, the reader parks until `resume` (FC1). */
  roomEntries(): number;
}

/** What the owner of a reader has to do for it. */
export type ReaderNeed =
  | undefined
  /** Read a page: the table, then at most `count` entries from `from` on; hand it to `page` with the same `turn`. */
  | { readonly kind: 'read'; readonly turn: number; readonly from: EntryId; readonly count: number }
  /** Call `waited` with `turn` after two seconds: a `reassert` may come meanwhile (RS3 d). */
  | { readonly kind: 'wait'; readonly turn: number };

type Mode =
  /** No subscription. */
  | 'off'
  /** A page is on its way; pushes are kept. */
  | 'reading'
  | 'live'
  /** The sink is full: pushes are dropped, only the position is kept. */
  | 'parked';

/** The table is read before the log, so a take between both shows a fence without its row; one more read finds it (RS3). */
const maxRereads = 4;

/**
 * One reader of one log (LG5, LG10, RS3). Pure. The owner subscribes, reads pages when asked and hands everything in; entries come
 * out through the sink. Every read is a `locate`: the position is compared with the record before anything is delivered.
 */
export class LogReader {
  readonly #sink: ReaderSink;
  #position: Position;
  /** The base of the last fence entry passed. */
  #base: Position;
  /** Of the take whose fence the position is in; 0: not known. */
  #nonce: number;
  #floor = 0;
  #mode: Mode = 'off';
  /** Raised with every need: an answer to an older one is ignored. */
  #turn = 0;
  /** What the page under way is to tell: whether this position is on the record. */
  #candidate: 'position' | 'base' | 'first' = 'position';
  #waited = false;
  /** The position's fence is another take's on this record: nothing but an entry itself shows that a position is on it. */
  #foreign = false;
  #rereads = 0;
  /** Behind the newest entry that a push told of, delivered or not. */
  #heardOffset = 0;
  #kept: Uint8Array[] = [];
  #keptBytes = 0;
  #keptOverflow = false;
  /** The entry that did not fit last time; a second time it is adopted with a declared gap. */
  #misfit: EntryId | undefined;

  /** @param base of the last fence entry passed; @param nonce of the same, if the position is in its fence; else 0 */
  constructor(sink: ReaderSink, position: Position, base: Position, nonce = 0) {
    this.#sink = sink;
    this.#position = position;
    this.#base = base;
    this.#nonce = nonce;
  }

  get position(): Position {
    return this.#position;
  }

  get base(): Position {
    return this.#base;
  }

  get live(): boolean {
    return this.#mode === 'live';
  }

  get parked(): boolean {
    return this.#mode === 'parked';
  }

  /** Where the log ends, as far as pushes have told. */
  get heardOffset(): number {
    return Math.max(this.#heardOffset, this.#position.offset);
  }

  /** Pushes kept while a page is read. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** The channel is subscribed; reads sent from now on count. */
  subscribed(): ReaderNeed {
    this.#mode = 'off';
    this.#floor = this.#position.fence;
    return this.#sink.roomEntries() > 0 ? this.#read('position') : this.#park();
  }

  /** The subscription is over: nothing counts until `subscribed`. */
  broken(): void {
    this.#mode = 'off';
    this.#turn++;
    this.#dropKept();
  }

  /** The sweep, or a doubt of the owner: compare with the record again (LG5). */
  recheck(): ReaderNeed {
    return this.#mode === 'live' ? this.#read('position') : undefined;
  }

  /** The sink has room again. */
  resume(): ReaderNeed {
    return this.#mode === 'parked' && this.#sink.roomEntries() > 0 ? this.#read('position') : undefined;
  }

  waited(turn: number): ReaderNeed {
    if (turn !== this.#turn || this.#mode !== 'live') return undefined;
    this.#waited = true;
    return this.#read('position');
  }

  push(frame: Uint8Array): ReaderNeed {
    if (this.#mode === 'live') return this.#pushLive(frame);
    const entry = decodeEntry(frame);
    if (entry) this.#heardOffset = endOffset(entry);
    if (this.#mode === 'reading') this.#keep(frame);
    return undefined;
  }

  /** Whether the answer to the need of this turn is still waited for. */
  expects(turn: number): boolean {
    return turn === this.#turn && this.#mode === 'reading';
  }

  page(turn: number, table: FenceTable, entries: readonly Entry[], asked: number): ReaderNeed {
    if (!this.expects(turn)) return undefined;
    const rows = withFencesOf(table, entries);
    if (entries.some((entry) => entry.fence > newestFence(rows)) && ++this.#rereads < maxRereads) return this.#read(this.#candidate);
    this.#rereads = 0;
    const full = entries.length >= asked;
    const at = this.#candidate === 'position' ? this.#position : this.#candidate === 'base' ? this.#base : startOfLog;
    const found = locate(at, this.#candidate === 'position' ? this.#nonce : 0, rows, entries);
    switch (found.kind) {
      case 'on-record':
        if (this.#candidate === 'base' && this.#foreign && !(entries[0] && sameId(entries[0], at))) return this.#read('first');
        this.#foreign = false;
        if (this.#candidate === 'base') this.#rewind(this.#base, false);
        // Nothing of this history is known to be on the record, and what the log no longer has is a gap from the start.
        if (this.#candidate === 'first') this.#rewind(startOfLog, false);
        return this.#deliverPage(rows, entries, full);
      case 'rewound':
        this.#rewind(found.to, false);
        return this.#read('position');
      case 'ahead':
        return this.#candidate === 'position' ? this.#goLive(this.#floor) : this.#read('first');
      case 'unheard-of':
        if (this.#candidate !== 'position' || this.#waited) return this.#tryNext();
        return this.#goLive(this.#floor) ?? { kind: 'wait', turn: ++this.#turn };
      case 'foreign':
        this.#foreign = true;
        return this.#tryNext();
      case 'lost':
        return this.#tryNext();
    }
  }

  /** @param scanned where the page starts instead, when everything up to there is void (LG10) */
  #read(candidate: 'position' | 'base' | 'first', scanned?: EntryId): ReaderNeed {
    if (this.#mode !== 'reading') this.#dropKept();
    this.#mode = 'reading';
    this.#candidate = candidate;
    const from = scanned ?? (candidate === 'position' ? this.#position : candidate === 'base' ? this.#base : startOfLog);
    return {
      kind: 'read',
      turn: ++this.#turn,
      from: { fence: from.fence, seq: from.seq },
      // The entry of the position itself comes first, to be compared: a page of one would never bring a new one.
      count: Math.max(2, Math.min(this.#sink.roomEntries() + 1, pageEntries)),
    };
  }

  #tryNext(): ReaderNeed {
    return this.#read(this.#candidate === 'position' && this.#base.fence > 0 ? 'base' : 'first');
  }

  #deliverPage(rows: FenceTable, entries: readonly Entry[], full: boolean): ReaderNeed {
    const need = this.#deliver(rows, entries, full);
    // Its fence entry had left the log: the record tells whose the fence is.
    if (this.#nonce === 0) this.#nonce = rowAt(rows, this.#position.fence)?.nonce ?? 0;
    return need;
  }

  #deliver(rows: FenceTable, entries: readonly Entry[], full: boolean): ReaderNeed {
    this.#waited = false;
    const before = this.#position;
    for (const entry of entries) {
      if (compareIds(entry, this.#position) <= 0 || isVoid(rows, entry)) continue;
      if (this.#sink.roomEntries() === 0) return this.#park();
      if (!this.#take(entry)) return this.#read('position');
    }
    if (!full) return this.#goLive(newestFence(rows));
    if (this.#sink.roomEntries() === 0) return this.#park();
    // A whole page of void entries moves nothing: the next page starts behind them.
    return this.#read('position', sameId(before, this.#position) ? entries.at(-1) : undefined);
  }

  /** Delivers an entry that was read. @returns false when it does not fit behind the position: locate again */
  #take(entry: Entry): boolean {
    const fence = decodeFence(entry);
    const before = fence ? fence.base : { fence: entry.fence, seq: entry.seq - 1, offset: entry.offset, crc: 0 };
    const { offset } = this.#position;
    if (entry.offset > offset) {
      this.#gap({ sizeBytes: entry.offset - offset, cause: GapCause.trimmed }, before, !fence);
    } else if (entry.offset < offset) {
      if (!fence && !this.#misfits(entry)) return false;
      this.#rewind(before, !fence);
    } else if (!sameId(before, this.#position)) {
      this.#gap({ sizeBytes: 0, cause: GapCause.lost }, before, !fence);
    } else if (fence && fence.base.crc !== this.#position.crc) {
      if (!this.#misfits(entry)) return false;
      this.#rewind(before, false);
    }
    this.#accept(entry, fence);
    return true;
  }

  /** @returns true the second time the same entry did not fit */
  #misfits(entry: Entry): boolean {
    if (this.#misfit && sameId(this.#misfit, entry)) return true;
    this.#misfit = { fence: entry.fence, seq: entry.seq };
    return false;
  }

  #pushLive(frame: Uint8Array): ReaderNeed {
    const entry = decodeEntry(frame);
    if (!entry || entry.fence < this.#floor || compareIds(entry, this.#position) <= 0) return undefined;
    this.#heardOffset = endOffset(entry);
    const fence = decodeFence(entry);
    if (this.#chains(entry, fence?.base)) {
      if (this.#sink.roomEntries() === 0) {
        this.#park();
        return undefined;
      }
      this.#accept(entry, fence);
      return undefined;
    }
    this.#floor = Math.max(this.#floor, entry.fence);
    return this.#read('position');
  }

  /** @param base of a fence entry that could be read */
  #chains(entry: Entry, base: Position | undefined): boolean {
    const at = this.#position;
    if (entry.offset !== at.offset) return false;
    if (!isFence(entry)) return entry.fence === at.fence && entry.seq === at.seq + 1;
    return base !== undefined && sameId(base, at) && base.crc === at.crc;
  }

  #accept(entry: Entry, fence: FenceEntry | undefined): void {
    this.#moveTo(positionBehind(entry));
    if (fence) [this.#base, this.#nonce] = [fence.base, fence.nonce];
    this.#misfit = undefined;
    this.#sink.deliver(entry);
  }

  #moveTo(to: Position): void {
    if (to.fence !== this.#position.fence) this.#nonce = 0;
    this.#position = to;
  }

  #gap(gap: Gap, to: Position, adoptCrc: boolean): void {
    this.#moveTo(to);
    this.#sink.gap(gap, to, adoptCrc);
  }

  #rewind(to: Position, adoptCrc: boolean): void {
    this.#moveTo(to);
    if (compareIds(this.#base, to) > 0) this.#base = startOfLog;
    this.#sink.rewound(to, adoptCrc);
  }

  #goLive(floor: number): ReaderNeed {
    if (this.#keptOverflow) {
      this.#dropKept();
      return this.#read('position');
    }
    this.#mode = 'live';
    this.#floor = floor;
    const kept = this.#kept;
    this.#dropKept();
    for (const [index, frame] of kept.entries()) {
      const need = this.#pushLive(frame);
      if (!need) continue;
      for (const later of kept.slice(index + 1)) this.#keep(later);
      return need;
    }
    return undefined;
  }

  #park(): undefined {
    this.#mode = 'parked';
    this.#turn++;
    this.#dropKept();
  }

  #keep(frame: Uint8Array): void {
    if (this.#keptOverflow) return;
    this.#kept.push(frame);
    this.#keptBytes += frame.length;
    // One entry may always be kept; beyond that the log is read again.
    if (this.#keptBytes > keptPushBytes && this.#kept.length > 1) {
      this.#dropKept();
      this.#keptOverflow = true;
    }
  }

  #dropKept(): void {
    this.#kept = [];
    this.#keptBytes = 0;
    this.#keptOverflow = false;
  }
}

function withFencesOf(table: FenceTable, entries: readonly Entry[]): FenceTable {
  let rows = table;
  for (const entry of entries) {
    const fence = decodeFence(entry);
    if (fence && !rows.some((row) => row.fence === fence.position.fence)) rows = withRow(rows, rowOf(fence));
  }
  return rows;
}
