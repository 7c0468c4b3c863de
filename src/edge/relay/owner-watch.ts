import type { Timer } from '../../base/clock.ts';
import type { SessionId, WorkerId } from '../../protocol/ids.ts';
import { leaseMs, ownLimitMs } from '../../session/lease-time.ts';
import { LeaseWatch } from '../../session/lease-watch.ts';
import { ownerSweepMs, reportsPerLease } from './constants.ts';
import type { EdgeTools } from './relay-tools.ts';

export type OwnerWatchTools = Pick<EdgeTools, 'broker' | 'clock' | 'log'>;

/** An attachment of this edge, and whom it waits for. */
export interface Owned {
  readonly sessionId: SessionId | undefined;
  readonly owner: WorkerId | undefined;
  /** Told at every sweep. */
  ownerSilent(silent: boolean): void;
}

interface Watched {
  readonly lease: LeaseWatch;
  silent: boolean;
  reportAtMs: number;
  /** How many of its sessions have been reported: the next report goes on there. */
  reported: number;
}

/** A worker whose counter stood still this long has stopped typing by its own deadline (LS1): its clients are told. */
const silentMs = ownLimitMs(leaseMs);

/**
 * Reads the lease of each distinct owner of this edge's sessions. Of one that stands still its clients are told, and the workers, who
 * watch for themselves, are told which sessions wait for it (LS2).
 */
export class OwnerWatch {
  readonly #tools: OwnerWatchTools;
  readonly #attachments: () => Iterable<Owned>;
  readonly #watched = new Map<WorkerId, Watched>();
  #timer: Timer | undefined;

  constructor(tools: OwnerWatchTools, attachments: () => Iterable<Owned>) {
    this.#tools = tools;
    this.#attachments = attachments;
  }

  start(): void {
    this.#timer = this.#tools.clock.after(ownerSweepMs, () => {
      void this.#sweep().finally(() => {
        if (this.#timer) this.start();
      });
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  async #sweep(): Promise<void> {
    const owners = new Set<WorkerId>();
    for (const { owner } of this.#attachments()) if (owner) owners.add(owner);
    for (const known of this.#watched.keys()) if (!owners.has(known)) this.#watched.delete(known);
    await Promise.all(Array.from(owners, (owner) => this.#look(owner)));
    for (const attachment of this.#attachments())
      if (attachment.owner) attachment.ownerSilent(this.#watched.get(attachment.owner)?.silent ?? false);
  }

  async #look(owner: WorkerId): Promise<void> {
    const { broker, clock, log } = this.#tools;
    const watched = this.#watched.get(owner) ?? {
      lease: new LeaseWatch(leaseMs, 3 * ownerSweepMs),
      silent: false,
      reportAtMs: 0,
      reported: 0,
    };
    this.#watched.set(owner, watched);
    try {
      watched.lease.read(await broker.leases.read(owner), clock.now());
    } catch {
      // Such time does not count against the worker.
      return watched.lease.missed();
    }
    const silent = watched.lease.stillMs >= silentMs;
    if (silent && !watched.silent) log('worker silent', { workerId: owner });
    if (!silent || !watched.silent) watched.reportAtMs = clock.now();
    watched.silent = silent;
    if (silent && clock.now() >= watched.reportAtMs) await this.#report(owner, watched);
  }

  /** Some of its sessions now, others a lease time later if it is still silent: a worker's index usually names them all. */
  async #report(owner: WorkerId, watched: Watched): Promise<void> {
    const { broker, clock } = this.#tools;
    watched.reportAtMs = clock.now() + leaseMs;
    const waiting = new Set<SessionId>();
    for (const attachment of this.#attachments()) if (attachment.owner === owner && attachment.sessionId) waiting.add(attachment.sessionId);
    const from = watched.reported % Math.max(1, waiting.size);
    const now = [...waiting, ...waiting].slice(from, from + Math.min(waiting.size, reportsPerLease));
    watched.reported = from + now.length;
    await Promise.all(now.map((session) => broker.opens.push({ kind: 'check', session }).catch(() => {})));
  }
}
