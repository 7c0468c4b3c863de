import type { EndReason } from '../../protocol/end-reason.ts';
import { encodeUtf8 } from '../../protocol/utf8.ts';
import { parseStatus } from '../../upstream/kubernetes/status-object.ts';
import type { HttpResponse } from '../listener.ts';
import { exitOnChannel, failureAnswer, internalOnChannel, rawAnswer, successOnChannel } from './status.ts';

/** How the end of a session is said to a client whose socket is open. */
export interface SpokenEnd {
  /** Channel 3; none in a log. */
  readonly status?: Uint8Array;
  readonly closeCode: 1000 | 1011;
  /** Empty for an end that the protocol itself tells. */
  readonly closeText: string;
}

/** @param form what the client's protocol says on channel 3: JSON always, or a text for failures only */
export function endOnChannels(end: EndReason, form: 'json' | 'text'): SpokenEnd {
  if (form === 'json') return { status: encodeUtf8(channelStatus(end)), closeCode: 1000, closeText: '' };
  const text = failureText(end);
  const told = text === '' ? {} : { status: encodeUtf8(text) };
  return isUpstreams(end) ? { ...told, closeCode: 1000, closeText: '' } : { ...told, ...abnormal(end) };
}

/** A log has no channel for it: what is not its end is an abnormal close. */
export function endOfLog(end: EndReason): SpokenEnd {
  return end.kind === 'completed' ? { closeCode: 1000, closeText: '' } : abnormal(end);
}

/**
 * The same before the client's request was answered. @returns undefined when its place is the open socket: the upstream took the
 * request and failed afterwards
 * @param ownCredential the relay's own went upstream: that it was refused is no matter of signing in
 */
export function endBeforeOpen(end: EndReason, ownCredential: boolean): HttpResponse | undefined {
  const { http, reason, status = '', message } = end;
  if (http === undefined) return isUpstreams(end) ? undefined : failureAnswer(end.kind === 'refused' ? 502 : 503, message);
  if (http === 204) return { status: 204, headers: {}, body: new Uint8Array() };
  if (reason === 'relay-may-not-impersonate') return failureAnswer(502, message);
  if (http === 401 && ownCredential) return failureAnswer(502, "The cluster did not accept the relay's own credential.");
  if (http < 400 || status === '') return failureAnswer(502, message);
  const raw = encodeUtf8(status);
  return parseStatus(raw) ? rawAnswer(http, raw) : failureAnswer(http, status);
}

function channelStatus(end: EndReason): string {
  const { kind, code, status = '', message } = end;
  if (kind === 'completed' || (kind === 'exited' && code === 0)) return JSON.stringify(successOnChannel);
  if (isUpstreams(end) && parseStatus(encodeUtf8(status))) return status;
  return JSON.stringify(kind === 'exited' ? exitOnChannel(code ?? 1) : internalOnChannel(status === '' ? message : status));
}

function failureText({ kind, code, status = '', message }: EndReason): string {
  if (kind === 'completed' || kind === 'no-status' || (kind === 'exited' && code === 0)) return '';
  const said = parseStatus(encodeUtf8(status))?.message || status;
  if (said !== '') return said;
  return kind === 'exited' ? `command terminated with non-zero exit code: exit status ${code}` : message;
}

/** The end is the upstream's own, not one of the way to it. */
function isUpstreams({ kind, status }: EndReason): boolean {
  return ['exited', 'completed', 'no-status', 'failed'].includes(kind) || (kind === 'refused' && status !== undefined);
}

function abnormal({ message }: EndReason): Pick<SpokenEnd, 'closeCode' | 'closeText'> {
  return { closeCode: 1011, closeText: message.slice(0, 100) };
}
