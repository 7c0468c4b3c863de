import type { Clock, Timer } from '../base/clock.ts';
import type { LeaseStore } from '../broker/broker.ts';
import type { WorkerId } from '../protocol/ids.ts';
import { leaseMs, ownLimitMs } from '../session/lease-time.ts';
import { OwnLease } from '../session/own-lease.ts';

/** Keeps one worker's lease: renews it every third of its time and says at any moment whether it is valid (LS1). */
export class LeaseKeeper {
  readonly #leases: LeaseStore;
  readonly #worker: WorkerId;
  readonly #clock: Clock;
  readonly #regained: (slept: boolean) => void;
  readonly #lease = new OwnLease(leaseMs);
  #timer: Timer | undefined;
  #lapsed = false;
  #tried: { readonly nowMs: number; readonly wallMs: number } | undefined;
  /** This process did not even try to renew for as long as a lease is valid: it was stopped, not the broker. */
  #slept = false;
  #stopped = false;

  /** @param regained called when the lease is valid again after it was not; `slept`: because this process stood still */
  constructor(leases: LeaseStore, worker: WorkerId, clock: Clock, regained: (slept: boolean) => void) {
    this.#leases = leases;
    this.#worker = worker;
    this.#clock = clock;
    this.#regained = regained;
  }

  valid(): boolean {
    const valid = this.#lease.valid(this.#clock.now(), this.#clock.wallMs());
    if (!valid) this.#lapsed = true;
    return valid;
  }

  /** Resolves after the first try, whatever came of it; goes on until `stop`. */
  async start(): Promise<void> {
    await this.#renew();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#leases.giveUp(this.#worker).catch(() => {});
  }

  async #renew(): Promise<void> {
    const [nowMs, wallMs] = [this.#clock.now(), this.#clock.wallMs()];
    // After a sleep of the whole process nobody has asked meanwhile: the lapse is noticed here.
    this.valid();
    const sinceMs = this.#tried ? Math.max(nowMs - this.#tried.nowMs, wallMs - this.#tried.wallMs) : 0;
    if (sinceMs >= ownLimitMs(leaseMs)) this.#slept = true;
    this.#tried = { nowMs, wallMs };
    let answered = true;
    try {
      await this.#leases.renew(this.#worker);
      this.#lease.renewed(nowMs, wallMs);
    } catch {
      answered = false;
    }
    if (this.#stopped) return;
    if (this.#lapsed && this.valid()) {
      const slept = this.#slept;
      this.#lapsed = false;
      this.#slept = false;
      this.#regained(slept);
    }
    this.#timer = this.#clock.after(answered ? this.#lease.renewEveryMs : 500, () => void this.#renew());
  }
}
