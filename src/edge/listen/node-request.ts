import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { HttpResponse, RequestHead } from '../listener.ts';
import { hasBody, statusText } from './http-answer.ts';
import { listenError } from './listen-error.ts';
import { RequestBody } from './request-body.ts';
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

/** The body as it comes, read by nobody yet. */
export function collectBody(request: IncomingMessage, headers: RequestHeaders): RequestBody {
  const body = new RequestBody(headers.announceBody());
  request.on('data', (chunk: Buffer) => body.push(chunk));
  request.on('end', () => body.finish());
  request.on('close', () => body.abort());
  request.on('error', () => body.abort());
  return body;
}

/** @param body of the request: a connection on which the rest of it would still come is not used again */
export function sendAnswer(response: ServerResponse, answer: HttpResponse, body: RequestBody): void {
  const length = hasBody(answer.status) ? { 'content-length': answer.body.length } : {};
  const connection = body.complete ? {} : { connection: 'close' };
  response.writeHead(answer.status, { ...answer.headers, ...length, ...connection }).end(answer.body);
}

/** @throws CodedError `port-in-use`, `address-not-available`, `permission-denied` */
export async function listenOn(server: Server, host: string, port: number): Promise<{ readonly host: string; readonly port: number }> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(listenError(host, port, cause)));
    server.listen({ host, port, exclusive: true }, resolve);
  });
  return { host, port: (server.address() as AddressInfo).port };
}

/** An upgrade request has no ServerResponse: its refusal is written by hand, and the connection ends. */
export function refuse(socket: Duplex, answer: HttpResponse): void {
  const lines = [`HTTP/1.1 ${statusText(answer.status)}`];
  for (const [name, value] of Object.entries(answer.headers)) lines.push(`${name}: ${value}`);
  lines.push(`content-length: ${answer.body.length}`, 'connection: close', '', '');
  socket.end(Buffer.concat([Buffer.from(lines.join('\r\n'), 'latin1'), answer.body]));
}
