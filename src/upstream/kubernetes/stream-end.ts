import type { EndReason } from '../../protocol/end-reason.ts';
import { knownFailure } from './failure-text.ts';
import { oneLine, plainText, rawStatusBytes } from './plain-text.ts';
import { parseStatus, type StatusObject } from './status-object.ts';

/** What is known when an exec or attach connection has ended. */
export interface StreamEnd {
  readonly target: 'exec' | 'attach';
  /** All bytes of channel 3, in order. */
  readonly status: Uint8Array;
  readonly statusForm: 'json' | 'text';
  readonly closeCode: number;
  /** What fails now had been running; else it never started. */
  readonly started: boolean;
}

/** Close codes tell next to nothing: 1000 comes with success, failure and a lost runtime alike. Only channel 3 counts (facts 4.3). */
export function endOfStream(end: StreamEnd): EndReason {
  if (end.status.length === 0) return withoutStatus(end);
  const text = new TextDecoder().decode(end.status);
  const raw = plainText(text, rawStatusBytes);
  const status = parseStatus(end.status);
  if (!status) return failure(end, text, raw, textExitCode(text));
  if (status.success) return success(end);
  return failure(end, status.message, raw, exitCode(status));
}

function exited(code: number): EndReason {
  const signal = signalNames[code - 128];
  const by = signal === undefined ? '' : ` (${signal})`;
  return { kind: 'exited', code, message: `The process exited with code ${code}${by}.` };
}

function success(end: StreamEnd): EndReason {
  if (end.target === 'exec') return exited(0);
  return { kind: 'completed', message: 'The attached stream came to its end.' };
}

function failure(end: StreamEnd, text: string, raw: string, code: number | undefined): EndReason {
  if (code !== undefined) return { ...exited(code), status: raw };
  const known = knownFailure(text);
  const kind = end.started ? 'failed' : 'refused';
  return {
    kind,
    message: known?.message ?? `The upstream reports: ${oneLine(text) || 'a failure without a message'}`,
    reason: known?.reason ?? 'upstream-failure',
    status: raw,
  };
}

function withoutStatus(end: StreamEnd): EndReason {
  if (end.closeCode !== 1000)
    return {
      kind: 'broken',
      message: 'The connection to the upstream broke. The process may still be running.',
      reason: `close-${end.closeCode}`,
    };
  if (end.target === 'attach' && end.statusForm === 'text') return success(end);
  const why = end.statusForm === 'text' ? 'This upstream speaks an old protocol that has no exit codes.' : 'It said nothing about how.';
  return { kind: 'no-status', message: `The upstream ended the session. ${why}` };
}

function exitCode(status: StatusObject): number | undefined {
  for (const cause of status.causes) if (cause.reason === 'ExitCode' && /^\d{1,3}$/.test(cause.message)) return asCode(cause.message);
  return undefined;
}

/** Protocols without JSON: "command terminated with non-zero exit code: error executing command […], exit code 3". */
function textExitCode(text: string): number | undefined {
  const found = /^command terminated with non-zero exit code.*?(?<!\d)(\d{1,3})\s*$/s.exec(text);
  return found?.[1] === undefined ? undefined : asCode(found[1]);
}

function asCode(digits: string): number | undefined {
  const code = Number(digits);
  return code <= 255 ? code : undefined;
}

/** Shells and runtimes report a process that a signal ended as 128 + its number. */
const signalNames: { readonly [number: number]: string } = {
  1: 'SIGHUP',
  2: 'SIGINT',
  3: 'SIGQUIT',
  6: 'SIGABRT',
  9: 'SIGKILL: ended by force, for want of memory or with its pod',
  11: 'SIGSEGV',
  13: 'SIGPIPE',
  15: 'SIGTERM',
};
