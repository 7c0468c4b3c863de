import type { Entry } from '../../../src/protocol/entry.ts';
import { decodeFence, type FenceEntry } from '../../../src/protocol/fence-entry.ts';
import { type EntryId, sameId } from '../../../src/protocol/position.ts';
import type { World } from '../world.ts';

/** Whatever a reader was given on the strength of an answer or a push, it had been asked for or sent so long ago at most. */
const oldestNewsMs = 4_000;

/** What was ever appended to one log: which bytes an id names, and which entry comes before it in its own history. */
export class LogTruth {
  readonly #world: World;
  readonly #entries = new Map<string, { readonly frame: Uint8Array; readonly before: EntryId }>();
  readonly #takes = new Map<number, string>();
  readonly #nonces = new Map<number, number>();
  /** By which take each frame was written. */
  readonly #writtenBy = new WeakMap<Uint8Array, number>();
  /** Where the log ended, now and then. */
  #tails: Array<{ readonly atMs: number; readonly tail: EntryId }> = [];
  /** Two primaries gave one fence to two takes: nobody but the nonce tells their entries apart, and this judge does not. */
  #twins = false;
  /** The servers' clock was set back: a take after a fail-over may have a lower fence than one that was lost. */
  setBack = false;

  constructor(world: World) {
    this.#world = world;
  }

  get twins(): boolean {
    return this.#twins;
  }

  /** The writer of this take is about to append a frame. */
  writes(nonce: number, frame: Uint8Array): void {
    this.#writtenBy.set(frame, nonce);
  }

  /** The nonce of the take by whose writer this entry was written. */
  takeOf(entry: Entry): number | undefined {
    return decodeFence(entry)?.nonce ?? this.#writtenBy.get(entry.frame);
  }

  /** A frame goes out, or a reader is given one. @returns the entry before it in its history */
  seen(entry: Entry): EntryId {
    const id = nameOf(entry);
    const fence = decodeFence(entry);
    if (fence) this.#taken(id, fence);
    const known = this.#entries.get(id);
    if (known && !this.#twins && Buffer.compare(known.frame, entry.frame) !== 0) this.#world.truth.fail(`${id} names two frames (LG2)`);
    const before = fence?.base ?? { fence: entry.fence, seq: entry.seq - 1 };
    if (!known) this.#entries.set(id, { frame: entry.frame, before: { fence: before.fence, seq: before.seq } });
    return before;
  }

  /** @returns whether an entry is in the history of another; undefined when nobody has told the whole of it */
  continues(to: EntryId, from: EntryId): boolean | undefined {
    let at: EntryId | undefined = to;
    while (at && at.seq > from.seq) at = this.#entries.get(nameOf(at))?.before;
    return at && sameId(at, from);
  }

  /** What the fence entry of this entry's fence continues, as far as it is known. */
  baseOf(entry: EntryId): EntryId | undefined {
    let at: EntryId | undefined = entry;
    while (at && at.fence === entry.fence) at = this.#entries.get(nameOf(at))?.before;
    return at;
  }

  endsAt(tail: EntryId): void {
    this.#tails.push({ atMs: this.#world.scheduler.nowMs, tail });
  }

  /** Another history was on the record already when its reader can have heard of it last, and still is. */
  isVoid(entry: EntryId): boolean {
    const { scheduler, broker } = this.#world;
    const { tail, atMs } = this.#tails.findLast((each) => each.atMs < scheduler.nowMs - oldestNewsMs) ?? {};
    if (!tail || !atMs || broker.failedOverAtMs > atMs - oldestNewsMs || entry.fence >= tail.fence) return false;
    return this.continues(tail, entry) === false;
  }

  #taken(id: string, { nonce, position: { fence } }: FenceEntry): void {
    const { mayLose, truth } = this.#world;
    const [before, other] = [this.#takes.get(nonce), this.#nonces.get(fence)];
    if (before !== undefined && before !== id && !mayLose) truth.fail(`${before} and ${id} are one take (LG1)`);
    if (other !== undefined && other !== nonce) {
      // In one millisecond, or by a clock that was set back; a fence of the servers' time all the same.
      if (!mayLose || fence < 1e12) truth.fail(`the fence ${fence} was given out twice (LG1)`);
      this.#twins = true;
    }
    this.#takes.set(nonce, id);
    this.#nonces.set(fence, nonce);
  }
}

export function nameOf({ fence, seq }: EntryId): string {
  return `${fence}-${seq}`;
}
