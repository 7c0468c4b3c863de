import { type Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Clock } from '../../base/clock.ts';
import type { ClusterAccess, TlsOptions } from './cluster.ts';
import { readBody, refusalBody } from './http-body.ts';
import { networkFailure, OpenFailure, parseRetryAfter } from './open-failure.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly headers: ClusterAccess['headers'];
  readonly tls: TlsOptions;
  readonly body?: string;
  /** Until the head of the answer is there. */
  readonly timeoutMs: number;
  /** None: a connection of its own. */
  readonly agent?: Agent;
}

/**
 * One request, HTTP/1.1, no redirects, no decompression (none is offered).
 * @returns the answer when its status is `wanted`; its body is the caller's to read
 * @throws OpenFailure for everything else
 */
export async function sendRequest(request: HttpRequest, wanted: number, clock: Clock, signal: AbortSignal): Promise<IncomingMessage> {
  const response = await headOf(request, clock, signal);
  if (response.statusCode === wanted) return response;
  const { bytes } = await readBody(response, refusalBody, clock);
  throw new OpenFailure({
    kind: 'http',
    status: response.statusCode ?? 0,
    body: bytes,
    retryAfterSeconds: parseRetryAfter(response.headers['retry-after'], clock.wallMs()),
  });
}

function headOf(request: HttpRequest, clock: Clock, signal: AbortSignal): Promise<IncomingMessage> {
  if (signal.aborted) return Promise.reject(new OpenFailure({ kind: 'aborted' }));
  return new Promise((resolve, reject) => {
    const sent = start(request);
    const settle = () => {
      timer.cancel();
      signal.removeEventListener('abort', aborted);
    };
    const fail = (failure: OpenFailure) => {
      settle();
      sent.destroy();
      reject(failure);
    };
    const aborted = () => fail(new OpenFailure({ kind: 'aborted' }));
    const timer = clock.after(request.timeoutMs, () => fail(new OpenFailure({ kind: 'timeout', afterMs: request.timeoutMs })));
    signal.addEventListener('abort', aborted, { once: true });
    sent.on('error', (error) => fail(networkFailure(error)));
    sent.once('response', (response) => {
      settle();
      response.on('error', ignore);
      resolve(response);
    });
    // As bytes: Node would write the headers in the encoding of a text, and theirs are bytes already (UP10).
    sent.end(request.body === undefined ? undefined : Buffer.from(request.body));
  });
}

function start({ method, url, headers, tls, body, agent }: HttpRequest): ClientRequest {
  const length = body === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(body)) };
  const options = { method, headers: { ...headers, ...length }, agent: agent ?? false };
  return url.protocol === 'https:' ? httpsRequest(url, { ...options, ...tls }) : httpRequest(url, options);
}

function ignore(): void {}
