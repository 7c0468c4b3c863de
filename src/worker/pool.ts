import { sleep, type Timer } from '../base/clock.ts';
import type { ClaimAnswer, QueuedItem } from '../broker/broker.ts';
import { RingBudget } from '../log/ring-budget.ts';
import type { SessionId } from '../protocol/ids.ts';
import { type Gauge, sumGauges } from '../telemetry/gauges.ts';
import { outputRings, touchEveryMs } from './constants.ts';
import type { EndKeeper } from './end-keeper.ts';
import { HangUps } from './hang-ups.ts';
import { Inheritance } from './inheritance.ts';
import { LeaseKeeper } from './lease-keeper.ts';
import { Pump } from './pump.ts';
import type { PumpTools } from './pump-tools.ts';
import { workerGauges } from './worker-gauges.ts';
import { WorkerWatch } from './worker-watch.ts';

export interface PoolOptions extends Omit<PumpTools, 'permit' | 'rings' | 'hangUps'> {
  /** Sessions this worker takes at most; more wait in the queue for others (FC7). */
  readonly maxSessions: number;
  /** Upstream bytes held for all sessions because their drivers have no room; above it no session is taken (FC7). */
  readonly maxHeldBytes: number;
}

/** One worker: keeps its lease, takes waiting sessions while it has room, and runs a {@link Pump} for each. */
export class WorkerPool implements AsyncDisposable {
  readonly #options: PoolOptions;
  readonly #lease: LeaseKeeper;
  readonly #pumps = new Map<SessionId, Pump>();
  readonly #inheritance: Inheritance;
  readonly #watch: WorkerWatch;
  readonly #claiming = new Set<SessionId>();
  /** This worker's by its own memory and without a pump, until the sweep has settled them: the index is a hint and may be lost. */
  readonly #left = new Set<SessionId>();
  /** Ends that a fail-over may still lose. */
  readonly #kept = new Map<SessionId, EndKeeper>();
  readonly #rings = new RingBudget(outputRings);
  readonly #hangUps: HangUps;
  readonly #stop = new AbortController();
  #drained: (() => void) | undefined;
  #taking = true;
  /** The limit because of which no session is taken. */
  #reached: string | undefined;
  #touch: Timer | undefined;
  #running: Promise<unknown> | undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#lease = new LeaseKeeper(options.broker.leases, options.worker, options.clock, (slept) => {
      for (const pump of this.#pumps.values()) pump.leaseRenewed(slept);
    });
    this.#hangUps = new HangUps(options);
    this.#inheritance = new Inheritance({ ...options, hangUps: this.#hangUps }, (session) => this.#holds(session));
    const permit = () => this.#lease.valid();
    this.#watch = new WorkerWatch({ ...options, permit }, (session, dead) => this.#inheritance.take(session, dead));
  }

  get sessions(): number {
    return this.#pumps.size;
  }

  /** Upstream bytes that wait for a driver or the broker, of all sessions. */
  get heldBytes(): number {
    let sum = 0;
    for (const pump of this.#pumps.values()) sum += pump.heldBytes;
    return sum;
  }

  gauges(): readonly Gauge[] {
    const sessions = { name: 'poseidon_worker_sessions', help: 'Sessions held.', value: this.sessions };
    return [
      sessions,
      ...sumGauges(
        workerGauges,
        Array.from(this.#pumps.values(), (pump) => pump.holds),
      ),
    ];
  }

  async start(): Promise<void> {
    await this.#lease.start();
    this.#touchLater();
    this.#running = Promise.all([this.#pull(), this.#watch.run(this.#stop.signal)]);
  }

  /** Takes nothing new, gives logs to others; resolves when the last session has ended (ED3). */
  async drain(): Promise<void> {
    this.#taking = false;
    await this.#handOver();
    if (this.#pumps.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#drained = resolve;
    });
  }

  /** Ends every session with a declared reason, then lets go of what did not end within `limitMs`. */
  async close(limitMs = 2000): Promise<void> {
    this.#taking = false;
    await this.#handOver();
    for (const pump of this.#pumps.values())
      pump.end({ kind: 'worker-lost', message: 'The relay was stopped; the process may still run.' });
    await Promise.race([this.drain().then(() => this.#hangUps.settled()), sleep(this.#options.clock, limitMs)]);
    this.#hangUps.close();
    this.#stop.abort();
    for (const kept of this.#kept.values()) kept.stop();
    this.#touch?.cancel();
    for (const pump of [...this.#pumps.values()]) pump.abandon();
    await this.#running;
    await this.#lease.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Another worker goes on with a log (LS2). */
  async #handOver(): Promise<void> {
    await Promise.all(Array.from(this.#pumps.values(), (pump) => pump.movable && pump.handOver()));
    await this.#settleOrphans().catch(() => {});
  }

  async #pull(): Promise<void> {
    const { broker, worker, clock } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const room = this.#room();
      if (room <= 0) {
        await sleep(clock, 200, signal);
        continue;
      }
      try {
        const items = await broker.opens.pull(worker, Math.min(room, 16), signal);
        await Promise.all(items.map((item) => this.#take(item)));
      } catch {
        await sleep(clock, 500, signal);
      }
    }
  }

  /** Sessions that may be taken now. What is over a limit stays in the queue for others; the sessions that are here go on (FC7). */
  #room(): number {
    const { maxSessions, maxHeldBytes, log } = this.#options;
    if (!this.#taking || !this.#lease.valid()) return 0;
    const limit = this.#pumps.size >= maxSessions ? 'worker-sessions' : this.heldBytes > maxHeldBytes ? 'worker-held-megabytes' : undefined;
    if (limit && limit !== this.#reached) log('limit reached', { limit, sessions: this.#pumps.size, heldBytes: this.heldBytes });
    this.#reached = limit;
    return limit ? 0 : maxSessions - this.#pumps.size;
  }

  /** Order of a claim: index and `claim`, then acknowledge the queue, so that a worker that dies in between is found (LS2). */
  async #take(item: QueuedItem): Promise<void> {
    const { broker, worker, log } = this.#options;
    if (!this.#taking || !this.#lease.valid()) {
      // The pull was waiting when this worker lost the leave to take sessions (LS1, ED3): another one is asked.
      await broker.opens.push({ kind: item.kind, session: item.session });
    } else if (item.kind === 'check') {
      await this.#watch.reported(item.session);
    } else if (!this.#pumps.has(item.session)) {
      // Asked until it is answered: a claim whose answer was lost is this worker's, and nobody else's to run.
      this.#claiming.add(item.session);
      const answer = await this.#claim(item.session).finally(() => this.#claiming.delete(item.session));
      // An open that waited long was queued several times, and one pull brings them all.
      if (answer.kind === 'claimed' && answer.session.started) this.#left.add(item.session);
      else if (answer.kind === 'claimed' && !this.#pumps.has(item.session)) {
        const tools = { ...this.#options, rings: this.#rings, hangUps: this.#hangUps, permit: () => this.#lease.valid() };
        const pump = new Pump(answer.session, tools, (kept) => this.#ended(pump, kept));
        this.#pumps.set(item.session, pump);
        log('session taken', { sessionId: item.session, workerId: worker });
        pump.run().catch((error: unknown) => {
          log('pump failed', { sessionId: item.session, error: String(error) });
          pump.end({ kind: 'refused', reason: 'internal', message: 'The relay failed.' });
        });
      }
    }
    await broker.opens.acknowledge(item);
  }

  async #claim(session: SessionId): Promise<ClaimAnswer> {
    const { broker, worker, clock } = this.#options;
    for (;;) {
      try {
        return await broker.sessions.claim(session, worker);
      } catch (failure) {
        if (this.#stop.signal.aborted) throw failure;
        // Many wait at once while the broker is out: each looks at the signal by itself, none listens to it.
        await sleep(clock, 500);
      }
    }
  }

  /** Its own sessions without a pump, as a fail-over or a lost answer may leave them: ended, or queued again (LS2). */
  async #settleOrphans(): Promise<void> {
    const { broker, worker } = this.#options;
    for (const id of new Set([...this.#left, ...(await broker.sessions.ofWorker(worker))])) {
      if (this.#holds(id) || !this.#lease.valid()) continue;
      await this.#inheritance.take(id, worker);
      this.#left.delete(id);
    }
  }

  /** What this worker runs, is about to, or has ended: nothing of it is to be settled. */
  #holds(session: SessionId): boolean {
    return this.#pumps.has(session) || this.#claiming.has(session) || this.#kept.has(session);
  }

  /** A session that its pump did not end is left to the sweep, which settles what becomes of it. */
  #ended(pump: Pump, kept: EndKeeper | undefined): void {
    this.#pumps.delete(pump.sessionId);
    if (kept) {
      void this.#keep(kept);
      this.#options.broker.sessions.forget(pump.sessionId, this.#options.worker).catch(() => {});
    } else this.#left.add(pump.sessionId);
    if (this.#pumps.size === 0) this.#drained?.();
  }

  async #keep(kept: EndKeeper): Promise<void> {
    if (this.#stop.signal.aborted) return;
    this.#kept.set(kept.sessionId, kept);
    await kept.run();
    this.#kept.delete(kept.sessionId);
  }

  #touchLater(): void {
    this.#touch = this.#options.clock.after(touchEveryMs, () => {
      void this.#touchAll();
      this.#touchLater();
    });
  }

  async #touchAll(): Promise<void> {
    const { broker, worker } = this.#options;
    const ids = [...this.#pumps.keys()];
    for (const pump of this.#pumps.values()) pump.checkDriver();
    // A session that is no longer ours shows at its next append; keys that are gone are for LG11.
    for (let at = 0; at < ids.length; at += 256) await broker.sessions.touch(ids.slice(at, at + 256), worker).catch(() => {});
    await this.#settleOrphans().catch(() => {});
  }
}
