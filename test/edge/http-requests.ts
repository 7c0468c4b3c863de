import type { HttpRequest, HttpResponse, UpgradeRequest } from '../../src/edge/listener.ts';

export interface Ask {
  readonly headers?: Record<string, string>;
  /** Sent as JSON. */
  readonly json?: unknown;
  readonly body?: string;
}

/** A request as a listener hands it over, from a page of this relay at localhost:8080. */
export function request(method: string, target: string, ask: Ask = {}): HttpRequest {
  const [path = '', query = ''] = target.split('?');
  const body = Buffer.from(ask.body ?? (ask.json === undefined ? '' : JSON.stringify(ask.json)));
  const headers: Record<string, string> = {
    host: 'localhost:8080',
    ...(ask.json === undefined ? {} : { 'content-type': 'application/json' }),
  };
  Object.assign(headers, ask.headers);
  return {
    method,
    path,
    query: new URLSearchParams(query),
    header: (name) => headers[name],
    remoteAddress: '127.0.0.1',
    body: async () => body,
  };
}

export function upgrade(target: string, subprotocols: string[] = ['poseidon.v1'], headers: Record<string, string> = {}): UpgradeRequest {
  return { ...request('GET', target, { headers }), subprotocols };
}

export function read(answer: HttpResponse): { status: number; body: Record<string, unknown> } {
  const text = Buffer.from(answer.body).toString();
  return { status: answer.status, body: text === '' ? {} : JSON.parse(text) };
}
