import type { FenceTable } from '../../log/fence-table.ts';
import type { Entry } from '../../protocol/entry.ts';
import type { ClientStream } from '../../protocol/ids.ts';
import type { EntryId } from '../../protocol/position.ts';
import type { SessionRecord } from '../../session/session-record.ts';
import type { StreamMark } from '../log-store.ts';
import { MemoryLog } from './memory-log.ts';

/** `meta` of a session. Replaced as a whole by every change. */
export interface Meta {
  readonly record: SessionRecord;
  readonly tables: { readonly out: FenceTable; readonly in: FenceTable };
  /** Client streams in the order of their newest take, newest last (RS4, RS5). */
  readonly streams: readonly StreamMark[];
  /** Nobody drives: undefined (DR2). */
  readonly driver: { readonly stream: ClientStream; readonly fence: number } | undefined;
  readonly expiresAtMs: number;
}

/** What one atomic operation does to a session. Appended entries are pushed, `out` before `in`. */
export interface Change {
  readonly meta?: Partial<Meta>;
  readonly out?: readonly Entry[];
  readonly in?: readonly Entry[];
}

/** A pure operation: (state, command) → answer and change. */
export interface Step<Answer> {
  readonly answer: Answer;
  readonly change?: Change;
}

interface Undo {
  /** Of the server's writes. */
  readonly order: number;
  readonly meta: Meta;
  readonly appended: { readonly out: number; readonly in: number };
  readonly trimmed?: { readonly log: 'out' | 'in'; readonly entries: readonly Entry[] };
}

/** The writes of one server, of all its sessions. */
export interface WriteHistory {
  /** How many of each session a copy may lose (see {@link MemorySession.copyWithout}); 0 in production. */
  readonly remembered: number;
  writes: number;
}

/** One session: `meta` and two logs, changed one write at a time, in one order, as the keys of one slot are. */
export class MemorySession {
  readonly out: MemoryLog;
  readonly in: MemoryLog;
  readonly #history: WriteHistory;
  #undo: Undo[] = [];
  #meta: Meta;

  constructor(meta: Meta, history: WriteHistory, out = new MemoryLog(), input = new MemoryLog()) {
    this.#meta = meta;
    this.#history = history;
    this.out = out;
    this.in = input;
  }

  get meta(): Meta {
    return this.#meta;
  }

  apply(change: Change): void {
    this.#remember({ meta: this.#meta, appended: { out: change.out?.length ?? 0, in: change.in?.length ?? 0 } });
    if (change.meta) this.#meta = { ...this.#meta, ...change.meta };
    for (const entry of change.out ?? []) this.out.push(entry);
    for (const entry of change.in ?? []) this.in.push(entry);
  }

  trim(log: 'out' | 'in', first: EntryId): void {
    const entries = this[log].trim(first);
    if (entries.length > 0) this.#remember({ meta: this.#meta, appended: { out: 0, in: 0 }, trimmed: { log, entries } });
  }

  /** Remembered writes that a replica does not have which has the server's writes up to `order`. */
  writesAfter(order: number): number {
    return this.#undo.length - 1 - this.#undo.findLastIndex((undo) => undo.order <= order);
  }

  /** The session as a replica has it that is `writes` behind: one replication order for meta and both logs, so a common earlier state. */
  copyWithout(writes: number, history: WriteHistory): MemorySession {
    const copy = new MemorySession(this.#meta, history, this.out.copy(), this.in.copy());
    copy.#undo = [...this.#undo];
    for (let lost = 0; lost < writes; lost++) {
      const undo = copy.#undo.pop();
      if (!undo) break;
      copy.#meta = undo.meta;
      copy.out.pop(undo.appended.out);
      copy.in.pop(undo.appended.in);
      if (undo.trimmed) copy[undo.trimmed.log].untrim(undo.trimmed.entries);
    }
    return copy;
  }

  #remember(undo: Omit<Undo, 'order'>): void {
    const { remembered } = this.#history;
    if (remembered === 0) return;
    this.#undo.push({ ...undo, order: ++this.#history.writes });
    if (this.#undo.length > remembered) this.#undo.shift();
  }
}
