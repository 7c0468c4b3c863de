import { sleep } from '../base/clock.ts';
import { retrying } from '../base/retrying.ts';
import type { SessionId } from '../protocol/ids.ts';
import type { PumpTools } from './pump-tools.ts';

/** Before a record that does not name this worker is asked again. */
const againMs = 200;

/**
 * Writes into the record that the upstream may have been requested (LS2). A record that a fail-over set back or lost does not name this
 * worker: then `doubt` lets the output log decide whose the session is, and who is still its writer puts the record back (LG8, LG11).
 * @returns false when the signal came first: the session is not this worker's any more
 */
export async function recordStarted(id: SessionId, doubt: () => void, tools: PumpTools, signal: AbortSignal): Promise<boolean> {
  const { broker, worker, clock } = tools;
  while (!(await retrying(() => broker.sessions.started(id, worker), tools, signal))) {
    if (signal.aborted) return false;
    doubt();
    await sleep(clock, againMs, signal);
  }
  return !signal.aborted;
}
