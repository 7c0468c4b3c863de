import type { Timer } from '../../base/clock.ts';
import type { SessionId, WorkerId } from '../../protocol/ids.ts';
import { leaseMs } from '../../session/lease-time.ts';
import { LeaseWatch } from '../../session/lease-watch.ts';
import { ownerSweepMs } from './constants.ts';
import type { RelayTools } from './relay-tools.ts';

type OwnerWatchTools = Pick<RelayTools, 'broker' | 'clock' | 'log'>;

/** Whom the attachments of this edge wait for. */
export interface Owned {
  readonly sessionId: SessionId | undefined;
  readonly owner: WorkerId | undefined;
}

/**
 * Reads the lease of each distinct owner of this edge's sessions; one that stands still for the lease time is told to the workers,
 * who look for themselves (LS2).
 */
export class OwnerWatch {
  readonly #tools: OwnerWatchTools;
  readonly #attachments: () => Iterable<Owned>;
  readonly #watches = new Map<WorkerId, LeaseWatch>();
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
    const owners = new Map<WorkerId, SessionId>();
    for (const { owner, sessionId } of this.#attachments()) if (owner && sessionId) owners.set(owner, sessionId);
    for (const known of [...this.#watches.keys()]) if (!owners.has(known)) this.#watches.delete(known);
    for (const [owner, session] of owners) {
      try {
        const counter = await this.#tools.broker.leases.read(owner);
        const watch = this.#watches.get(owner) ?? new LeaseWatch(leaseMs, 3 * ownerSweepMs);
        this.#watches.set(owner, watch);
        if (!watch.read(counter, this.#tools.clock.now())) continue;
        this.#tools.log('worker silent', { workerId: owner });
        await this.#tools.broker.opens.push({ kind: 'check', session });
        this.#watches.delete(owner);
      } catch {
        // The broker did not answer; such time does not count against the worker.
      }
    }
  }
}
