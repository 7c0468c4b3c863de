import type { LogName } from '../../src/broker/log-store.ts';
import type { MemoryServer } from '../../src/broker/memory/memory-server.ts';
import { clientOffset, contentBytes, type Entry } from '../../src/protocol/entry.ts';
import { FrameType } from '../../src/protocol/frame-type.ts';
import type { ClientStream } from '../../src/protocol/ids.ts';
import type { EntryId } from '../../src/protocol/position.ts';

/** An edge keeps a frame of input for 2 s after its answer; by the time of its being stored, and until the edge has heard of the loss. */
const ringKeepsMs = 300;

/** Everything that was ever tried on one log, on whichever server: what a relay cannot know and the judge has to. */
export class LogHistory {
  readonly log: LogName;
  /** Every frame by its id: it names these bytes for ever (LG2). */
  readonly #frames = new Map<string, Uint8Array>();
  /** Stored on a server that is not the primary any more, and not sent again since. */
  readonly #lost = new Set<string>();
  readonly lostFences = new Set<number>();
  /** Behind the last lost byte of a client stream, and under which fence it had been stored. */
  readonly lostInput = new Map<ClientStream, { readonly end: number; readonly fence: number }>();
  /** Whose input the entries of a fence are. */
  readonly streams = new Map<number, ClientStream>();
  readonly connections = new Map<ClientStream, number>();
  /** Of each take: fence and nonce. */
  readonly fences = new Map<number, number>();
  /** Two primaries gave them to two takes each: whose they are shows by the nonce alone. */
  readonly doubleFences = new Set<number>();
  /** Of each process: the highest fence it was pushed since it subscribed, and whether it has read a page since then. */
  readonly pushedFence = new Map<string, number>();
  readonly hasRead = new Set<string>();
  /** Streams that have lost input which its edge may not have had any more (FC4). */
  readonly lostOld = new Set<ClientStream>();
  readonly #storedAtMs = new Map<string, number>();
  lastTake: { readonly stream: ClientStream; readonly atMs: number } | undefined;
  highestSeq = 0;

  constructor(log: LogName) {
    this.log = log;
  }

  /** @returns false when these are other bytes than the ones that bore this id before */
  named(entry: Entry): boolean {
    const id = idOf(entry);
    const known = this.#frames.get(id);
    if (!known) this.#frames.set(id, entry.frame);
    return !known || known === entry.frame || this.doubleFences.has(entry.fence) || Buffer.compare(known, entry.frame) === 0;
  }

  wasLost(id: EntryId): boolean {
    return this.#lost.has(idOf(id));
  }

  stored(entry: Entry, nowMs: number): void {
    this.found(entry);
    this.#storedAtMs.set(idOf(entry), nowMs);
  }

  lose(entry: Entry): void {
    this.#lost.add(idOf(entry));
    const stream = this.streams.get(entry.fence);
    if (entry.type !== FrameType.inputData || stream === undefined) return;
    const end = clientOffset(entry) + contentBytes(entry);
    if (end > (this.lostInput.get(stream)?.end ?? 0)) this.lostInput.set(stream, { end, fence: entry.fence });
  }

  found(entry: Entry): void {
    this.#lost.delete(idOf(entry));
  }

  /** A replica without the newest writes has become the primary. */
  failedOver(old: MemoryServer, server: MemoryServer, nowMs: number): void {
    const [before, after] = [contentOf(old, this.log), contentOf(server, this.log)];
    const kept = new Set(after.entries.map(idOf));
    for (const entry of before.entries) {
      if (kept.has(idOf(entry))) continue;
      this.lose(entry);
      const stream = this.streams.get(entry.fence);
      if (stream !== undefined && nowMs - (this.#storedAtMs.get(idOf(entry)) ?? 0) > ringKeepsMs) this.lostOld.add(stream);
    }
    const rows = new Set(after.table.map(({ fence }) => fence));
    for (const { fence } of before.table) if (!rows.has(fence)) this.lostFences.add(fence);
  }
}

export function contentOf(server: MemoryServer, log: LogName) {
  const page = server.read(log, { fence: 0, seq: 0 }, Number.MAX_SAFE_INTEGER);
  return page.kind === 'page' ? page : { entries: [], table: [] };
}

function idOf({ fence, seq }: EntryId): string {
  return `${fence}-${seq}`;
}
