import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { clusterId } from '../support/relay-processes.ts';
import { until } from '../support/until.ts';
import { type CheckedOptions, CheckedSession } from './checked-session.ts';
import type { Claim } from './checker.ts';
import { FaultyRelay } from './faults.ts';
import type { Topology } from './faulty-redis.ts';
import { judge, plant, plantedErrors } from './judge.ts';
import { type Fault, randomFrom, schedule, together } from './schedule.ts';
import { Tally } from './tally.ts';

export interface ChaosOptions {
  readonly seed: number;
  readonly minutes: number;
  readonly sessions?: number;
  readonly topology?: Topology;
  /** Where what happens is told while it happens. */
  readonly log?: (line: string) => void;
}

export interface ChaosResult {
  /** Every byte or promise that was broken, in words. Empty is the promise. */
  readonly undeclared: readonly string[];
  readonly faults: number;
  readonly outputBytes: number;
  readonly inputBytes: number;
  readonly plantedErrorsFound: number;
  readonly plantedErrors: number;
  readonly table: string;
}

const outputRate = 20_000;
/** Output that shows that a session goes on. */
const goesOnBytes = 1000;
/** A schedule goes on after this, though not everybody is back: faults that are noticed late meet others. */
const patienceMs = 10_000;
/** Nobody waits longer for output, whatever was broken: the slowest way back is a dead worker's after a half-open line. */
const stuckMs = 120_000;
/** Ends that are a fault's doing come no later. */
const endsWithinMs = 90_000;

const rightlyEnded: Readonly<Record<string, RegExp>> = {
  broken: /^worker–upstream/,
  'worker-lost': /^worker (killed|frozen)/,
  refused: /^worker–upstream/,
  // Its worker died while Redis came back empty: nobody remembers it.
  'lost: 4504 no such session, or its grace time is over': /^redis back empty/,
};

/** One run: sessions with keyed streams in both directions, faults from a seed, then the judge. */
export class Chaos {
  readonly #options: ChaosOptions;
  readonly #world: FaultyRelay;
  readonly #session: CheckedOptions;
  readonly #tally = new Tally();
  readonly #undeclared: string[] = [];
  readonly #over: CheckedSession[] = [];
  readonly #random: () => number;
  #live: CheckedSession[] = [];
  #count = 0;

  private constructor(options: ChaosOptions, world: FaultyRelay, session: CheckedOptions) {
    this.#options = options;
    this.#world = world;
    this.#session = session;
    this.#random = randomFrom(options.seed ^ 0x7e57);
  }

  static async run(options: ChaosOptions): Promise<ChaosResult> {
    await using world = await FaultyRelay.start(options.topology ?? 'standalone');
    const directory = await mkdtemp(join(tmpdir(), 'poseidon-chaos-'));
    try {
      const cookie = await world.relay.signIn();
      const cluster = await clusterId(world.relay.url, cookie);
      return await new Chaos(options, world, { url: world.browserUrl, cookie, directory, cluster, outputRate }).#run();
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }

  async #run(): Promise<ChaosResult> {
    const { seed, minutes, sessions = 30 } = this.#options;
    for (let index = 0; index < sessions; index++) this.#open();
    await until(() => this.#live.every(({ parsedBytes }) => parsedBytes > 0), { withinMs: 60_000, what: () => this.#report() });
    const typing = setInterval(() => {
      for (const session of this.#live) session.type(1 + Math.floor(this.#random() * 40));
    }, 50);
    const looking = setInterval(() => this.#look(), 100);
    try {
      const endsAt = performance.now() + minutes * 60_000;
      for (const faults of together(schedule(seed))) {
        await pause(faults[0]?.pauseMs);
        if (performance.now() > endsAt) break;
        await this.#inflict(faults.filter((fault) => this.#world.possible(fault)));
      }
      await this.#world.heal();
      await this.#settle(typing);
    } finally {
      clearInterval(typing);
      clearInterval(looking);
    }
    return this.#judge();
  }

  async #inflict(faults: readonly Fault[]): Promise<void> {
    const mark = new Map(this.#live.map((session) => [session, session.parsedBytes]));
    for (const { kind, holdMs } of faults) {
      this.#tell(`${kind} ${holdMs} ms${faults.length > 1 ? ', with others' : ''}`);
      this.#tally.begins(kind);
    }
    await Promise.all(faults.map((fault) => this.#world.inflict(fault, () => this.#frozen())));
    const back = () => this.#live.every((session) => session.parsedBytes > (mark.get(session) ?? 0) + goesOnBytes);
    await until(back, { withinMs: patienceMs }).catch(() => {});
  }

  /** Everything is good again: everybody comes to rest, with nothing left that they do not know. */
  async #settle(typing: NodeJS.Timeout): Promise<void> {
    const mark = new Map(this.#live.map((session) => [session, session.parsedBytes]));
    const on = (session: CheckedSession) =>
      session.relay.state.connection.kind === 'attached' && session.parsedBytes > (mark.get(session) ?? 0) + goesOnBytes;
    await until(() => this.#live.every(on), { withinMs: stuckMs }).catch(() =>
      this.#wrong(`not back when all was good:\n${this.#report()}`),
    );
    clearInterval(typing);
    await until(() => this.#live.every((session) => session.settled), { withinMs: 30_000 }).catch(() =>
      this.#wrong(`input not settled when all was good:\n${this.#report()}`),
    );
  }

  #open(): void {
    const session = new CheckedSession(this.#count++, this.#session);
    session.onOutput = (afterMs) => this.#tally.stalled(afterMs);
    session.lastOutputAt = performance.now();
    this.#live.push(session);
  }

  /** Whoever has ended opens a new session; whoever waits too long is a broken promise. */
  #look(): void {
    for (const session of [...this.#live]) {
      if (session.ended) {
        this.#tell(`${session.name} ended: ${session.end}`);
        this.#tally.ended(session.end, performance.now() - session.lastOutputAt);
        const cause = rightlyEnded[session.end];
        if (!cause || !this.#tally.recent(cause, endsWithinMs))
          this.#wrong(`${session.name} ended without a cause: ${session.end} ${state(session)}`);
      } else if (performance.now() - session.lastOutputAt > stuckMs) {
        this.#wrong(`${session.name} is stuck: ${state(session)}`);
      } else continue;
      this.#live = this.#live.filter((other) => other !== session);
      this.#over.push(session);
      this.#open();
    }
  }

  /** Sessions that are over when a worker wakes up: their logs and what their processes read must stay as they are. */
  async #frozen(): Promise<() => Promise<void>> {
    const over = this.#over.filter((session) => session.end === 'worker-lost');
    const look = () => Promise.all(over.map((session) => this.#lastOf(session)));
    const before = await look();
    return async () => {
      const after = await look();
      for (const [index, session] of over.entries()) {
        if (before[index] !== after[index]) this.#wrong(`${session.name} changed after its end: ${before[index]} → ${after[index]}`);
      }
    };
  }

  async #lastOf(session: CheckedSession): Promise<string> {
    const id = session.relay.state.session ?? '';
    const last = (log: string) => this.#world.redis.lastId(`p:{${id}}:${log}`);
    const read = await stat(session.claims()[1]?.file ?? '').then(
      ({ size }) => size,
      () => 0,
    );
    return `${await last('out')} ${await last('in')} ${read}`;
  }

  async #judge(): Promise<ChaosResult> {
    const all = [...this.#over, ...this.#live];
    await Promise.all(all.map((session) => session.finish()));
    for (const session of all) {
      const { mismatches } = session.relay.state.faults;
      if (mismatches > 0) this.#wrong(`${session.name}: ${mismatches} frames failed their check`);
    }
    const claims = all.filter(({ parsedBytes }) => parsedBytes > 0).flatMap((session) => session.claims());
    const { verdicts } = await judge(claims);
    for (const [index, { name, bytes, wrong }] of verdicts.entries()) {
      const { atLeast = 0, atMost = Infinity, declared = [] } = claims[index] ?? {};
      if (wrong === -1 && bytes >= atLeast && bytes <= atMost) continue;
      this.#wrong(`${name}: wrong at ${wrong}, ${bytes} bytes of ${atLeast} to ${atMost}, declared ${JSON.stringify(declared)}`);
    }
    const bytes = (what: string) => verdicts.filter(({ name }) => name.endsWith(what)).reduce((sum, verdict) => sum + verdict.bytes, 0);
    const planted = await this.#plant(this.#live.flatMap((session) => session.claims()));
    const result = { undeclared: this.#undeclared, faults: this.#tally.faults, outputBytes: bytes('output'), inputBytes: bytes('input') };
    return { ...result, ...planted, table: this.#table(all, result, planted) };
  }

  /** One of each error in a recording of each direction, if possible one with declared faults. */
  async #plant(claims: readonly Claim[]): Promise<Pick<ChaosResult, 'plantedErrors' | 'plantedErrorsFound'>> {
    let [planted, found] = [0, 0];
    for (const direction of ['output', 'input']) {
      const own = claims.filter(({ name }) => name.endsWith(direction));
      const claim = own.find(({ declared }) => declared?.every((item) => 'size' in item) && declared.length > 0) ?? own[0];
      for (const error of plantedErrors) {
        planted++;
        if (claim && !(await judge([await plant(claim, error)])).passed) found++;
      }
    }
    return { plantedErrors: planted, plantedErrorsFound: found };
  }

  #table(
    all: readonly CheckedSession[],
    result: Omit<ChaosResult, 'table' | 'plantedErrors' | 'plantedErrorsFound'>,
    planted: object,
  ): string {
    const { seed, minutes, topology = 'standalone' } = this.#options;
    const sum = (of: (session: CheckedSession) => number) => all.reduce((total, session) => total + of(session), 0);
    const ends = [...this.#tally.ends].map(([reason, times]) => `${times} ${reason}`).join(', ');
    const { plantedErrors, plantedErrorsFound } = planted as ChaosResult;
    return [
      `seed ${seed}, ${minutes} minutes, ${topology}, ${all.length} sessions, ${result.faults} faults, ${sum((session) => session.relay.connects)} connects`,
      this.#tally.table(),
      `output: ${result.outputBytes} bytes; input: ${result.inputBytes} bytes`,
      `declared: ${sum((session) => session.declared)} gaps and rewinds of ${sum((session) => session.declaredBytes)} bytes of output; ` +
        `input not sent ${sum((session) => session.relay.state.notSentBytes)} bytes, fate unknown ${sum((session) => session.relay.state.fateUnknownBytes)} bytes`,
      `sessions ended, declared: ${ends || 'none'}`,
      `planted errors found: ${plantedErrorsFound} of ${plantedErrors}`,
      `undeclared errors: ${result.undeclared.length}`,
      ...result.undeclared,
    ].join('\n');
  }

  #wrong(what: string): void {
    this.#tell(`WRONG: ${what}`);
    this.#undeclared.push(what);
  }

  #tell(line: string): void {
    this.#options.log?.(`${(performance.now() / 1000).toFixed(1)} ${line}`);
  }

  #report(): string {
    return `${this.#live.map((session) => `${session.name} ${state(session)}`).join('\n')}\n${this.#world.relay.output.slice(-3000)}`;
  }
}

function state(session: CheckedSession): string {
  const { connection, driving, untypedBytes, status, session: id } = session.relay.state;
  return `${id} ${JSON.stringify(connection)} driving ${driving} parsed ${session.parsedBytes} untyped ${untypedBytes} settled ${session.settled} ${JSON.stringify(status)}`;
}
