import { Backoff } from '../base/backoff.ts';
import { type Clock, type Random, sleep } from '../base/clock.ts';

/** A broker that does not answer is asked again. @returns undefined when the signal came first */
export async function retrying<Answer>(
  ask: () => Promise<Answer>,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
  signal: AbortSignal,
): Promise<Answer | undefined> {
  const backoff = new Backoff(random, 50, 2000);
  while (!signal.aborted) {
    try {
      return await ask();
    } catch {
      await sleep(clock, backoff.nextMs(), signal);
    }
  }
  return undefined;
}
