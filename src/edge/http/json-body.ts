import { decodeJsonObject } from '../../protocol/json.ts';
import { maxControlJsonBytes } from '../../protocol/limits.ts';
import type { HttpRequest, HttpResponse } from '../listener.ts';
import { failure } from './answers.ts';

type JsonObject = { readonly [key: string]: unknown };

export type JsonBody = { readonly ok: true; readonly value: JsonObject } | { readonly ok: false; readonly refusal: HttpResponse };

/**
 * Reads a JSON object. The content type must say so: a form of another site cannot send it.
 * @throws CodedError `body-too-large`, `aborted`
 */
export async function jsonBody(request: HttpRequest): Promise<JsonBody> {
  const type = request.header('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') return { ok: false, refusal: failure(415, 'not-json', 'Send application/json.') };
  const value = decodeJsonObject(await request.body(maxControlJsonBytes));
  return value ? { ok: true, value } : { ok: false, refusal: failure(400, 'bad-json', 'The body is not a JSON object.') };
}
