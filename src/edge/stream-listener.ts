import type { HttpRequest, HttpResponse, UpgradeRequest } from './listener.ts';

/**
 * What the drop-in door is behind: clients of somebody else's making, without acknowledgements of their own. So it says when the network
 * has taken what was sent, and reading can be stopped, which no WebSocket library but `ws` does.
 */
export interface StreamDoors {
  /** Answers every request that is no WebSocket upgrade. Never rejects. `gone` aborts when the client has left or was answered whole. */
  http(request: HttpRequest, gone: AbortSignal): Promise<HttpResponse | StreamedResponse>;
  /** Decides on an upgrade before the 101. Never rejects. `gone` aborts when the client's connection is closed, at any time. */
  upgrade(request: UpgradeRequest, gone: AbortSignal): Promise<HttpResponse | StreamAcceptor>;
}

/** What is sent to a client, as long as there is something. The sender keeps `bufferedBytes` bounded. */
interface StreamOutput {
  /** @param taken called when the network has it; not when the client has left before */
  send(message: Uint8Array | string, taken: () => void): void;
  /** Sent and not taken. */
  bufferedBytes(): number;
}

/** A body that ends when its source does. */
export interface StreamedResponse {
  readonly status: 200;
  readonly headers: Readonly<Record<string, string>>;
  /** Called once, after the head was sent. */
  start(body: StreamBody): void;
}

export interface StreamBody extends StreamOutput {
  end(): void;
  /** Breaks it off so that the client sees that it is not whole. */
  cut(): void;
}

export interface StreamAcceptor {
  /** Empty: none is named. */
  readonly subprotocol: string;
  /** Called once, after the 101. */
  accept(socket: StreamSocket): StreamSocketEvents;
}

/** One WebSocket; a string is a text message, bytes are a binary one. */
export interface StreamSocket extends StreamOutput {
  /** Stops reading: what the client sends waits in TCP. What one read has brought in still comes. */
  pause(): void;
  resume(): void;
  /** After all that was sent. */
  close(code: number, reason: string): void;
}

export interface StreamSocketEvents {
  /** Of either kind; the receiver owns the bytes. */
  message(bytes: Uint8Array): void;
}
