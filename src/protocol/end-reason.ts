import { type ClientStream, isClientStream } from './ids.ts';
import { isOffset, isShortText } from './json.ts';

/**
 * Why a session ended. The payload of the `exit` output entry is this as JSON. `message` is one plain sentence for a person;
 * `status` is the upstream's raw `metav1.Status` or the body of its refusal, cut to 4 KiB, to be shown as text only.
 */
export interface EndReason {
  readonly kind: EndKind;
  readonly message: string;
  /** Exit code of the process, 0 to 255, for `exited`. */
  readonly code?: number;
  /** A machine-readable word for refusals, for example `unauthorized`, `forbidden`, `pod-not-found`. */
  readonly reason?: string;
  readonly status?: string;
  /** The HTTP status of the upstream's refusal. */
  readonly http?: number;
  /** Told by the worker that held the session; nobody else knows it. */
  readonly typed?: TypedAtEnd;
}

/** How far each client stream was typed, once nothing more will be (RS6). */
export interface TypedAtEnd {
  /** Bytes by stream; at most {@link mostStreams}. */
  readonly streams: { readonly [stream: string]: number };
  /** Of any other stream nothing was typed; false: it may be one that the worker has forgotten. */
  readonly all: boolean;
}

const mostStreams = 64;

/** @returns undefined: nobody is left who knows it */
export function typedAtEnd({ typed }: EndReason, stream: ClientStream): number | undefined {
  if (!typed) return undefined;
  return Object.hasOwn(typed.streams, stream) ? typed.streams[stream] : typed.all ? 0 : undefined;
}

export const endKinds = [
  /** The process ended and said how (`code`). */
  'exited',
  /** A log or an attached stream came to its end. */
  'completed',
  /** The upstream closed normally without saying how the process ended. */
  'no-status',
  /** The upstream reported a failure that is no exit code. */
  'failed',
  /** The upstream refused to start (HTTP status, or channel 3 straight after the open). */
  'refused',
  /** The connection to the upstream broke: what became of the process is unknown. */
  'broken',
  /** The worker that held the upstream was lost (LS2). */
  'worker-lost',
  /** A person or the API ended the session. */
  'ended',
  /** Nobody drove for the grace time (FC3). */
  'abandoned',
  /** No worker took the session in time. */
  'no-worker',
  /** A limit of this relay was reached (FC7); `reason` names it. */
  'limit',
] as const;

type EndKind = (typeof endKinds)[number];

export function parseEndReason(value: { readonly [key: string]: unknown } | undefined): EndReason | undefined {
  if (!value || !endKinds.includes(value['kind'] as EndKind) || !isShortText(value['message'], 4096)) return undefined;
  const { code, reason, status, http, typed } = value;
  return {
    kind: value['kind'] as EndKind,
    message: value['message'],
    ...(typeof code === 'number' && Number.isInteger(code) ? { code } : {}),
    ...(isShortText(reason, 64) ? { reason } : {}),
    ...(isShortText(status, 4096) ? { status } : {}),
    ...(typeof http === 'number' && Number.isInteger(http) ? { http } : {}),
    ...(isTypedAtEnd(typed) ? { typed: { streams: typed.streams, all: typed.all } } : {}),
  };
}

function isTypedAtEnd(value: unknown): value is TypedAtEnd {
  if (typeof value !== 'object' || value === null) return false;
  const { streams, all } = value as { [key: string]: unknown };
  if (typeof all !== 'boolean' || typeof streams !== 'object' || streams === null) return false;
  const entries = Object.entries(streams);
  return entries.length <= mostStreams && entries.every(([stream, typed]) => isClientStream(stream) && isOffset(typed));
}
