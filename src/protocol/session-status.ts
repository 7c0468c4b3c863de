import { type ClientStream, isClientStream } from './ids.ts';
import { isOffset, isShortText } from './json.ts';

/** Whether this client drives. `next` is the first offset of its stream that the edge will take (RS4). */
export type Control =
  | { readonly driving: true; readonly stream: ClientStream; readonly next: number }
  | { readonly driving: false; readonly cause: 'watching' | 'driven-by-another' | 'replaced' | 'old-connection' | 'ended' }
  /** The driver of this fence does not answer: the client may take control from it, and from nobody else (DR1). */
  | { readonly driving: false; readonly cause: 'driver-silent'; readonly fence: number };

/** What the worker tells about its leg. */
export interface WorkerStatus {
  readonly worker: string;
  /** The stream whose input is typed now, and the fence of its writer (DR1). */
  readonly driver?: { readonly stream: ClientStream; readonly fence: number };
  readonly upstream: (typeof upstreamStates)[number];
}

const upstreamStates = ['connecting', 'open', 'paused', 'ended'] as const;

/** A change of state worth showing; fields that are absent have not changed. */
export interface SessionStatus {
  readonly control?: Control;
  readonly worker?: WorkerStatus;
  readonly broker?: 'up' | 'lost';
  /** The session's worker has stopped, as far as its lease tells, or is heard again (LS2). */
  readonly owner?: 'up' | 'silent';
  /** An earlier stream of this client will not be typed again: exactly `typed` bytes of it were (RS6). */
  readonly closed?: { readonly stream: ClientStream; readonly typed: number; readonly cause: number };
  /** Where the log ends, as far as this client's edge knows: told while more than a little of it is not acknowledged (FC9). */
  readonly headOffset?: number;
}

/** @returns undefined when a field has not the form it must have (WP2); unknown fields and words are left out, so that v1 can grow (WP5) */
export function parseSessionStatus(json: { readonly [key: string]: unknown } | undefined): SessionStatus | undefined {
  if (!json) return undefined;
  const { control, worker, broker, owner, closed, headOffset } = json;
  if (control !== undefined && !isControl(control)) return undefined;
  if (worker !== undefined && (typeof worker !== 'object' || worker === null)) return undefined;
  if (closed !== undefined && !isClosed(closed)) return undefined;
  if (headOffset !== undefined && !isOffset(headOffset)) return undefined;
  const parsed = worker && parseWorkerStatus(worker);
  const knownBroker = broker === 'up' || broker === 'lost';
  const knownOwner = owner === 'up' || owner === 'silent';
  return {
    ...(control && { control }),
    ...(parsed && { worker: parsed }),
    ...(knownBroker && { broker }),
    ...(knownOwner && { owner }),
    ...(closed && { closed }),
    ...(headOffset !== undefined && { headOffset }),
  };
}

export function isControl(value: unknown): value is Control {
  if (typeof value !== 'object' || value === null) return false;
  const { driving, stream, next, cause, fence } = value as { [key: string]: unknown };
  if (driving === true) return isClientStream(stream) && isOffset(next);
  return driving === false && isShortText(cause, 64) && (cause !== 'driver-silent' || isOffset(fence));
}

/** @returns undefined for anything else, and for a state of the upstream that this version does not know (WP2, WP5) */
export function parseWorkerStatus(value: unknown): WorkerStatus | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { worker, driver, upstream } = value as { [key: string]: unknown };
  const state = upstreamStates.find((known) => known === upstream);
  if (!isShortText(worker, 64) || !state || (driver !== undefined && !isDriver(driver))) return undefined;
  return { worker, upstream: state, ...(driver && { driver }) };
}

function isDriver(value: unknown): value is { stream: ClientStream; fence: number } {
  if (typeof value !== 'object' || value === null) return false;
  const { stream, fence } = value as { [key: string]: unknown };
  return isClientStream(stream) && isOffset(fence);
}

function isClosed(value: unknown): value is { stream: ClientStream; typed: number; cause: number } {
  if (typeof value !== 'object' || value === null) return false;
  const { stream, typed, cause } = value as { [key: string]: unknown };
  return isClientStream(stream) && isOffset(typed) && isOffset(cause);
}
