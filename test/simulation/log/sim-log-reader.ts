import { LogFollower } from '../../../src/broker/log-follower.ts';
import type { LogName } from '../../../src/broker/log-store.ts';
import { OutputCheck } from '../../../src/client/output-check.ts';
import { LogReader, type ReaderSink } from '../../../src/log/log-reader.ts';
import type { Entry } from '../../../src/protocol/entry.ts';
import type { Gap } from '../../../src/protocol/gap.ts';
import { pageEntries } from '../../../src/protocol/limits.ts';
import { compareIds, type Position, sameId, startOfLog } from '../../../src/protocol/position.ts';
import type { SimProcess } from '../sim-process.ts';
import type { World } from '../world.ts';
import { type LogTruth, nameOf } from './log-truth.ts';

/** After heal a push is there at once, and a page is answered within some milliseconds. */
const newsMs = 1_000;

/** So long after a fail-over a reader may hang on the old primary at most. */
const oldPrimaryMs = 1_500;

/** A reader that knows what it may be given: behind its position the next entry of that history, or a gap or rewind that says otherwise. */
export class SimLogReader implements ReaderSink {
  readonly name: string;
  readonly #world: World;
  readonly #truth: LogTruth;
  readonly #log: LogName;
  #process: SimProcess | undefined;
  #follower: LogFollower | undefined;
  /** The client's, whose position an edge is given. */
  readonly #check = new OutputCheck();
  #room = pageEntries;
  #moves = 0;
  /** The event in which it was given something last, and where it was before that. */
  #given = { event: -1, from: startOfLog as Position };
  /** Since when it is live without a break; undefined: it is not. */
  #liveSinceMs: number | undefined;

  constructor(world: World, name: string, log: LogName, truth: LogTruth) {
    this.#world = world;
    this.name = name;
    this.#log = log;
    this.#truth = truth;
    this.resume();
  }

  get position(): Position {
    return this.#check.position;
  }

  /** Comes back with its position, over a link of its own, as a client does at another edge. */
  resume(answersTakeMs?: number): void {
    const { broker, random } = this.#world;
    this.#follower?.close();
    this.#process?.kill();
    if (this.#process) broker.died(this.#process);
    const process = this.#world.newProcess(`${this.name}.${++this.#moves}`);
    process.answersTakeMs = answersTakeMs;
    const { logs } = broker.connect(process);
    const reader = new LogReader(this, this.#check.position, this.#check.base, this.#check.nonce);
    const events = { ephemeral: () => {}, owner: () => {}, unknown: () => {}, connected: () => {} };
    const tools = { clock: process.clock, random: random.fork() };
    this.#process = process;
    this.#follower = new LogFollower(logs, logs, this.#log, reader, events, tools);
    this.#follower.start();
  }

  /** Out of credit, until it has some again. */
  park(forMs: number): void {
    this.#room = 0;
    this.#world.scheduler.after(forMs, () => {
      this.#room = pageEntries;
      this.#process?.enter(() => this.#follower?.resume());
    });
  }

  roomEntries(): number {
    return this.#room;
  }

  deliver(entry: Entry): void {
    const before = this.#truth.seen(entry);
    const at = this.position;
    const { done } = this.#world.scheduler;
    if (this.#given.event !== done) this.#given = { event: done, from: at };
    const take = this.#truth.takeOf(entry);
    // Whatever else is not known of two takes with one fence: the client knows which of them it was given.
    if (entry.fence === at.fence && this.#check.nonce !== 0 && take !== undefined && take !== this.#check.nonce)
      this.#world.truth.fail(`${this.name} is given ${nameOf(entry)} of another take than ${nameOf(at)} (LG1)`);
    if (!sameId(before, at)) this.#fail(`is given ${nameOf(entry)} behind ${nameOf(at)}`);
    if (this.#truth.isVoid(entry)) this.#fail(`is given ${nameOf(entry)}, which is not on the record (LG10)`);
    if (this.#check.check(entry) !== 'good') this.#fail(`is given ${nameOf(entry)}, which fails its check at ${at.offset}`);
    this.#world.count(entry.seq);
  }

  gap(gap: Gap, to: Position, adoptCrc: boolean): void {
    const { mayLose, broker } = this.#world;
    const at = this.position;
    this.#world.note(`${this.name}: gap of ${gap.sizeBytes} from ${nameOf(at)} to ${nameOf(to)}`);
    if (gap.sizeBytes !== to.offset - at.offset) this.#fail(`is told a gap of ${gap.sizeBytes} bytes from ${at.offset} to ${to.offset}`);
    const page = broker.server.read(this.#log, { fence: 0, seq: 0 }, 1);
    const first = page.kind === 'page' ? page.entries[0] : undefined;
    if (!mayLose && first && first.seq <= at.seq + 1) this.#fail('is told a needless gap');
    if (at.fence > 0 && !this.#truth.setBack && this.#truth.continues(to, at) === false)
      this.#fail(`is told a gap from ${nameOf(at)} to ${nameOf(to)}, whose history is another (RS3)`);
    this.#check.moveTo(to, adoptCrc);
  }

  rewound(to: Position, adoptCrc: boolean): void {
    this.#world.note(`${this.name}: rewound from ${nameOf(this.position)} to ${nameOf(to)}`);
    if (this.#needless()) this.#fail(`is told a needless rewind to ${nameOf(to)}`);
    const { event, from } = this.#given;
    if (event === this.#world.scheduler.done && compareIds(to, from) >= 0 && compareIds(to, this.position) < 0)
      this.#fail(`is given what lies behind ${nameOf(to)}, and told at once that it is not on the record (LG10)`);
    if (this.#tooFar(to)) this.#fail(`is rewound to ${nameOf(to)}, below the base of its fence (RS3)`);
    if (to.offset > this.position.offset) this.#fail(`is rewound forward, from ${this.position.offset} to ${to.offset}`);
    this.#check.moveTo(to, adoptCrc);
  }

  /** A live reader of a link that works is where its log ends, but for what is under way (LG4, LG5). @returns what is wrong */
  late(tail: Entry, sinceMs: number): string | undefined {
    const live = this.#follower?.reader.live === true && this.#process?.stopped === false;
    const { scheduler, broker } = this.#world;
    const { nowMs } = scheduler;
    if (nowMs - broker.failedOverAtMs < oldPrimaryMs + newsMs) return undefined;
    if (!live) this.#liveSinceMs = undefined;
    else this.#liveSinceMs ??= nowMs;
    if (this.#liveSinceMs === undefined || nowMs - this.#liveSinceMs < newsMs || nowMs - sinceMs < newsMs) return undefined;
    if (compareIds(this.position, tail) >= 0) return undefined;
    return `${this.name} is live at ${nameOf(this.position)}, and the log has ended at ${nameOf(tail)} for ${Math.round(nowMs - sinceMs)} ms (LG5)`;
  }

  /** The fence entry that its position is behind continues an entry of the record, and it is set back further than that. */
  #tooFar(to: Position): boolean {
    const { broker, scheduler } = this.#world;
    if (scheduler.nowMs < broker.failedOverAtMs + oldPrimaryMs + 200) return false;
    const page = broker.server.read(this.#log, { fence: 0, seq: 0 }, 1_000_000);
    const entries = page.kind === 'page' ? page.entries : [];
    const [first, tail] = [entries[0], entries.at(-1)];
    const base = this.#truth.baseOf(this.position);
    if (!base || base.fence === 0 || !first || !tail || base.seq < first.seq) return false;
    return this.#truth.continues(tail, base) === true && to.seq < base.seq;
  }

  /** What it holds is on the record of every server that is still connected to somebody. */
  #needless(): boolean {
    const { broker, scheduler, profile } = this.#world;
    if (!this.#world.mayLose) return profile.appendRefused === 0;
    const page = broker.server.read(this.#log, { fence: 0, seq: 0 }, 1_000_000);
    const tail = page.kind === 'page' ? page.entries.at(-1) : undefined;
    return tail !== undefined && scheduler.nowMs > broker.failedOverAtMs + 5_000 && this.#truth.continues(tail, this.position) === true;
  }

  #fail(what: string): void {
    if (!this.#truth.twins) this.#world.truth.fail(`${this.name} ${what}`);
  }
}
