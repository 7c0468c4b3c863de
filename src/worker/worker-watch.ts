import { sleep } from '../base/clock.ts';
import type { SessionId, WorkerId } from '../protocol/ids.ts';
import { leaseMs } from '../session/lease-time.ts';
import { LeaseWatch } from '../session/lease-watch.ts';
import { inheritLanes, reportedSessions } from './constants.ts';
import type { PumpTools } from './pump-tools.ts';

/** How often every other worker's counter is read: several times in the lease time, so that one late answer does not decide. */
const readEveryMs = leaseMs / 6;
/** Reads further apart do not count: two were missed. */
const mostGapMs = 2.5 * readEveryMs;

type WatchTools = Pick<PumpTools, 'broker' | 'worker' | 'clock' | 'permit' | 'log'>;

interface Watched {
  readonly lease: LeaseWatch;
  /** Named by edges: the index of a worker is a hint, and a fail-over may lose it. */
  readonly reported: Set<SessionId>;
  /** Of a dead worker: its sessions have been taken, and no edge has named another since. */
  settled: boolean;
  settling: Promise<void> | undefined;
}

/**
 * Watches the lease of every other worker all the time, so that a dead one's sessions are taken one lease time after its last renewal
 * (LS1, LS2). Every worker does it; of several that take a session one wins.
 */
export class WorkerWatch {
  readonly #tools: WatchTools;
  readonly #take: (session: SessionId, dead: WorkerId) => Promise<void>;
  readonly #watched = new Map<WorkerId, Watched>();

  /** @param take ends or queues a session of a dead worker; rejects when the broker did not answer */
  constructor(tools: WatchTools, take: (session: SessionId, dead: WorkerId) => Promise<void>) {
    this.#tools = tools;
    this.#take = take;
  }

  /** Until the signal; resolves when nothing of it is under way any more. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#tools;
    while (!signal.aborted) {
      await this.#look(signal);
      await sleep(clock, readEveryMs, signal);
    }
    await Promise.all(Array.from(this.#watched.values(), ({ settling }) => settling));
  }

  /** An edge saw the owner of this session stand still (LS2). */
  async reported(session: SessionId): Promise<void> {
    const { broker, worker } = this.#tools;
    const record = await broker.sessions.read(session);
    if (record?.state !== 'owned' || record.owner === undefined || record.owner === worker) return;
    const watched = this.#of(record.owner);
    if (watched.reported.size < reportedSessions) watched.reported.add(session);
    watched.settled = false;
  }

  #of(worker: WorkerId): Watched {
    const known = this.#watched.get(worker);
    if (known) return known;
    const watched = { lease: new LeaseWatch(leaseMs, mostGapMs), reported: new Set<SessionId>(), settled: false, settling: undefined };
    this.#watched.set(worker, watched);
    return watched;
  }

  async #look(signal: AbortSignal): Promise<void> {
    // Side by side: a list that comes late must not make the reads of two looks too far apart to count.
    const reads = Array.from(this.#watched, ([worker, watched]) => this.#read(worker, watched));
    const listed = await this.#tools.broker.leases.workers().catch(() => undefined);
    const names = new Set(listed);
    for (const worker of names)
      if (worker !== this.#tools.worker && !this.#watched.has(worker)) reads.push(this.#read(worker, this.#of(worker)));
    await Promise.all(reads);
    if (signal.aborted) return;
    for (const [worker, watched] of this.#watched) {
      if (!watched.lease.dead) watched.settled = false;
      else if (!watched.settled) this.#settle(worker, watched, signal);
      else if (listed && !names.has(worker)) this.#watched.delete(worker);
    }
  }

  async #read(worker: WorkerId, { lease }: Watched): Promise<void> {
    const { broker, clock } = this.#tools;
    try {
      lease.read(await broker.leases.read(worker), clock.now());
    } catch {
      lease.missed();
    }
  }

  #settle(worker: WorkerId, watched: Watched, signal: AbortSignal): void {
    if (watched.settling || !this.#tools.permit()) return;
    watched.settling = this.#takeAll(worker, watched, signal)
      // What was not answered is asked for at the next look.
      .catch(() => {})
      .finally(() => {
        watched.settling = undefined;
      });
  }

  async #takeAll(worker: WorkerId, watched: Watched, signal: AbortSignal): Promise<void> {
    const { broker, permit, log } = this.#tools;
    const sessions = [...new Set([...watched.reported, ...(await broker.sessions.ofWorker(worker))])];
    if (sessions.length > 0) log('worker dead', { workerId: worker, sessions: sessions.length });
    let left = sessions.length;
    const lane = async () => {
      for (let session = sessions.pop(); session !== undefined; session = sessions.pop()) {
        if (signal.aborted || !watched.lease.dead || !permit()) return;
        try {
          await this.#take(session, worker);
          watched.reported.delete(session);
          left--;
        } catch {
          // Asked for again at the next look.
        }
      }
    };
    await Promise.all(Array.from({ length: inheritLanes }, lane));
    watched.settled = left === 0 && watched.reported.size === 0;
  }
}
