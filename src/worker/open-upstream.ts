import { Backoff } from '../base/backoff.ts';
import { sleep } from '../base/clock.ts';
import type { EndReason } from '../protocol/end-reason.ts';
import type { SessionRecord } from '../session/session-record.ts';
import { type LogLeft, type Upstream, type UpstreamEvents, UpstreamRefusal } from '../upstream/upstream.ts';
import { mostRetryAfterMs, openTries } from './constants.ts';
import type { PumpTools } from './pump-tools.ts';

type Size = SessionRecord['size'];

/** The upstream as opened, and the size it was asked for: a newer one may have come meanwhile. */
export type Opening = { readonly upstream: Upstream; readonly size: Size } | { readonly refused: EndReason };

/**
 * Opens a session's upstream; a refusal that may pass is tried again {@link openTries} times (UP3).
 * @returns undefined when it was not wanted any more
 */
export async function openUpstream(
  session: SessionRecord,
  goOn: LogLeft | undefined,
  size: () => Size,
  events: UpstreamEvents,
  tools: PumpTools,
  wanted: AbortSignal,
): Promise<Opening | undefined> {
  const { opener, unseal, random, clock, log } = tools;
  const backoff = new Backoff(random, 500, 4000);
  for (let tries = 1; !wanted.aborted; tries++) {
    const asked = size();
    try {
      const request = {
        target: session.target,
        size: asked,
        credential: unseal(session),
        sessionId: session.id,
        ...(goOn ? { goOn } : {}),
      };
      return { upstream: await opener.open(request, events, wanted), size: asked };
    } catch (failure) {
      if (wanted.aborted) return undefined;
      const refusal = failure instanceof UpstreamRefusal ? failure : undefined;
      if (!refusal) log('open failed', { sessionId: session.id, error: String(failure) });
      if (!refusal?.retryable || tries >= openTries) {
        return { refused: refusal?.end ?? { kind: 'refused', reason: 'internal', message: 'The relay could not open the upstream.' } };
      }
      await sleep(clock, Math.max(backoff.nextMs(), Math.min(refusal.retryAfterMs ?? 0, mostRetryAfterMs)), wanted);
    }
  }
  return undefined;
}
