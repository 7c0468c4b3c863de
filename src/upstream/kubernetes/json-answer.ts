import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../base/clock.ts';
import { UpstreamRefusal } from '../upstream.ts';
import { type BodyLimit, readBody } from './http-body.ts';
import { OpenFailure } from './open-failure.ts';
import { type JsonObject, jsonObject } from './pod-summary.ts';

/** One object, for example a pod. */
export const objectBody: BodyLimit = { maxBytes: 2 * 1024 * 1024, timeoutMs: 10_000 };

/** The body of an answer as JSON. @throws OpenFailure when it is too large or breaks off, UpstreamRefusal when it is something else */
export async function jsonAnswer(response: IncomingMessage, limit: BodyLimit, clock: Clock): Promise<JsonObject> {
  const { bytes, end } = await readBody(response, limit, clock);
  if (end === 'too-large') throw new OpenFailure({ kind: 'too-large', maxBytes: limit.maxBytes });
  if (end !== 'whole') throw new OpenFailure({ kind: 'network', code: 'ECONNRESET', message: 'the answer broke off' });
  try {
    return jsonObject(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    throw new UpstreamRefusal({ kind: 'refused', reason: 'unexpected-answer', message: 'The answer of the cluster is no JSON.' }, false);
  }
}
