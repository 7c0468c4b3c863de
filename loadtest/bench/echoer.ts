import WebSocket from 'ws';
import { RelayClient } from '../driver/relay-client.ts';

/** One session that can send a message and tell when as many bytes have come back. */
export interface Echoer {
  ready(): boolean;
  readonly receivedBytes: number;
  /** Calls `done` when the echo of `payload` is complete. One at a time. */
  echo(payload: Uint8Array, done: () => void): void;
  close(): void;
}

/** A Kubernetes client of `v4.channel.k8s.io`: for the upstream itself and for proxies that copy frames. */
export class ChannelEchoer implements Echoer {
  readonly #socket: WebSocket;
  receivedBytes = 0;
  #left = 0;
  #done: () => void = () => {};

  constructor(url: string) {
    this.#socket = new WebSocket(url, 'v4.channel.k8s.io', { perMessageDeflate: false, skipUTF8Validation: true });
    this.#socket.on('error', () => {});
    this.#socket.on('message', (data: Buffer) => {
      this.receivedBytes += data.length - 1;
      if (this.#left === 0) return;
      this.#left -= data.length - 1;
      if (this.#left <= 0) {
        this.#left = 0;
        this.#done();
      }
    });
  }

  ready(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  echo(payload: Uint8Array, done: () => void): void {
    this.#left = payload.length;
    this.#done = done;
    this.#socket.send(Buffer.concat([Buffer.from([0]), payload]));
  }

  close(): void {
    this.#socket.terminate();
  }
}

/** A browser's session through the relay, with every check that a browser makes. */
export class RelayEchoer implements Echoer {
  readonly #client: RelayClient;
  #left = 0;
  #done: () => void = () => {};

  get receivedBytes(): number {
    return this.#client.state.receivedBytes;
  }

  /** @param command `echo`, or `flood` for an upstream that writes without end */
  constructor(url: string, cookie: string, cluster: string, command: string) {
    const target = { kind: 'exec', cluster, namespace: 'bench', pod: 'echo', container: 'main', command: [command] };
    this.#client = new RelayClient(
      { url, cookie, target },
      {
        output: (bytes) => {
          if (this.#left === 0) return;
          this.#left -= bytes.length;
          if (this.#left <= 0) {
            this.#left = 0;
            this.#done();
          }
        },
      },
    ).start();
  }

  ready(): boolean {
    return this.#client.state.driving && this.#client.state.status.worker?.upstream === 'open';
  }

  echo(payload: Uint8Array, done: () => void): void {
    this.#left = payload.length;
    this.#done = done;
    this.#client.type(payload);
  }

  close(): void {
    this.#client.client.end();
    setTimeout(() => this.#client.dispose(), 200);
  }
}
