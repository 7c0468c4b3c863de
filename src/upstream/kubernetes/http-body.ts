import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../base/clock.ts';

export interface BodyLimit {
  readonly maxBytes: number;
  readonly timeoutMs: number;
}

/** What is read of a refusal: enough for any Status, and a body that never ends does not hold anybody up. */
export const refusalBody: BodyLimit = { maxBytes: 64 * 1024, timeoutMs: 5_000 };

export interface Body {
  /** At most the limit. */
  readonly bytes: Uint8Array;
  readonly end: 'whole' | 'too-large' | 'broken' | 'timeout';
}

/** Never throws: what has come until the limit, the time-out or a break is the answer. A response that did not end is destroyed. */
export function readBody(response: IncomingMessage, limit: BodyLimit, clock: Clock): Promise<Body> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    let length = 0;
    let finished = false;
    const finish = (end: Body['end']) => {
      if (finished) return;
      finished = true;
      timer.cancel();
      if (end !== 'whole') response.destroy();
      resolve({ bytes: Buffer.concat(parts).subarray(0, limit.maxBytes), end });
    };
    const timer = clock.after(limit.timeoutMs, () => finish('timeout'));
    response.on('data', (part: Buffer) => {
      parts.push(part);
      length += part.length;
      if (length > limit.maxBytes) finish('too-large');
    });
    response.on('error', () => finish('broken'));
    response.on('close', () => finish(response.complete ? 'whole' : 'broken'));
  });
}
