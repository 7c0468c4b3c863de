import { type FenceTable, rowOf, withRow } from '../../src/log/fence-table.ts';
import { LogReader, type ReaderNeed } from '../../src/log/log-reader.ts';
import { crc32 } from '../../src/protocol/crc32.ts';
import { decodeEntry, type Entry, encodeEntry, endOffset, entryContent, isFence } from '../../src/protocol/entry.ts';
import { encodeFence, type FenceEntry } from '../../src/protocol/fence-entry.ts';
import { FrameType } from '../../src/protocol/frame-type.ts';
import type { Gap } from '../../src/protocol/gap.ts';
import { compareIds, type EntryId, type Position, startOfLog } from '../../src/protocol/position.ts';

/** A server's copy of one output log, written by hand: entries and table as a test wants them, whatever a real writer would do. */
export class LogOnRecord {
  entries: Entry[] = [];
  table: FenceTable = [];

  get tail(): Position {
    const last = this.entries.at(-1);
    return last ? positionOf(last) : startOfLog;
  }

  /** A writer takes the log. */
  take(fence: number, base = this.tail, nonce = fence): Entry {
    const { offset, crc } = base;
    const taken: FenceEntry = { position: { fence, seq: base.seq + 1, offset, crc }, base, nonce, writer: `w${fence}` };
    this.table = withRow(this.table, rowOf(taken));
    return this.#keep(encodeFence(taken));
  }

  /** The newest writer appends. */
  write(text: string): Entry {
    return this.keep(dataBehind(this.tail, text));
  }

  keep(entry: Entry): Entry {
    return this.#keep(entry.frame);
  }

  /** As a replica that is so many entries behind has it. */
  without(count: number): LogOnRecord {
    const copy = new LogOnRecord();
    copy.entries = this.entries.slice(0, this.entries.length - count);
    copy.table = this.table.filter((row) => copy.entries.some((entry) => entry.fence === row.fence && isFence(entry)));
    return copy;
  }

  trim(count: number): void {
    this.entries = this.entries.slice(count);
  }

  page(from: EntryId, count: number): Entry[] {
    return this.entries.filter((entry) => compareIds(entry, from) >= 0).slice(0, count);
  }

  #keep(frame: Uint8Array): Entry {
    const entry = entryOf(frame);
    this.entries.push(entry);
    return entry;
  }
}

export function entryOf(frame: Uint8Array): Entry {
  const entry = decodeEntry(frame);
  if (!entry) throw new Error('no entry');
  return entry;
}

export function positionOf(entry: Entry): Position {
  return { fence: entry.fence, seq: entry.seq, offset: endOffset(entry), crc: entry.crc };
}

/** What the writer of `at` appends next. */
export function dataBehind(at: Position, text: string): Entry {
  const content = new TextEncoder().encode(text);
  const header = { fence: at.fence, seq: at.seq + 1, offset: at.offset, crc: crc32(content, at.crc) };
  return entryOf(encodeEntry({ type: FrameType.outputData, flags: 0, ...header }, content));
}

/** A reader and everything that comes out of it, in order: text, `[gap n]`, `[rewound n]`. */
export class Reading {
  readonly reader: LogReader;
  shown = '';
  room = 16;
  /** A page or a wait that the reader asked for and has not got. */
  need: ReaderNeed;

  constructor(position: Position = startOfLog, base: Position = startOfLog) {
    const sink = {
      deliver: (entry: Entry) => {
        this.shown += new TextDecoder().decode(entryContent(entry));
      },
      gap: (gap: Gap) => {
        this.shown += `[gap ${gap.sizeBytes}]`;
      },
      rewound: (to: Position) => {
        this.shown += `[rewound to ${to.offset}]`;
      },
      roomEntries: () => this.room,
    };
    this.reader = new LogReader(sink, position, base);
  }

  /** Subscribed at a server, and every page read from it until the reader asks for nothing more. */
  subscribe(log: LogOnRecord): this {
    this.need = this.reader.subscribed();
    return this.follow(log);
  }

  follow(log: LogOnRecord): this {
    for (let reads = 0; this.need?.kind === 'read'; reads++) {
      if (reads > 50) throw new Error('the reader reads for ever');
      this.answer(log);
    }
    return this;
  }

  /** One page. */
  answer(log: LogOnRecord): void {
    if (this.need?.kind !== 'read') throw new Error('nothing was asked');
    const { turn, from, count } = this.need;
    this.need = this.reader.page(turn, log.table, log.page(from, count), count);
  }

  /** Two seconds pass without a reassert. */
  wait(): this {
    if (this.need?.kind !== 'wait') throw new Error('the reader does not wait');
    this.need = this.reader.waited(this.need.turn);
    return this;
  }

  push(...entries: readonly Entry[]): this {
    for (const { frame } of entries) this.need = this.reader.push(frame) ?? this.need;
    return this;
  }
}
