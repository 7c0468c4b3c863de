import { STATUS_CODES } from 'node:http';
import type { HttpResponse } from '../listener.ts';

/** A status line's tail, for example `404 Not Found`. */
export function statusText(status: number): string {
  return `${status} ${STATUS_CODES[status] ?? 'Unknown'}`;
}

/** Whether an answer with this status has a body at all (RFC 9110, 6.4.1). */
export function hasBody(status: number): boolean {
  return status !== 204 && status !== 304;
}

/** For a door that rejected, which is a bug. */
export const internalAnswer: HttpResponse = {
  status: 500,
  headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' },
  body: Buffer.from('{"code":"internal","message":"The relay failed to answer this request."}'),
};
