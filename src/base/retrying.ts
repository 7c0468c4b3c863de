import { Backoff } from './backoff.ts';
import { type Clock, type Random, sleep } from './clock.ts';

/** Who does not answer is asked again, at most `mostMs` apart. @returns undefined when the signal came first */
export async function retrying<Answer>(
  ask: () => Promise<Answer>,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
  signal: AbortSignal,
  mostMs = 2000,
): Promise<Answer | undefined> {
  const backoff = new Backoff(random, 50, mostMs);
  while (!signal.aborted) {
    try {
      return await ask();
    } catch {
      await sleep(clock, backoff.nextMs(), signal);
    }
  }
  return undefined;
}
