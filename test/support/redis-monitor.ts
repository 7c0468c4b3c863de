import { connect, type Socket } from 'node:net';

/** Every command that a Redis is given from now on, as its `MONITOR` writes it. A plain socket: what comes right behind the `+OK` is kept. */
export class RedisMonitor implements Disposable {
  readonly #socket: Socket;
  #text = '';

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('latin1').on('data', (text: string) => {
      this.#text += text;
    });
  }

  static async open(url: string): Promise<RedisMonitor> {
    const { hostname, port, username, password } = new URL(url);
    const socket = connect(Number(port), hostname);
    const monitor = new RedisMonitor(socket);
    const asked = [...(password ? [`AUTH ${username || 'default'} ${password}`] : []), 'MONITOR'];
    for (const command of asked) {
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject).once('data', (text: string) => (text.startsWith('+OK') ? resolve() : reject(new Error(text))));
        socket.write(`${command}\r\n`);
      });
    }
    return monitor;
  }

  /** One a command. */
  get lines(): readonly string[] {
    return this.#text.split('\r\n');
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}
