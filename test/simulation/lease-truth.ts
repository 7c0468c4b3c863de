import type { Broker } from '../../src/broker/broker.ts';
import type { LogStore } from '../../src/broker/log-store.ts';
import { leaseMs } from '../../src/session/lease-time.ts';
import type { World } from './world.ts';

/** When one worker may write: two thirds of the lease time from the sending of its last answered renewal, counted beside it (LS1). */
export class LeaseTruth {
  readonly #world: World;
  readonly #worker: string;
  #sentMs = Number.NEGATIVE_INFINITY;

  constructor(world: World, worker: string) {
    this.#world = world;
    this.#worker = worker;
  }

  /** The worker writes: into its log, or to its upstream. */
  writes(what: string): void {
    const ageMs = this.#world.scheduler.nowMs - this.#sentMs;
    if (ageMs > (leaseMs * 2) / 3)
      this.#world.truth.fail(`${this.#worker} ${what} ${Math.round(ageMs)} ms after its lease was renewed (LS1)`);
  }

  /** The worker's broker, watched. */
  watch(broker: Broker): Broker {
    const leases = {
      ...broker.leases,
      renew: async (worker: Parameters<Broker['leases']['renew']>[0]) => {
        const atMs = this.#world.scheduler.nowMs;
        const counter = await broker.leases.renew(worker);
        this.#sentMs = Math.max(this.#sentMs, atMs);
        return counter;
      },
    };
    return {
      ...broker,
      leases,
      logs: this.#watchLogs(broker.logs),
      close: () => broker.close(),
      [Symbol.asyncDispose]: () => broker.close(),
    };
  }

  #watchLogs(logs: LogStore): LogStore {
    return new Proxy(logs, {
      get: (target, name: keyof LogStore) => {
        const method = target[name].bind(target) as (...given: unknown[]) => unknown;
        return (...given: unknown[]) => {
          if (name === 'append') this.writes('appends');
          return method(...given);
        };
      },
    });
  }
}
