import { decodeEntry, type Entry } from '../../../src/protocol/entry.ts';
import type { SessionId, WorkerId } from '../../../src/protocol/ids.ts';
import { sameId } from '../../../src/protocol/position.ts';
import { strike } from '../faults.ts';
import { nothingPlanted } from '../planted.ts';
import { drawProfile, type FaultName } from '../profile.ts';
import { SeededRandom } from '../seeded-random.ts';
import { Trace } from '../trace.ts';
import { World } from '../world.ts';
import { LogTruth, nameOf } from './log-truth.ts';
import { SimLogReader } from './sim-log-reader.ts';
import { SimLogWriter, type WriterSize } from './sim-log-writer.ts';

const log = { session: 'session-of-one-log-000' as SessionId, log: 'out' } as const;

/** Time after which every reader has to be at the end of the log once nothing goes wrong any more: a sweep of an idle log takes a minute. */
const settleMs = 90_000;

const brokerFaults: readonly FaultName[] = [
  'link-break',
  'link-break',
  'subscription-break',
  'subscription-break',
  'broker-out',
  'broker-frozen',
];

export interface LogRunResult {
  readonly seed: number;
  readonly profile: 'log';
  readonly hash: string;
  readonly events: number;
  readonly virtualMs: number;
  readonly failure: string | undefined;
}

/**
 * One log alone, with writers that take it from each other at any moment, asleep or in doubt, and readers that come back anywhere:
 * section 1 of SPEC.md in its generality, which sessions of one worker never need.
 */
export async function runLogSeed(seed: number, print?: (line: string) => void): Promise<LogRunResult> {
  const random = new SeededRandom(seed);
  const lossy = random.chance(0.6);
  const profile = { ...drawProfile(random, lossy ? 'failover' : 'broker'), edges: 0, workers: 0, sessions: 0 };
  const trace = new Trace(print);
  const append = (_log: unknown, frame: Uint8Array) => {
    const entry = decodeEntry(frame);
    if (entry) logTruth.seen(entry);
    return frame;
  };
  const fates = { appendRefused: random.chance(0.3) ? 0 : random.between(0, 0.1), appendUnpushed: random.pick([0, 0, 0.2]) ?? 0 };
  const world = new World(random, { ...profile, ...fates }, trace, { ...nothingPlanted, append });
  const logTruth = new LogTruth(world);
  const { truth, scheduler } = world;
  const unhandled = (error: unknown) => truth.fail(`unhandled: ${error instanceof Error ? error.stack : String(error)}`);
  process.on('unhandledRejection', unhandled);
  try {
    await new LogRun(world, logTruth, lossy, seed).run();
  } catch (error) {
    unhandled(error);
  } finally {
    process.off('unhandledRejection', unhandled);
  }
  if (truth.violation) world.note(`violation: ${truth.violation}`);
  return { seed, profile: 'log', hash: trace.hash, events: scheduler.done, virtualMs: scheduler.nowMs, failure: truth.violation };
}

class LogRun {
  readonly #world: World;
  readonly #truth: LogTruth;
  readonly #lossy: boolean;
  readonly #faults: readonly FaultName[];
  readonly #readers: SimLogReader[] = [];
  readonly #writers: SimLogWriter[] = [];
  /** Where the log ends once all works again, and since when. */
  #end: { readonly tail: Entry; readonly sinceMs: number } | undefined;
  readonly #size: WriterSize;
  readonly #everyMs: { readonly write: number; readonly take: number; readonly fault: number; readonly read: number };

  constructor(world: World, truth: LogTruth, lossy: boolean, seed: number) {
    const { random } = world;
    this.#world = world;
    this.#truth = truth;
    this.#lossy = lossy;
    this.#faults = lossy ? [...brokerFaults, 'fail-over', 'fail-over', 'fail-over'] : brokerFaults;
    this.#size = {
      logBytes: random.pick([1_000, 5_000, 1_000_000]) ?? 5_000,
      pieceBytes: random.pick([1, 200, 200, 40_000]) ?? 200,
      keepMs: seed % 4 === 1 ? 200 : Number.POSITIVE_INFINITY,
    };
    this.#everyMs = {
      write: random.pick([5, 50, 1_000]) ?? 50,
      take: random.pick([300, 1_500, 6_000]) ?? 1_500,
      fault: random.pick([150, 600, 2_000]) ?? 600,
      read: random.pick([200, 1_000, 5_000]) ?? 1_000,
    };
  }

  async run(): Promise<void> {
    const { scheduler, random, truth, broker } = this.#world;
    this.#open();
    for (let i = 0; i < random.whole(1, 3); i++) this.#readers.push(new SimLogReader(this.#world, `reader-${i}`, log, this.#truth));
    this.#take();
    const forMs = random.between(1_000, 12_000);
    const silentMs = forMs - (random.chance(0.5) ? 0 : random.between(0, 5_000));
    this.#often(this.#everyMs.write, () => scheduler.nowMs < silentMs && random.pick(this.#writers)?.write());
    this.#often(this.#everyMs.take, () => this.#hustle());
    this.#often(this.#everyMs.fault, () => strike(this.#world, random.pick(this.#faults) ?? 'link-break'));
    this.#often(this.#everyMs.read, () => this.#disturbReader());
    if (this.#lossy && random.chance(0.2))
      scheduler.after(random.between(0, forMs), () => {
        this.#truth.setBack = true;
        broker.process.jump(-random.whole(1, 3_600_000));
      });
    const stop = () => truth.violation !== undefined;
    this.#watchTail();
    await scheduler.run(forMs, stop);
    if (this.#lossy && random.chance(0.3)) strike(this.#world, 'fail-over');
    this.#world.faulty = false;
    this.#world.note('healed');
    broker.back();
    for (const process of this.#world.processes) process.wake();
    if (random.chance(0.5)) this.#take();
    await this.#settle(stop);
    if (stop()) return;
    this.#burst();
    await this.#settle(stop);
  }

  /** A reader comes back over a slow link, and while its page is on the way more is pushed than it may keep (LG5). */
  #burst(): void {
    const { random, scheduler } = this.#world;
    const reader = random.pick(this.#readers);
    const writer = this.#writers.find((each) => !each.over && each.writer?.settled && !each.process.stopped);
    if (!reader || !writer) return;
    reader.resume(300);
    for (let piece = 0; piece < 4; piece++) scheduler.after(250 + 20 * piece, () => writer.write(30_000));
  }

  async #settle(stop: () => boolean): Promise<void> {
    const { scheduler, truth } = this.#world;
    const endMs = scheduler.nowMs + settleMs;
    // What is asked for first takes its time.
    await scheduler.run(scheduler.nowMs + 400, stop);
    for (;;) {
      await scheduler.run(scheduler.nowMs + 100, stop);
      if (this.#abandoned()) this.#take();
      const missing = stop() ? undefined : this.#missing();
      this.#watchLive();
      if (missing === undefined) return;
      if (scheduler.nowMs >= endMs) return truth.fail(`after ${settleMs / 1000} s: ${missing}`);
    }
  }

  #open(): void {
    const { server } = this.#world.broker;
    const target = { kind: 'exec', cluster: 'local', namespace: 'default', pod: 'pod', container: '', command: ['sh'], tty: true } as const;
    const owner = {
      subject: 'user',
      user: 'user',
      keyHash: '',
      credential: '',
      size: { cols: 80, rows: 24 },
      detached: 'run',
      graceMs: 900_000,
    } as const;
    server.create({ id: log.session, target, ...owner, createdAtMs: 0 });
    server.claim(log.session, 'worker-0' as WorkerId);
  }

  #take(): void {
    this.#writers.push(new SimLogWriter(this.#world, `writer-${this.#writers.length + 1}`, log, this.#truth, this.#size));
  }

  /** Another writer takes the log, or one dies, or stands still for a while. */
  #hustle(): void {
    const { random, scheduler } = this.#world;
    const alive = this.#writers.filter((each) => each.process.alive && !each.process.stopped);
    const what = random.below(4);
    const one = random.pick(alive);
    if (what < 2 || !one) return this.#take();
    if (what === 2) return one.kill();
    one.process.stop();
    scheduler.after(random.between(10, 5_000), () => one.process.wake());
  }

  #disturbReader(): void {
    const { random } = this.#world;
    const reader = random.pick(this.#readers);
    if (random.chance(0.5)) reader?.resume();
    else reader?.park(random.between(10, 3_000));
  }

  #often(everyMs: number, run: () => void): void {
    const { random, scheduler } = this.#world;
    scheduler.after(random.exponential(everyMs), () => {
      if (!this.#world.faulty) return;
      run();
      this.#often(everyMs, run);
    });
  }

  #watchTail(): void {
    const tail = this.#tail();
    if (tail) this.#truth.endsAt(tail);
    this.#world.scheduler.after(500, () => this.#watchTail());
  }

  /** Nothing is slow any more. */
  #watchLive(): void {
    const tail = this.#tail();
    if (!tail) return;
    if (!this.#end || !sameId(this.#end.tail, tail)) this.#end = { tail, sinceMs: this.#world.scheduler.nowMs };
    for (const reader of this.#readers) {
      const late = reader.late(tail, this.#end.sinceMs);
      if (late) this.#world.truth.fail(late);
    }
  }

  #tail(): Entry | undefined {
    const page = this.#world.broker.server.read(log, { fence: 0, seq: 0 }, 1_000_000);
    return page.kind === 'page' ? page.entries.at(-1) : undefined;
  }

  /** Whoever lives was replaced, and whoever replaced it is gone. */
  #abandoned(): boolean {
    const fence = this.#tail()?.fence ?? 0;
    return this.#writers.every((each) => each.over || (each.writer?.fence ?? fence) < fence);
  }

  /** The last writer's bytes are at the end of the log, and every reader is there. */
  #missing(): string | undefined {
    const tail = this.#tail();
    if (!tail) return 'the log is empty';
    const writer = this.#writers.find((each) => !each.over && each.writer?.fence === tail.fence);
    if (!writer?.writer?.settled) return `nobody has settled the log at ${nameOf(tail)}`;
    if (!sameId(writer.writer.head, tail))
      return `${writer.name} has written up to ${nameOf(writer.writer.head)}, the log ends at ${nameOf(tail)}`;
    const twin = this.#writers.find((each) => each !== writer && !each.over && each.writer?.fence === tail.fence);
    if (twin) return `${twin.name} and ${writer.name} believe that the log is theirs`;
    const behind = this.#readers.find(({ position }) => !sameId(position, tail));
    return behind && `${behind.name} is at ${nameOf(behind.position)}, the log ends at ${nameOf(tail)}`;
  }
}
