import type { EndReason } from '../../protocol/end-reason.ts';
import { UpstreamRefusal } from '../upstream.ts';
import type { ContainerRun } from './container-look.ts';

export const completedLog: EndReason = { kind: 'completed', message: 'The log came to its end.' };

export function brokenLog(reason: string): EndReason {
  return { kind: 'broken', reason, message: 'The connection to the log broke.' };
}

export const podGone: EndReason = { kind: 'completed', reason: 'pod-gone', message: 'The pod was deleted: its log has ended.' };

export function containerEnded(run: ContainerRun | undefined): EndReason {
  return { kind: 'completed', reason: 'container-ended', message: `The container has ended${withCode(run)}.` };
}

/** @param begun a log that has said something breaks; before that it is refused */
export function givenUp(failure: unknown, begun: boolean): EndReason {
  if (!(failure instanceof UpstreamRefusal)) return { kind: 'failed', reason: 'internal', message: 'The relay failed to read the log.' };
  if (failure.end.reason === 'pod-not-found') return podGone;
  return begun ? { ...failure.end, kind: 'broken' } : failure.end;
}

export const remarks = {
  missed: 'Lines may be missing here: the log does not have the place any more at which it was left.',
  unreachable: 'The log cannot be reached at the moment; it is tried again.',
  kubelet: (text: string) => `The cluster says: ${text}`,
  waits: (run: ContainerRun) => `The container has ended${withCode(run)}. Its log goes on when it is started again.`,
  restarted: 'The container was started again.',
  lostRun: 'The container was started again more than once: the log of a run between is gone.',
} as const;

function withCode(run: ContainerRun | undefined): string {
  return run?.exitCode === undefined ? '' : ` with exit code ${run.exitCode}`;
}
