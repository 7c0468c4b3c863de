/**
 * The bench's upstream: speaks `v4.channel.k8s.io` and echoes stdin on stdout, for any path. As little work as a process can do, so that
 * what is measured is the relay. Prints its port.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';

const http = createServer((_, response) => response.end('{"gitVersion":"v1.36.0"}'));
const sockets = new WebSocketServer({
  server: http,
  perMessageDeflate: false,
  handleProtocols: (offered) => (offered.has('v4.channel.k8s.io') ? 'v4.channel.k8s.io' : false),
});

/** `command=flood`: writes without end, as fast as it is read, one batch a turn of the event loop. */
function flood(socket: WebSocket): void {
  const frame = Buffer.alloc(4097, 'y');
  frame[0] = 1;
  const write = () => {
    if (socket.readyState !== WebSocket.OPEN) return;
    for (let sent = 0; sent < 64 && socket.bufferedAmount < 1024 * 1024; sent++) socket.send(frame, () => {});
    if (socket.bufferedAmount < 1024 * 1024) setImmediate(write);
    else socket.send(frame, write);
  };
  write();
}

sockets.on('connection', (socket, request) => {
  if (request.url?.includes('command=flood')) flood(socket);
  socket.send(Buffer.from([1]));
  socket.on('message', (data: Buffer) => {
    if (data[0] !== 0 || data.length === 1) return;
    data[0] = 1;
    socket.send(data);
  });
  socket.on('error', () => {});
});
http.listen(0, '127.0.0.1', () => console.log((http.address() as AddressInfo).port));
