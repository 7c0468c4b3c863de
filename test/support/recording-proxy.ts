import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A TCP hop that keeps what clients sent, for a test that looks at it. */
export class RecordingProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #received: Buffer[][] = [];

  private constructor(port: number) {
    this.#server = createServer((client) => {
      const received: Buffer[] = [];
      this.#received.push(received);
      const server = connect(port, '127.0.0.1');
      client.on('data', (bytes: Buffer) => received.push(bytes));
      for (const [from, to] of [
        [client, server],
        [server, client],
      ] as const) {
        this.#sockets.add(from);
        from.pipe(to);
        from.on('error', () => to.destroy());
        from.on('close', () => {
          this.#sockets.delete(from);
          to.destroy();
        });
      }
    });
  }

  static async to(port: number): Promise<RecordingProxy> {
    const proxy = new RecordingProxy(port);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Every HTTP request's line and headers. */
  get heads(): readonly string[] {
    return this.#received.flatMap((parts) => {
      const text = Buffer.concat(parts).toString('latin1');
      return text.match(/^(?:GET|POST) \S+ HTTP\/1\.1\r\n(?:[^\r\n]+\r\n)*\r\n/gm) ?? [];
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
