import type { RawData, WebSocket } from 'ws';
import type { StreamAcceptor, StreamSocket } from '../stream-listener.ts';

/** One socket of the drop-in door. */
export class WsStreamSocket implements StreamSocket {
  readonly #webSocket: WebSocket;
  #untaken = 0;
  #end: { readonly code: number; readonly reason: string } | undefined;

  constructor(webSocket: WebSocket, acceptor: StreamAcceptor) {
    this.#webSocket = webSocket;
    // Always followed by `close`.
    webSocket.on('error', ignore);
    const events = acceptor.accept(this);
    webSocket.on('message', (message: RawData) => {
      if (message instanceof Uint8Array) events.message(message);
    });
  }

  send(message: Uint8Array | string, taken: () => void): void {
    if (this.#end) return;
    this.#untaken += 1;
    this.#webSocket.send(message, { binary: typeof message !== 'string', compress: false }, (failure) => {
      this.#untaken -= 1;
      if (failure) return;
      taken();
      this.#closeWhenTaken();
    });
  }

  bufferedBytes(): number {
    return this.#webSocket.bufferedAmount;
  }

  pause(): void {
    this.#webSocket.pause();
  }

  resume(): void {
    this.#webSocket.resume();
  }

  /** A library that has begun to close waits for so long only; a client that does not read may take its time (FC2). */
  close(code: number, reason: string): void {
    this.#end ??= { code, reason };
    this.#closeWhenTaken();
  }

  cut(): void {
    this.#webSocket.terminate();
  }

  /** Keeps proxies from taking a quiet session for a dead one, and finds a connection that is. No answer is waited for: who does not read
   * cannot give one. */
  ping(): void {
    if (this.#webSocket.bufferedAmount === 0 && !this.#end) this.#webSocket.ping(ignore);
  }

  #closeWhenTaken(): void {
    if (!this.#end || this.#untaken > 0) return;
    // The answer to the close frame is to be read.
    this.#webSocket.resume();
    this.#webSocket.close(this.#end.code, this.#end.reason);
  }
}

function ignore(): void {}
