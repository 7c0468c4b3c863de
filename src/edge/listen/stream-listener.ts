import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { HttpResponse } from '../listener.ts';
import type { StreamBody, StreamDoors, StreamedResponse } from '../stream-listener.ts';
import { internalAnswer } from './http-answer.ts';
import { badUpgrade, collectBody, isWebSocketUpgrade, listenOn, readHead, readHeaders, refuse, sendAnswer } from './node-request.ts';
import { readTlsFiles, type TlsFiles } from './tls-files.ts';
import { WaitingClient } from './waiting-client.ts';
import { WsStreamSocket } from './ws-stream-socket.ts';

/** A client whose machine is gone is found by TCP, with or without a WebSocket. */
const tcp: ServerOptions = { keepAlive: true, keepAliveInitialDelay: 10_000, noDelay: true };

/** One message of a client, in bytes. It is also the largest that the API server takes; a longer one closes the socket (facts 4.2). */
const clientMessageBytes = 32 * 1024 * 1024;

/** Well under the minute after which proxies cut what is quiet. */
const pingEveryMs = 20_000;

/** How long what is left has to be taken when the listener closes. */
const closeGraceMs = 1_000;

/** The listener of the drop-in door: `ws`, because it can stop reading. */
export class StreamListener {
  readonly #doors: StreamDoors;
  readonly #tls: TlsFiles | undefined;
  readonly #sockets = new Set<WsStreamSocket>();
  readonly #waiting = new Set<WaitingClient>();
  readonly #chosen = new WeakMap<IncomingMessage, string>();
  readonly #webSockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    skipUTF8Validation: true,
    maxPayload: clientMessageBytes,
    clientTracking: false,
    handleProtocols: (_offered, request) => this.#chosen.get(request) || false,
  });
  #server: Server | undefined;
  #pings: NodeJS.Timeout | undefined;

  constructor(doors: StreamDoors, tls?: TlsFiles) {
    this.#doors = doors;
    this.#tls = tls;
  }

  /** @throws CodedError `port-in-use`, `address-not-available`, `permission-denied`, `tls-files` */
  async listen(host: string, port: number): Promise<{ readonly host: string; readonly port: number }> {
    const server = this.#tls ? createTlsServer({ ...tcp, ...(await readTlsFiles(this.#tls)) }) : createServer(tcp);
    server.on('request', (request: IncomingMessage, response: ServerResponse) => void this.#serve(request, response));
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => void this.#upgrade(request, socket, head));
    const address = await listenOn(server, host, port);
    this.#server = server;
    this.#pings = setInterval(() => {
      for (const socket of this.#sockets) socket.ping();
    }, pingEveryMs);
    return address;
  }

  async close(): Promise<void> {
    clearInterval(this.#pings);
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    const cut = setTimeout(() => {
      for (const socket of this.#sockets) socket.cut();
      for (const waiting of this.#waiting) waiting.cut();
      server.closeAllConnections();
    }, closeGraceMs);
    await closed;
    clearTimeout(cut);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const headers = readHeaders(request);
    const body = collectBody(request, headers);
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    response.on('error', () => {});
    const head = { ...readHead(request, headers), body: (limitBytes: number) => body.read(limitBytes) };
    const answer = await this.#doors.http(head, gone.signal).catch(() => internalAnswer);
    if (response.destroyed) return;
    if ('start' in answer) stream(answer, response);
    else sendAnswer(response, answer, body);
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, first: Buffer): Promise<void> {
    const gone = new AbortController();
    socket.on('error', () => socket.destroy());
    socket.once('close', () => gone.abort());
    const headers = readHeaders(request);
    if (!isWebSocketUpgrade(request, headers)) return this.#otherUpgrade(request, socket, gone.signal);
    const head = { ...readHead(request, headers), subprotocols: headers.subprotocols() };
    const waiting = new WaitingClient(socket, first);
    this.#waiting.add(waiting);
    const decision = await this.#doors.upgrade(head, gone.signal).catch(() => internalAnswer);
    this.#waiting.delete(waiting);
    const early = waiting.end();
    if (socket.destroyed) return;
    if (!('accept' in decision)) return refuse(socket, decision);
    this.#chosen.set(request, decision.subprotocol);
    this.#webSockets.handleUpgrade(request, socket, early, (accepted) => {
      const open = new WsStreamSocket(accepted, decision);
      this.#sockets.add(open);
      accepted.once('close', () => this.#sockets.delete(open));
    });
  }

  /** An upgrade to SPDY is answered like a request without one: nothing is streamed. */
  async #otherUpgrade(request: IncomingMessage, socket: Duplex, gone: AbortSignal): Promise<void> {
    if (request.headers.upgrade?.toLowerCase() === 'websocket') return refuse(socket, badUpgrade);
    const head = { ...readHead(request, readHeaders(request)), body: async () => new Uint8Array() };
    const answer: HttpResponse | StreamedResponse = await this.#doors.http(head, gone).catch(() => internalAnswer);
    if (!socket.destroyed) refuse(socket, 'start' in answer ? badUpgrade : answer);
  }
}

function stream(answer: StreamedResponse, response: ServerResponse): void {
  response.writeHead(answer.status, { ...answer.headers });
  response.flushHeaders();
  const body: StreamBody = {
    send: (message, taken) => {
      response.write(message, (failure) => {
        if (!failure) taken();
      });
    },
    bufferedBytes: () => response.writableLength,
    end: () => void response.end(),
    cut: () => void response.destroy(),
  };
  answer.start(body);
}
