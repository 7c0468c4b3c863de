import type { Duplex } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import type { SocketCore, SocketWire } from './socket-core.ts';

/** One socket of the `ws` library. */
export class WsWire implements SocketWire {
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;
  readonly #webSocket: WebSocket;
  readonly #socket: Duplex;
  #core: SocketCore | undefined;
  #heard = true;
  #pinged = false;
  /** What was buffered after the last send; 0: nobody waits for `drained`. */
  #buffered = 0;

  constructor(webSocket: WebSocket, socket: Duplex) {
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.closed = new Promise((resolve) => webSocket.once('close', () => resolve()));
  }

  start(core: SocketCore): void {
    this.#core = core;
    this.#webSocket.on('message', (message: RawData, isBinary) => {
      this.#heard = true;
      if (!isBinary) core.receivedText();
      else if (message instanceof Uint8Array) core.received(message);
    });
    this.#webSocket.on('pong', () => {
      this.#heard = true;
    });
    // Always followed by `close`, which says what matters.
    this.#webSocket.on('error', () => {});
    this.#webSocket.on('close', (code) => core.gone(code));
  }

  send(frame: Uint8Array): boolean {
    this.#webSocket.send(frame, { binary: true, compress: false }, this.#sent);
    this.#buffered = this.#webSocket.bufferedAmount;
    return true;
  }

  bufferedBytes(): number {
    return this.#webSocket.bufferedAmount;
  }

  end(code: number, reason: string): void {
    this.#webSocket.close(code, reason);
  }

  cut(): void {
    this.#webSocket.terminate();
  }

  checkAlive(): void {
    if (this.#heard) {
      this.#heard = false;
      this.#pinged = false;
    } else if (this.#pinged) {
      this.#socket.destroy();
    } else {
      this.#pinged = true;
      this.#webSocket.ping();
    }
  }

  /** Shared by all sends: a frame that was written whole leaves nothing to report. */
  readonly #sent = (): void => {
    if (this.#buffered === 0) return;
    const now = this.#webSocket.bufferedAmount;
    if (now >= this.#buffered) return;
    this.#buffered = now;
    this.#core?.drained();
  };
}
