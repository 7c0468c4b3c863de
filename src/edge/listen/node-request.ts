import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { HttpResponse, RequestHead } from '../listener.ts';
import { statusText } from './http-answer.ts';
import { plainAddress, RequestHeaders } from './request-headers.ts';

export const badUpgrade: HttpResponse = {
  status: 400,
  headers: { 'content-type': 'application/json; charset=utf-8' },
  body: Buffer.from('{"code":"bad-upgrade","message":"Not a WebSocket handshake."}'),
};

export function isWebSocketUpgrade(request: IncomingMessage, headers: RequestHeaders): boolean {
  const key = headers.get('sec-websocket-key') ?? '';
  return request.method === 'GET' && headers.get('upgrade')?.toLowerCase() === 'websocket' && key.length === 24;
}

export function readHeaders(request: IncomingMessage): RequestHeaders {
  const headers = new RequestHeaders();
  const raw = request.rawHeaders;
  for (let i = 0; i + 1 < raw.length; i += 2) headers.add(raw[i] ?? '', raw[i + 1] ?? '');
  return headers;
}

export function readHead(request: IncomingMessage, headers: RequestHeaders): RequestHead {
  const url = request.url ?? '/';
  const mark = url.indexOf('?');
  return {
    method: request.method ?? 'GET',
    path: mark < 0 ? url : url.slice(0, mark),
    query: new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)),
    header: (name) => headers.get(name),
    remoteAddress: plainAddress(request.socket.remoteAddress ?? ''),
  };
}

/** An upgrade request has no ServerResponse: its refusal is written by hand, and the connection ends. */
export function refuse(socket: Duplex, answer: HttpResponse): void {
  const lines = [`HTTP/1.1 ${statusText(answer.status)}`];
  for (const [name, value] of Object.entries(answer.headers)) lines.push(`${name}: ${value}`);
  lines.push(`content-length: ${answer.body.length}`, 'connection: close', '', '');
  socket.end(Buffer.concat([Buffer.from(lines.join('\r\n'), 'latin1'), answer.body]));
}
