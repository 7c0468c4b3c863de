import type { LogCursor } from '../../protocol/log-cursor.ts';
import type { LogTarget } from '../../protocol/target.ts';
import { sinceTimeOf } from './log-stamp.ts';

/** What of a container's log is asked for, always with times (UP6). */
export type LogPart =
  /** As the user asked, `waitedMs` ago; `begun`: it was opened before and nothing was there. */
  | { readonly kind: 'asked'; readonly waitedMs: number; readonly begun: boolean; readonly wallMs: number }
  /** The run from its beginning. */
  | { readonly kind: 'run' }
  /** From a second before the place on: lines of two streams may cross, and the kubelet is told whole seconds. */
  | { readonly kind: 'from'; readonly cursor: LogCursor };

export function logQuery(target: LogTarget, part: LogPart): LogTarget {
  const { tailLines, sinceSeconds, sinceTime, limitBytes, once, ...rest } = target;
  const base: LogTarget = { ...rest, timestamps: true };
  if (part.kind === 'run') return base;
  if (part.kind === 'from') return { ...base, sinceTime: sinceTimeOf(Math.max(0, part.cursor.seconds - 1)) };
  const waitedSeconds = Math.floor(part.waitedMs / 1000);
  if (sinceSeconds !== undefined) return { ...base, ...tail(part, tailLines), sinceSeconds: sinceSeconds + waitedSeconds };
  if (sinceTime !== undefined) return { ...base, ...tail(part, tailLines), sinceTime };
  if (part.begun && tailLines === 0) return { ...base, sinceTime: sinceTimeOf(Math.floor((part.wallMs - part.waitedMs) / 1000)) };
  return { ...base, ...tail(part, tailLines) };
}

/** Where there were no lines, those that have come since are all wanted. */
function tail({ begun }: { readonly begun: boolean }, tailLines: number | undefined): Pick<LogTarget, 'tailLines'> {
  return tailLines === undefined || begun ? {} : { tailLines };
}
