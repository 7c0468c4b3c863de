import { type Clock, sleep } from '../base/clock.ts';
import type { Broker } from '../broker/broker.ts';
import type { WorkerId } from '../protocol/ids.ts';
import { leaseMs } from '../session/lease-time.ts';
import { LeaseWatch } from '../session/lease-watch.ts';

/** How often a suspect's counter is read: several times in the lease time, so that one late answer does not decide. */
const readEveryMs = leaseMs / 5;

/** Watches another worker's lease for the lease time (LS1, LS2). Resolves true when it is to be called dead, false when it moved. */
export async function isDead(worker: WorkerId, broker: Broker, clock: Clock, signal: AbortSignal): Promise<boolean> {
  const watch = new LeaseWatch(leaseMs, readEveryMs * 2);
  let first: number | undefined;
  let reads = 0;
  while (!signal.aborted) {
    try {
      const counter = await broker.leases.read(worker);
      if (watch.read(counter, clock.now())) return true;
      if (reads++ === 0) first = counter;
      else if (counter !== first) return false;
    } catch {
      // An unanswered read does not count; the gap restarts the watch.
    }
    await sleep(clock, readEveryMs, signal);
  }
  return false;
}
