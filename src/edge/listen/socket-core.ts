import { CloseCode } from '../../protocol/close-code.ts';
import { maxClientFrameBytes } from '../../protocol/limits.ts';
import type { BrowserSocket, SocketAcceptor, SocketEvents } from '../listener.ts';

/** A socket's send buffer, in bytes. A frame that would pass it closes the socket with `slow` (FC1). */
export const hardSendBufferBytes = 1024 * 1024;

/**
 * What a library still reads of one message, in bytes, so that a frame that is too long can be refused with a code.
 * It cuts the connection of a longer one.
 */
export const readableMessageBytes = 4 * maxClientFrameBytes;

/** A socket without a sign of life for this long is dead: the protocol's own pings are four times as frequent. */
export const idleSocketMs = 60_000;

/** What the library of a listener does for one socket. */
export interface SocketWire {
  /** @returns false when the library dropped the frame */
  send(frame: Uint8Array): boolean;
  bufferedBytes(): number;
  end(code: number, reason: string): void;
}

/**
 * The part of a browser socket that is the same for every listener: bounds, the order of events, one end.
 * Events are never raised from within `send` or `close`.
 */
export class SocketCore implements BrowserSocket {
  readonly remoteAddress: string;
  readonly #wire: SocketWire;
  readonly #onGone: (socket: SocketCore) => void;
  #events: SocketEvents | undefined;
  #open = true;

  constructor(wire: SocketWire, remoteAddress: string, onGone: (socket: SocketCore) => void) {
    this.#wire = wire;
    this.remoteAddress = remoteAddress;
    this.#onGone = onGone;
  }

  /** Once, after the 101. */
  start(acceptor: SocketAcceptor): void {
    this.#events = acceptor.accept(this);
  }

  send(frame: Uint8Array): void {
    if (!this.#open) return;
    const fits = this.#wire.bufferedBytes() + frame.length <= hardSendBufferBytes;
    if (!fits || !this.#wire.send(frame)) this.close(CloseCode.slow, 'the browser does not read');
  }

  bufferedBytes(): number {
    return this.#open ? this.#wire.bufferedBytes() : 0;
  }

  close(code: CloseCode, reason: string): void {
    if (!this.#open) return;
    this.#open = false;
    this.#wire.end(code, reason);
    queueMicrotask(() => this.#ended(code));
  }

  /** @param frame belongs to the receiver from here on */
  received(frame: Uint8Array): void {
    if (!this.#open) return;
    if (frame.length > maxClientFrameBytes) this.close(CloseCode.protocol, `a frame is longer than ${maxClientFrameBytes} bytes`);
    else this.#events?.message(frame);
  }

  receivedText(): void {
    this.close(CloseCode.protocol, 'only binary messages');
  }

  drained(): void {
    if (this.#open) this.#events?.drained();
  }

  /** The library says that the connection is gone. */
  gone(code: number): void {
    if (!this.#open) return;
    this.#open = false;
    this.#ended(code);
  }

  #ended(code: number): void {
    this.#onGone(this);
    this.#events?.closed(code);
  }
}
