import type { ClientStream, SessionId } from '../../src/protocol/ids.ts';
import { nothingPlanted, type Planted } from './planted.ts';
import type { Profile } from './profile.ts';
import type { Scene, Seen } from './scenes.ts';
import { Scheduler } from './scheduler.ts';
import type { SeededRandom } from './seeded-random.ts';
import { SimBroker } from './sim-broker.ts';
import { SimEdge } from './sim-edge.ts';
import type { Connection } from './sim-network.ts';
import { SimProcess } from './sim-process.ts';
import { SimSession } from './sim-session.ts';
import type { SimUpstream } from './sim-upstream.ts';
import { SimWorker } from './sim-worker.ts';
import { StepTruth } from './step-truth.ts';
import type { Trace } from './trace.ts';
import { type Incarnation, Truth } from './truth.ts';
import { WindowTruth } from './window-truth.ts';
import { Witness } from './witness.ts';

/** Output in entries of one byte each that a worker's ring holds; of a fast process entries are larger. */
const alwaysRemembered = 16_000;

/** Everything of one run: processes, network, broker, people, and what really happened. */
export class World {
  readonly random: SeededRandom;
  readonly profile: Profile;
  readonly planted: Planted;
  readonly scheduler = new Scheduler();
  readonly truth = new Truth();
  readonly witness = new Witness(this);
  readonly steps = new StepTruth(this);
  readonly window = new WindowTruth(this);
  readonly connections = new Set<Connection>();
  readonly upstreams = new Set<SimUpstream>();
  readonly processes: SimProcess[] = [];
  readonly broker: SimBroker;
  readonly edges: SimEdge[] = [];
  readonly workers: SimWorker[] = [];
  readonly sessions: SimSession[] = [];
  readonly #trace: Trace;
  readonly #seen = new Map<Scene, number>();
  /** Faults may happen. */
  faulty = true;
  /** Nothing new is typed and nothing new is written by an upstream. */
  quiet = false;
  /** A worker was killed, or stood still long enough to be called dead. */
  workersLost = 0;
  healedAtMs = 0;
  #named = 0;

  constructor(random: SeededRandom, profile: Profile, trace: Trace, planted: Planted = nothingPlanted) {
    this.random = random;
    this.profile = profile;
    this.planted = planted;
    this.#trace = trace;
    this.broker = new SimBroker(this);
    for (let i = 0; i < profile.workers; i++) this.addWorker();
    for (let i = 0; i < profile.edges; i++) this.addEdge();
    for (let i = 0; i < profile.sessions; i++) {
      this.scheduler.after(random.between(0, 1000), () => this.sessions.push(new SimSession(this, `s${i}`)));
    }
  }

  /** What was stored may be lost: a gap with cause `lost` and a rewind are right then. */
  get mayLose(): boolean {
    return this.broker.failOvers > 0 || this.broker.timesEmptied > 0;
  }

  /** Whatever was lost of a session, its worker still has it. */
  get #remembered(): boolean {
    return this.broker.failOvers === 0 && this.workersLost === 0;
  }

  /** The keys of sessions may be gone: their workers write them again (LG11). */
  get mayForgetKeys(): boolean {
    return this.mayLose;
  }

  /** The same of output: what no replica has stays with its writer (FC4), and what a worker can restore (LG11). */
  mayLoseOutput(session: SessionId | undefined, from: number): boolean {
    return this.mayLose && !this.profile.replica && !this.restoresOutput(session, from);
  }

  /** Keys were gone, and of what lies behind `from` the worker that restored them had everything (LG11). */
  restoresOutput(session: SessionId | undefined, from: number): boolean {
    if (this.broker.timesEmptied === 0 || !this.#remembered || this.profile.faults.includes('trim')) return false;
    const written = session === undefined ? 0 : Math.max(0, ...this.truth.incarnations(session).map(({ emitted }) => emitted));
    return written - from <= (this.profile.pieceBytes < 1_000 ? alwaysRemembered : 8 * alwaysRemembered);
  }

  /** The push of an append that was refused is shown, and its writer died before it could send it again (LG4). */
  get mayRewind(): boolean {
    return (this.mayLose && !this.#remembered) || (this.workersLost > 0 && this.profile.appendRefused > 0);
  }

  /** Unless its worker is there, and was all the time: that brings the session back (LG11). */
  mayForget(session: SessionId | undefined): boolean {
    if (this.workersLost > 0 || session === undefined) return this.mayLose;
    if (this.broker.failOvers === 0) return this.mayLose && !this.broker.wasHeld(session);
    return ![...this.upstreams].some((each) => each.alive && each.incarnation.session === session);
  }

  get mayLoseWorkers(): boolean {
    return this.workersLost > 0 || (this.broker.timesEmptied > 0 && !this.#remembered);
  }

  get knownSessions(): readonly SessionId[] {
    return this.sessions.flatMap(({ saved, pages }) =>
      [saved?.session, ...pages.map(({ session }) => session)].filter((id) => id !== undefined),
    ) as SessionId[];
  }

  get pages() {
    return this.sessions.flatMap((session) => session.pages);
  }

  /** Behind the last input byte that a client has sent to this edge since it asked for control. */
  inputUnderWay(edge: string | undefined, stream: ClientStream): number {
    const all = [...this.connections].filter((each) => each.edge.name === edge && each.page.streams.at(-1)?.id === stream);
    return Math.max(0, ...all.map(({ inputEnd }) => inputEnd));
  }

  newProcess(name: string, leastTimerMs?: number): SimProcess {
    const process = new SimProcess(name, this.scheduler, this.random.between(0, 1_000_000), leastTimerMs);
    this.processes.push(process);
    return process;
  }

  addEdge(): void {
    this.edges.push(new SimEdge(this, `edge-${++this.#named}`));
  }

  addWorker(): void {
    this.workers.push(new SimWorker(this, `worker-${++this.#named}`));
  }

  note(text: string): void {
    this.#trace.note(this.scheduler.nowMs, text);
  }

  saw(scene: Scene): void {
    this.#seen.set(scene, (this.#seen.get(scene) ?? 0) + 1);
  }

  get seen(): Seen {
    return Object.fromEntries(this.#seen);
  }

  count(value: number): void {
    this.#trace.number(value);
  }

  /** LS1: whoever lost the session to another must not type any more, whatever it slept through. */
  typedNow({ session, worker, emitted }: Incarnation): void {
    this.count(emitted);
    if (this.mayLose) return;
    const record = this.broker.server.readSession(session);
    if (!record || record.state === 'ended') this.truth.fail(`${worker} typed into a session that has ended`);
    else if (record.owner !== worker) this.truth.fail(`${worker} typed into a session of ${record.owner}`);
  }
}
