/**
 * What Poseidon is compared with: one process, no broker, the same libraries — a uWebSockets.js server that opens a `ws` connection to the
 * upstream for each socket and copies frames both ways. Loses everything on a reconnect. Arguments: upstream port. Prints its port.
 */
import WebSocket from 'ws';
import { listenExclusivePort, loadUws } from '../../src/edge/listen/uws.ts';

const upstream = `ws://127.0.0.1:${process.argv[2]}/exec`;
const uws = loadUws();
if (!uws) throw new Error('the bench needs uWebSockets.js');

interface Peer {
  readonly query: string;
  upstream?: WebSocket;
  waiting: Buffer[];
}

const app = uws.App();
app.ws<Peer>('/*', {
  compression: 0,
  maxPayloadLength: 1024 * 1024,
  idleTimeout: 120,
  sendPingsAutomatically: true,
  drain: () => {},
  maxBackpressure: 64 * 1024 * 1024,
  upgrade: (response, request, context) => {
    const [key, extensions] = [request.getHeader('sec-websocket-key'), request.getHeader('sec-websocket-extensions')];
    response.upgrade<Peer>({ query: request.getQuery() ?? '', waiting: [] }, key, 'v4.channel.k8s.io', extensions, context);
  },
  open: (socket) => {
    const peer = socket.getUserData();
    const way = new WebSocket(`${upstream}?${peer.query}`, 'v4.channel.k8s.io', { perMessageDeflate: false, skipUTF8Validation: true });
    way.on('open', () => {
      peer.upstream = way;
      for (const frame of peer.waiting.splice(0)) way.send(frame);
    });
    way.on('message', (data: Buffer) => socket.send(data, true, false));
    way.on('error', () => {});
  },
  message: (socket, message) => {
    const peer = socket.getUserData();
    const copy = Buffer.from(new Uint8Array(message));
    if (peer.upstream) peer.upstream.send(copy);
    else peer.waiting.push(copy);
  },
  close: (socket) => socket.getUserData().upstream?.terminate(),
});
app.listen('127.0.0.1', 0, listenExclusivePort, (socket) => console.log(socket ? uws.us_socket_local_port(socket) : 0));
