import { createRequire } from 'node:module';

/** The members of uWebSockets.js that are used. Values are valid during the callback that hands them out, no longer. */
export interface Uws {
  App(): UwsApp;
  SSLApp(options: { readonly cert_file_name: string; readonly key_file_name: string }): UwsApp;
  us_listen_socket_close(socket: UwsListenSocket): void;
  us_socket_local_port(socket: UwsListenSocket): number;
  _cfg(setting: 'silent'): void;
}

export interface UwsApp {
  ws<Data>(pattern: string, behavior: UwsBehavior<Data>): UwsApp;
  any(pattern: string, handler: (response: UwsResponse, request: UwsRequest) => void): UwsApp;
  listen(host: string, port: number, options: number, done: (socket: UwsListenSocket | false) => void): UwsApp;
  /** Closes everything at once, without close frames. */
  close(): void;
}

/** Without it two processes share a port and neither is told. */
export const listenExclusivePort = 1;

declare const native: unique symbol;
export type UwsListenSocket = { readonly [native]: 'listen' };
export type UwsContext = { readonly [native]: 'context' };

export interface UwsBehavior<Data> {
  readonly maxPayloadLength: number;
  readonly maxBackpressure: number;
  readonly compression: 0;
  /** Seconds. */
  readonly idleTimeout: number;
  readonly sendPingsAutomatically: boolean;
  upgrade(response: UwsResponse, request: UwsRequest, context: UwsContext): void;
  open(socket: UwsSocket<Data>): void;
  message(socket: UwsSocket<Data>, message: ArrayBuffer, isBinary: boolean): void;
  drain(socket: UwsSocket<Data>): void;
  close(socket: UwsSocket<Data>, code: number, message: ArrayBuffer): void;
}

export interface UwsSocket<Data> {
  /** @returns 1 sent, 0 buffered, 2 dropped */
  send(message: Uint8Array, isBinary: boolean, compress: boolean): number;
  getBufferedAmount(): number;
  /** Sends the close frame and calls `close` before it returns. */
  end(code: number, reason: string): void;
  getUserData(): Data;
}

export interface UwsRequest {
  getMethod(): string;
  getUrl(): string;
  getQuery(): string | undefined;
  getHeader(name: string): string;
  forEach(each: (name: string, value: string) => void): void;
}

export interface UwsResponse {
  writeStatus(status: string): UwsResponse;
  writeHeader(name: string, value: string): UwsResponse;
  end(body: Uint8Array, closeConnection: boolean): UwsResponse;
  /** @param contentLength is written as it is; without arguments the header is left out */
  endWithoutBody(contentLength?: number, closeConnection?: boolean): UwsResponse;
  onAborted(handler: () => void): UwsResponse;
  onData(handler: (chunk: ArrayBuffer, isLast: boolean) => void): UwsResponse;
  cork(write: () => void): UwsResponse;
  upgrade<Data>(data: Data, key: string, protocol: string, extensions: string, context: UwsContext): void;
  getRemoteAddressAsText(): ArrayBuffer;
}

/** Room for all headers of a request, as Node's own server has it: the library's default of 4 KiB is less than one Rancher cookie jar. */
const maxHeaderBytes = 16 * 1024;

/** @returns the binary for the running Node major; undefined where there is none (macOS, Windows, Alpine, arm64, other majors) */
export function loadUws(): Uws | undefined {
  // The library reads this once, when it is loaded; there is no other way to tell it.
  process.env['UWS_HTTP_MAX_HEADERS_SIZE'] ??= String(maxHeaderBytes);
  const major = process.versions.node.split('.')[0];
  try {
    const uws = createRequire(import.meta.url)(`@uwsjs/linux-x64-${major}`) as Uws;
    uws._cfg('silent');
    return uws;
  } catch {
    return undefined;
  }
}
