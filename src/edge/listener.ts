import type { CloseCode } from '../protocol/close-code.ts';

/**
 * What an edge listens with. Two implementations under one contract suite: uWebSockets.js where its binary loads, `ws` everywhere.
 * Neither knows what is behind the doors.
 */
export interface Listener {
  /** @throws CodedError `port-in-use`, `address-not-available`, `permission-denied` */
  listen(host: string, port: number): Promise<{ readonly host: string; readonly port: number }>;
  /** Stops accepting; closes what is left with `draining`. */
  close(): Promise<void>;
}

export interface Doors {
  /** Answers every request that is no WebSocket upgrade. Never rejects. */
  http(request: HttpRequest): Promise<HttpResponse>;
  /** Decides on an upgrade before the 101: a response refuses it, an acceptor takes the socket. Never rejects. */
  upgrade(request: UpgradeRequest): Promise<HttpResponse | SocketAcceptor>;
}

export interface RequestHead {
  readonly method: string;
  /** Path without the query, not decoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Lower-case names; a repeated header is joined with ", " (`cookie` with "; "). */
  header(name: string): string | undefined;
  /** Of the TCP peer, without port. */
  readonly remoteAddress: string;
}

export interface HttpRequest extends RequestHead {
  /** The whole body. @throws CodedError `body-too-large` above the limit, `aborted` */
  body(limitBytes: number): Promise<Uint8Array>;
}

export interface UpgradeRequest extends RequestHead {
  readonly subprotocols: readonly string[];
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface SocketAcceptor {
  readonly subprotocol: string;
  /** Called once, after the 101. */
  accept(socket: BrowserSocket): SocketEvents;
}

/** One browser socket. Only binary messages; a text message or one above `maxClientFrameBytes` closes with `protocol`. */
export interface BrowserSocket {
  /**
   * Sends one message. Never drops: the caller keeps `bufferedBytes` bounded through credit, and a socket whose buffer passes
   * the hard bound (1 MiB) is closed with `slow` by the listener (FC1).
   */
  send(frame: Uint8Array): void;
  /** Handed over and not yet given to the kernel. */
  bufferedBytes(): number;
  close(code: CloseCode, reason: string): void;
  readonly remoteAddress: string;
}

export interface SocketEvents {
  /** The receiver owns `frame`: the listener has copied what its library would reuse. */
  message(frame: Uint8Array): void;
  /** The buffer shrank. */
  drained(): void;
  /** Once. Nothing may be sent after it. */
  closed(code: number): void;
}
