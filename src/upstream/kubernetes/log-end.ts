import type { EndReason } from '../../protocol/end-reason.ts';

export const completedLog: EndReason = { kind: 'completed', message: 'The log came to its end.' };

export function brokenLog(reason: string): EndReason {
  return { kind: 'broken', reason, message: 'The connection to the log broke.' };
}
