import type { HttpResponse } from '../listener.ts';

const jsonHeaders = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' };

export function json(status: number, value: object, headers: Readonly<Record<string, string>> = {}): HttpResponse {
  return { status, headers: { ...jsonHeaders, ...headers }, body: Buffer.from(JSON.stringify(value)) };
}

export function noContent(headers: Readonly<Record<string, string>> = {}): HttpResponse {
  return { status: 204, headers: { 'cache-control': 'no-store', ...headers }, body: new Uint8Array() };
}

/** The one shape of every error. `message` and `hint` are plain sentences for a person. */
export function failure(
  status: number,
  code: string,
  message: string,
  hint = '',
  headers: Readonly<Record<string, string>> = {},
): HttpResponse {
  return json(status, { code, message, ...(hint === '' ? {} : { hint }) }, headers);
}
