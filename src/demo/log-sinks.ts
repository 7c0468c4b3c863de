import type { ServerResponse } from 'node:http';
import type { WebSocket } from 'ws';
import type { ContainerLog } from './container-log.ts';
import { type LogQuery, LogReader } from './log-reader.ts';

/** Largest piece of a log in one message; it is cut anywhere, as the API server does (facts 2.3). */
const maxPieceBytes = 2048;
/** Bytes handed to a socket and not yet taken; at this mark the reader stops. */
const markBytes = 1024 * 1024;

export function serveLogBody(response: ServerResponse, log: ContainerLog, query: LogQuery): void {
  response.writeHead(200, { 'Content-Type': 'text/plain' });
  response.flushHeaders();
  const sink = { write: (bytes: Uint8Array) => response.write(bytes), end: () => void response.end() };
  const reader = new LogReader(log, query, sink);
  response.on('drain', () => reader.drained());
  response.on('close', () => reader.stop());
}

export function serveLogSocket(socket: WebSocket, log: ContainerLog, query: LogQuery): void {
  const base64 = socket.protocol.includes('base64');
  const sink = {
    write(bytes: Uint8Array): boolean {
      for (let at = 0; at < bytes.length; at += maxPieceBytes) send(bytes.subarray(at, at + maxPieceBytes));
      return socket.bufferedAmount < markBytes;
    },
    end: () => socket.close(1000),
  };
  let reader: LogReader | undefined;
  function send(bytes: Uint8Array): void {
    socket.send(base64 ? Buffer.from(bytes).toString('base64') : bytes, () => {
      if (socket.bufferedAmount < markBytes / 2) reader?.drained();
    });
  }
  socket.on('error', () => {}); // `close` follows
  send(new Uint8Array());
  reader = new LogReader(log, query, sink);
  socket.on('close', () => reader?.stop());
}
