import { type Entry, endOffset } from '../../src/protocol/entry.ts';
import type { ClientStream, SessionId } from '../../src/protocol/ids.ts';
import { maxEntryPayloadBytes, outputLogBytes } from '../../src/protocol/limits.ts';
import type { SimPage } from './sim-page.ts';
import type { World } from './world.ts';

interface Seat {
  readonly fence: number;
  readonly stream: ClientStream;
  /** Behind what the process had written when this driver came. */
  readonly emitted: number;
  page: SimPage | undefined;
  /** The most that the driver's terminal has parsed since it came. */
  parsed: number;
}

/** Whom a worker takes for the driver, and how far it writes ahead of it: half the log at most beyond what its terminal has parsed (FC2). */
export class WindowTruth {
  readonly #world: World;
  /** Of a worker and a session. */
  readonly #seats = new Map<string, Seat>();

  constructor(world: World) {
    this.#world = world;
  }

  /** A worker says who drives. */
  drives(worker: string, session: SessionId, fence: number | undefined, stream: ClientStream | undefined): void {
    const key = `${worker} ${session}`;
    if (fence === undefined || stream === undefined) {
      // Where nothing breaks a driver is there, however slow.
      if (this.#seats.delete(key) && this.#world.profile.name === 'slow')
        this.#world.truth.fail(`${worker} gives up a driver that is there (FC2)`);
      return;
    }
    if (this.#seats.get(key)?.fence === fence) return;
    const emitted = Math.max(0, ...this.#world.truth.incarnations(session).map((each) => each.emitted));
    this.#seats.set(key, { fence, stream, emitted, page: undefined, parsed: 0 });
  }

  /** A worker's entry was stored. */
  wrote(worker: string, session: SessionId, entry: Entry): void {
    const { truth, mayLose, pages } = this.#world;
    const seat = this.#seats.get(`${worker} ${session}`);
    if (!seat || mayLose || truth.skipAsked.has(session)) return;
    seat.page ??= pages.find((page) => page.streams.some(({ id }) => id === seat.stream));
    seat.parsed = Math.max(seat.parsed, seat.page?.parsedOffset ?? 0);
    // What was on its way into the log when this driver came is not its own doing.
    const most = Math.max(seat.emitted, seat.parsed + outputLogBytes / 2) + maxEntryPayloadBytes;
    if (endOffset(entry) > most)
      truth.fail(`${worker} writes up to ${endOffset(entry)}, and ${seat.page?.name} has parsed ${seat.parsed} since it drives (FC2)`);
  }
}
