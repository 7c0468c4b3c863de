import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { systemRandom } from '../../src/bin/system.ts';
import type { Target } from '../../src/protocol/target.ts';
import type { Cluster } from '../../src/upstream/kubernetes/cluster.ts';
import { Clusters } from '../../src/upstream/kubernetes/clusters.ts';
import { KubernetesOpener } from '../../src/upstream/kubernetes/kubernetes-opener.ts';
import { ServerCluster } from '../../src/upstream/kubernetes/server-cluster.ts';
import type { Credential, Upstream } from '../../src/upstream/upstream.ts';
import { ManualClock } from './clocks.ts';
import { Recorder } from './recorder.ts';

export interface OddBehaviour {
  /** Answers an upgrade request byte by byte; without it the handshake is a right one. */
  readonly upgrade?: (socket: Duplex, request: IncomingMessage) => void;
  readonly request?: (request: IncomingMessage, response: ServerResponse) => void;
  readonly client?: (client: WebSocket) => void;
}

/** A server that misbehaves as it is told, an opener that reaches it, and a clock in the test's hand. */
export class OddServer implements AsyncDisposable {
  readonly requests: IncomingMessage[] = [];
  readonly clients: WebSocket[] = [];
  readonly clock = new ManualClock();
  readonly #http: Server;
  #port = 0;
  readonly #sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, autoPong: true });
  readonly #connections = new Set<Duplex>();

  private constructor(behaviour: OddBehaviour) {
    this.#http = createServer((request, response) => {
      this.requests.push(request);
      behaviour.request?.(request, response);
    });
    this.#http.on('connection', (socket) => this.#connections.add(socket));
    this.#http.on('upgrade', (request, socket, head) => {
      this.requests.push(request);
      socket.on('error', () => {});
      if (behaviour.upgrade) behaviour.upgrade(socket, request);
      else
        this.#sockets.handleUpgrade(request, socket, head, (client) => {
          client.on('error', () => {});
          this.clients.push(client);
          behaviour.client?.(client);
        });
    });
  }

  static async start(behaviour: OddBehaviour): Promise<OddServer> {
    const server = new OddServer(behaviour);
    await new Promise<void>((resolve) => server.#http.listen(0, '127.0.0.1', resolve));
    server.#port = (server.#http.address() as AddressInfo).port;
    return server;
  }

  get cluster(): Cluster {
    return new ServerCluster({ server: `http://127.0.0.1:${this.#port}/base`, id: 'odd', token: 'own' }, this.clock);
  }

  async open(
    target: Partial<Target> & Pick<Target, 'kind'>,
    signal = new AbortController().signal,
    credential?: Credential,
  ): Promise<{ upstream: Upstream; events: Recorder }> {
    const clusters = new Clusters([this.cluster]);
    const opener = new KubernetesOpener({ clusters, clock: this.clock, random: systemRandom, version: '1.2.3' });
    const events = new Recorder();
    const defaults = {
      cluster: 'odd',
      namespace: 'ns',
      pod: 'p',
      container: 'c',
      tty: true,
      command: ['sh'],
      follow: true,
      previous: false,
    };
    const full = { ...defaults, ...target } as Target; // the fields of the other kinds do no harm
    const request = { target: full, size: { cols: 80, rows: 24 }, credential, sessionId: 's' };
    return { upstream: await opener.open(request, events, signal), events };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#connections) socket.destroy();
    if (this.#http.listening) await new Promise((resolve) => this.#http.close(resolve));
  }
}

/** Raw answer of an HTTP server. */
export function answer(socket: Duplex, head: string, body = ''): void {
  socket.end(`HTTP/1.1 ${head}\r\nConnection: close\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}
