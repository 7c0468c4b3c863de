import { CloseCode } from '../../protocol/close-code.ts';
import type { Doors, HttpResponse, Listener, RequestHead, SocketAcceptor } from '../listener.ts';
import { hasBody, internalAnswer, statusText } from './http-answer.ts';
import { explainListenFailure } from './listen-error.ts';
import { Pending } from './pending.ts';
import { RequestBody } from './request-body.ts';
import { plainAddress, RequestHeaders } from './request-headers.ts';
import { hardSendBufferBytes, idleSocketMs, readableMessageBytes, SocketCore, type SocketWire } from './socket-core.ts';
import { readTlsFiles, type TlsFiles } from './tls-files.ts';
import {
  listenExclusivePort,
  type Uws,
  type UwsApp,
  type UwsBehavior,
  type UwsContext,
  type UwsListenSocket,
  type UwsRequest,
  type UwsResponse,
  type UwsSocket,
} from './uws.ts';

/** How long requests have to be answered when the listener closes. */
const closeGraceMs = 1000;

/** How long sockets have then to take their close frame. */
const flushMs = 300;

interface SocketData {
  readonly acceptor: SocketAcceptor;
  readonly remoteAddress: string;
  core: SocketCore | undefined;
}

export class UwsListener implements Listener {
  readonly library = 'uws';
  readonly #uws: Uws;
  readonly #doors: Doors;
  readonly #tls: TlsFiles | undefined;
  readonly #sockets = new Set<SocketCore>();
  readonly #pending = new Pending();
  #app: UwsApp | undefined;
  #listening: UwsListenSocket | undefined;

  constructor(uws: Uws, doors: Doors, tls?: TlsFiles) {
    this.#uws = uws;
    this.#doors = doors;
    this.#tls = tls;
  }

  async listen(host: string, port: number): Promise<{ readonly host: string; readonly port: number }> {
    const app = await this.#createApp();
    const listening = await new Promise<UwsListenSocket | false>((resolve) => app.listen(host, port, listenExclusivePort, resolve));
    if (!listening) throw await explainListenFailure(host, port);
    this.#app = app;
    this.#listening = listening;
    return { host, port: this.#uws.us_socket_local_port(listening) };
  }

  async close(): Promise<void> {
    if (this.#listening) this.#uws.us_listen_socket_close(this.#listening);
    this.#listening = undefined;
    const hadSockets = this.#sockets.size > 0;
    for (const socket of [...this.#sockets]) socket.close(CloseCode.draining, 'this edge is going away');
    await this.#pending.settled(closeGraceMs);
    // The library does not tell when a close frame is out, and its own close() cuts what is still under way.
    if (hadSockets) await new Promise((resolve) => setTimeout(resolve, flushMs));
    this.#app?.close();
    this.#app = undefined;
  }

  async #createApp(): Promise<UwsApp> {
    if (this.#tls) await readTlsFiles(this.#tls);
    const app = this.#tls ? this.#uws.SSLApp({ cert_file_name: this.#tls.certFile, key_file_name: this.#tls.keyFile }) : this.#uws.App();
    return app.ws('/*', this.#behavior()).any('/*', (response, request) => this.#serve(response, request));
  }

  #behavior(): UwsBehavior<SocketData> {
    return {
      maxPayloadLength: readableMessageBytes,
      maxBackpressure: 2 * hardSendBufferBytes,
      compression: 0,
      idleTimeout: idleSocketMs / 1000,
      sendPingsAutomatically: true,
      upgrade: (response, request, context) => this.#upgrade(response, request, context),
      open: (socket) => {
        const data = socket.getUserData();
        const core = new SocketCore(new UwsWire(socket), data.remoteAddress, (gone) => this.#sockets.delete(gone));
        data.core = core;
        this.#sockets.add(core);
        core.start(data.acceptor);
      },
      message: (socket, message, isBinary) => {
        const core = socket.getUserData().core;
        // The library reuses the memory after this callback.
        if (isBinary) core?.received(new Uint8Array(message.slice(0)));
        else core?.receivedText();
      },
      drain: (socket) => socket.getUserData().core?.drained(),
      close: (socket, code) => socket.getUserData().core?.gone(code),
    };
  }

  #serve(response: UwsResponse, request: UwsRequest): void {
    const headers = new RequestHeaders();
    const head = readHead(response, request, headers);
    const body = new RequestBody(headers.announceBody());
    let aborted = false;
    response.onAborted(() => {
      aborted = true;
      body.abort();
    });
    response.onData((chunk, isLast) => {
      body.push(new Uint8Array(chunk.slice(0)));
      if (isLast) body.finish();
    });
    const answered = this.#doors.http({ ...head, body: (limitBytes) => body.read(limitBytes) }).catch(() => internalAnswer);
    this.#pending.add(
      answered.then((answer) => {
        if (!aborted) writeAnswer(response, answer, head.method === 'HEAD', !body.complete);
      }),
    );
  }

  #upgrade(response: UwsResponse, request: UwsRequest, context: UwsContext): void {
    const headers = new RequestHeaders();
    const head = readHead(response, request, headers);
    let aborted = false;
    response.onAborted(() => {
      aborted = true;
    });
    const decided = this.#doors.upgrade({ ...head, subprotocols: headers.subprotocols() }).catch(() => internalAnswer);
    this.#pending.add(
      decided.then((decision) => {
        if (aborted) return;
        if (!('accept' in decision)) return writeAnswer(response, decision, false, true);
        const data: SocketData = { acceptor: decision, remoteAddress: head.remoteAddress, core: undefined };
        const key = headers.get('sec-websocket-key') ?? '';
        response.cork(() => response.upgrade(data, key, decision.subprotocol, '', context));
      }),
    );
  }
}

class UwsWire implements SocketWire {
  readonly #socket: UwsSocket<SocketData>;

  constructor(socket: UwsSocket<SocketData>) {
    this.#socket = socket;
  }

  send(frame: Uint8Array): boolean {
    return this.#socket.send(frame, true, false) !== 2;
  }

  bufferedBytes(): number {
    return this.#socket.getBufferedAmount();
  }

  end(code: number, reason: string): void {
    this.#socket.end(code, reason);
  }
}

function readHead(response: UwsResponse, request: UwsRequest, headers: RequestHeaders): RequestHead {
  request.forEach((name, value) => {
    headers.add(name, value);
  });
  return {
    method: request.getMethod().toUpperCase(),
    path: request.getUrl(),
    query: new URLSearchParams(request.getQuery() ?? ''),
    header: (name) => headers.get(name),
    remoteAddress: plainAddress(Buffer.from(response.getRemoteAddressAsText()).toString('latin1')),
  };
}

function writeAnswer(response: UwsResponse, answer: HttpResponse, isHead: boolean, closeConnection: boolean): void {
  response.cork(() => {
    response.writeStatus(statusText(answer.status));
    for (const [name, value] of Object.entries(answer.headers)) response.writeHeader(name, value);
    if (!hasBody(answer.status)) response.endWithoutBody();
    else if (isHead) response.endWithoutBody(answer.body.length, closeConnection);
    else response.end(answer.body, closeConnection);
  });
}
