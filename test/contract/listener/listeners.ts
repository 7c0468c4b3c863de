import { once } from 'node:events';
import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { WebSocket } from 'ws';
import type { TlsFiles } from '../../../src/edge/listen/tls-files.ts';
import type { BrowserSocket, Doors, HttpResponse, Listener, SocketAcceptor } from '../../../src/edge/listener.ts';
import { until } from '../../support/until.ts';

export type CreateListener = (doors: Doors, tls?: TlsFiles) => Listener;

/** What the server side of one test socket saw. */
export class SocketProbe implements SocketAcceptor {
  readonly subprotocol: string;
  socket: BrowserSocket | undefined;
  readonly messages: Uint8Array[] = [];
  readonly closes: number[] = [];
  drains = 0;

  constructor(subprotocol = 'poseidon.v1') {
    this.subprotocol = subprotocol;
  }

  accept(socket: BrowserSocket) {
    this.socket = socket;
    return {
      message: (frame: Uint8Array) => void this.messages.push(frame),
      drained: () => void this.drains++,
      closed: (code: number) => void this.closes.push(code),
    };
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export const noDoors: Doors = { http: async () => text(404, 'no'), upgrade: async () => text(404, 'no') };

/** The listeners of one test and their clients; all are gone after {@link close}. */
export class Listeners {
  readonly create: CreateListener;
  readonly #open: Listener[] = [];
  readonly #clients: WebSocket[] = [];

  constructor(create: CreateListener) {
    this.create = create;
  }

  async close(): Promise<void> {
    for (const client of this.#clients.splice(0)) client.terminate();
    await Promise.all(this.#open.splice(0).map((listener) => listener.close()));
  }

  async start(doors: Partial<Doors>, tls?: TlsFiles): Promise<{ port: number; listener: Listener }> {
    const listener = this.create({ ...noDoors, ...doors }, tls);
    this.#open.push(listener);
    const { port } = await listener.listen('127.0.0.1', 0);
    return { port, listener };
  }

  connectTo(port: number, path = '/v1/attach', protocols = ['poseidon.v1'], headers: Record<string, string> = {}): WebSocket {
    return this.owned(new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols, { headers, perMessageDeflate: true }));
  }

  async openSocket(port: number, path?: string): Promise<WebSocket> {
    const client = this.connectTo(port, path);
    await once(client, 'open');
    return client;
  }

  /** Both ends of one socket. */
  async pair(): Promise<{ probe: SocketProbe; client: WebSocket; server: BrowserSocket; listener: Listener }> {
    const probe = new SocketProbe();
    const { port, listener } = await this.start({ upgrade: async () => probe });
    const client = await this.openSocket(port);
    await until(() => probe.socket !== undefined);
    return { probe, client, server: probe.socket as BrowserSocket, listener };
  }

  owned(client: WebSocket): WebSocket {
    client.on('error', () => {});
    this.#clients.push(client);
    return client;
  }
}

export function text(status: number, body: string, headers: Record<string, string> = {}): HttpResponse {
  return { status, headers: { 'content-type': 'text/plain', ...headers }, body: Buffer.from(body) };
}

export function fetchFrom(
  port: number,
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string | undefined; agent?: Agent } = {},
  onLocalPort: (port: number | undefined) => void = () => {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers = {}, agent = new Agent() } = options;
    const request = httpRequest({ host: '127.0.0.1', port, path, method, headers, agent }, (response) => {
      onLocalPort(request.socket?.localPort);
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    request.on('error', reject);
    request.end(options.body);
  });
}

export async function rawRequest(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(bytes);
  let answer = '';
  socket.on('data', (chunk) => {
    answer += chunk;
  });
  await once(socket, 'close');
  return answer;
}

export async function refusal(client: WebSocket): Promise<{ status: number | undefined; body: string }> {
  const [, response] = await once(client, 'unexpected-response');
  let body = '';
  for await (const chunk of response) body += chunk;
  return { status: response.statusCode, body };
}
