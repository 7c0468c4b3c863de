import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { CloseCode } from '../../protocol/close-code.ts';
import type { Doors, Listener, RequestHead, SocketAcceptor } from '../listener.ts';
import { internalAnswer } from './http-answer.ts';
import { badUpgrade, collectBody, isWebSocketUpgrade, listenOn, readHead, readHeaders, refuse, sendAnswer } from './node-request.ts';
import { Pending } from './pending.ts';
import { idleSocketMs, readableMessageBytes, SocketCore } from './socket-core.ts';
import { readTlsFiles, type TlsFiles } from './tls-files.ts';
import { WsWire } from './ws-wire.ts';

/** How long sockets have to answer their close frame, and requests to be answered, when the listener closes. */
const closeGraceMs = 1000;

/** The listener for every platform that Node runs on. */
export class WsListener implements Listener {
  readonly library = 'ws';
  readonly #doors: Doors;
  readonly #tls: TlsFiles | undefined;
  readonly #sockets = new Map<SocketCore, WsWire>();
  readonly #pending = new Pending();
  readonly #chosen = new WeakMap<IncomingMessage, string>();
  readonly #webSockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: readableMessageBytes,
    clientTracking: false,
    handleProtocols: (_offered, request) => this.#chosen.get(request) || false,
  });
  #server: Server | undefined;
  #sweep: NodeJS.Timeout | undefined;

  constructor(doors: Doors, tls?: TlsFiles) {
    this.#doors = doors;
    this.#tls = tls;
  }

  async listen(host: string, port: number): Promise<{ readonly host: string; readonly port: number }> {
    const server = this.#tls ? createTlsServer(await readTlsFiles(this.#tls)) : createServer();
    server.on('request', (request: IncomingMessage, response: ServerResponse) => this.#serve(request, response));
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => this.#upgrade(request, socket, head));
    const address = await listenOn(server, host, port);
    this.#server = server;
    this.#sweep = setInterval(() => this.#sweepIdle(), idleSocketMs / 2);
    return address;
  }

  async close(): Promise<void> {
    clearInterval(this.#sweep);
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    const wires = [...this.#sockets.values()];
    for (const socket of [...this.#sockets.keys()]) socket.close(CloseCode.draining, 'this edge is going away');
    for (const wire of wires) this.#pending.add(wire.closed);
    server.closeIdleConnections();
    await this.#pending.settled(closeGraceMs);
    for (const wire of wires) wire.cut();
    server.closeAllConnections();
    await closed;
  }

  /** A socket that was silent for a whole interval is pinged, after a second one it is cut. */
  #sweepIdle(): void {
    for (const wire of this.#sockets.values()) wire.checkAlive();
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const headers = readHeaders(request);
    const head = readHead(request, headers);
    const body = collectBody(request, headers);
    const answered = this.#doors.http({ ...head, body: (limitBytes) => body.read(limitBytes) }).catch(() => internalAnswer);
    this.#pending.add(
      answered.then((answer) => {
        if (!response.destroyed) sendAnswer(response, answer, body);
      }),
    );
  }

  #upgrade(request: IncomingMessage, socket: Duplex, first: Buffer): void {
    socket.on('error', () => socket.destroy());
    const headers = readHeaders(request);
    if (!isWebSocketUpgrade(request, headers)) return refuse(socket, badUpgrade);
    const head = { ...readHead(request, headers), subprotocols: headers.subprotocols() };
    this.#pending.add(
      this.#doors
        .upgrade(head)
        .catch(() => internalAnswer)
        .then((decision) => {
          if (socket.destroyed) return;
          if (!('accept' in decision)) return refuse(socket, decision);
          this.#chosen.set(request, decision.subprotocol);
          this.#webSockets.handleUpgrade(request, socket, first, (accepted) => this.#accept(accepted, socket, decision, head));
        }),
    );
  }

  #accept(accepted: WebSocket, socket: Duplex, acceptor: SocketAcceptor, head: RequestHead): void {
    const wire = new WsWire(accepted, socket);
    const core = new SocketCore(wire, head.remoteAddress, (gone) => this.#sockets.delete(gone));
    this.#sockets.set(core, wire);
    wire.start(core);
    core.start(acceptor);
  }
}
