import { CloseStreamCause } from '../../src/protocol/ephemeral.ts';
import { type Gap, GapCause } from '../../src/protocol/gap.ts';
import type { ClientStream, SessionId } from '../../src/protocol/ids.ts';
import type { ServerFrame } from '../../src/protocol/server-frame.ts';
import type { World } from './world.ts';

/** A driver that has just come may still miss what left the log before its worker knew of it. */
const noticedMs = 3_000;

/** What an edge may tell a page, by what the broker knows. */
export class PageTruth {
  readonly #world: World;
  readonly #page: string;
  readonly #session: () => SessionId | undefined;
  readonly #offset: () => number;
  #driving = false;
  #came = 0;
  /** Drives, and had all that the log has: nothing may be trimmed before it has read it (FC2). */
  #ahead = false;

  constructor(world: World, page: string, session: () => SessionId | undefined, offset: () => number) {
    this.#world = world;
    this.#page = page;
    this.#session = session;
    this.#offset = offset;
  }

  told(frame: ServerFrame): void {
    const { mayLose, truth, broker } = this.#world;
    const session = this.#session();
    if (!session) return;
    const { closed } = frame.kind === 'status' ? frame.status : {};
    if (closed?.cause === CloseStreamCause.hole && !this.#mayHaveHole(session, closed.stream as ClientStream))
      truth.fail(`${this.#page} is told of a hole in its input, and nothing was lost that its edge had forgotten (RS6)`);
    if (mayLose) return;
    if (frame.kind === 'inputAck' && frame.accepted > broker.acceptedOf(session, truth))
      truth.fail(`${this.#page} is told that ${frame.accepted} bytes were accepted (RS4)`);
  }

  #mayHaveHole(session: SessionId, stream: ClientStream): boolean {
    const { broker, truth, profile, witness } = this.#world;
    if (broker.timesEmptied > 0 || truth.twice(session) || profile.twoPrimaries) return true;
    return witness.mayHaveHole(session, stream);
  }

  drives(driving: boolean): void {
    if (driving === this.#driving) return;
    this.#driving = driving;
    this.#ahead = false;
    const came = ++this.#came;
    if (!driving) return;
    this.#world.scheduler.after(noticedMs, () => {
      const session = this.#session();
      const first = session && this.#world.broker.firstOffset(session);
      this.#ahead = came === this.#came && first !== undefined && first <= this.#offset();
    });
  }

  gap({ cause, sizeBytes }: Gap): void {
    const trimmed = cause === GapCause.trimmed || cause === GapCause.detached;
    // Only where no leg stands still for longer than a driver is waited for.
    const patient = ['flow', 'calm', 'slow'].includes(this.#world.profile.name);
    if (trimmed && patient && this.#ahead)
      this.#world.truth.fail(`${this.#page} drives, and ${sizeBytes} bytes were trimmed before it (FC2)`);
  }
}
