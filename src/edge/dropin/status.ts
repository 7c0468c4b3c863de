import type { HttpResponse } from '../listener.ts';

/** A `metav1.Status`, as the API server writes it. */
interface Status {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: Readonly<Record<string, never>>;
  readonly status: 'Success' | 'Failure';
  readonly message?: string;
  readonly reason?: string;
  readonly details?: { readonly causes: readonly { readonly reason?: string; readonly message: string }[] };
  readonly code?: number;
}

/** The word that goes with an HTTP status. */
const reasons: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  410: 'Gone',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

function failureStatus(code: number, message: string): Status {
  const reason = reasons[code];
  const why = reason === undefined ? {} : { reason };
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, ...why, code };
}

/** What comes on the channel of the status; there neither kind nor version is named. */
export const successOnChannel = { metadata: {}, status: 'Success' } as const;

export function exitOnChannel(code: number) {
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with exit code ${code}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
  } as const;
}

export function internalOnChannel(message: string) {
  const text = `Internal error occurred: ${message}`;
  return {
    metadata: {},
    status: 'Failure',
    message: text,
    reason: 'InternalError',
    details: { causes: [{ message }] },
    code: 500,
  } as const;
}

function statusAnswer(status: Status, headers: Readonly<Record<string, string>> = {}): HttpResponse {
  return rawAnswer(status.code ?? 500, Buffer.from(JSON.stringify(status)), headers);
}

export function failureAnswer(code: number, message: string, headers: Readonly<Record<string, string>> = {}): HttpResponse {
  return statusAnswer(failureStatus(code, message), headers);
}

/** A status as the upstream wrote it. */
export function rawAnswer(status: number, body: Uint8Array, headers: Readonly<Record<string, string>> = {}): HttpResponse {
  return { status, headers: { 'content-type': 'application/json', 'cache-control': 'no-cache, private', ...headers }, body };
}

/** How the API server says that it knows none of the subprotocols: a 403 with nothing in it (facts 4.1). */
export const unknownProtocol: HttpResponse = { status: 403, headers: {}, body: new Uint8Array() };
