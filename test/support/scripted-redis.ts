import { createServer, type Server, type Socket } from 'node:net';
import { RespDecoder, type RespReply } from '../../src/broker/redis/resp-decoder.ts';

/** What a command is answered with; undefined: as a good server does. */
export type Script = (command: readonly string[], socket: Socket) => Buffer | undefined;

const info = ['role:master', 'run_id:0123456789abcdef', 'redis_version:7.0.15', 'uptime_in_seconds:9999', ''].join('\r\n');

/** Speaks RESP2 well enough for a link to come up, and answers as it is told. */
export class ScriptedRedis implements AsyncDisposable {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  script: Script = () => undefined;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => this.#sockets.delete(socket));
      const decoder = new RespDecoder((command) => {
        const parts = (command as readonly RespReply[]).map(String);
        socket.write(this.script(parts, socket) ?? goodAnswer(parts));
      });
      socket.on('data', (bytes) => void decoder.read(bytes));
    });
  }

  static async start(): Promise<ScriptedRedis> {
    const server = createServer({ noDelay: true });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    return new ScriptedRedis(server, typeof address === 'object' && address ? address.port : 0);
  }

  get connections(): number {
    return this.#sockets.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function goodAnswer([name = '', channel = '', , id = '']: readonly string[]): Buffer {
  switch (name.toUpperCase()) {
    case 'INFO':
      return Buffer.from(`$${info.length}\r\n${info}\r\n`);
    case 'PING':
      return Buffer.from('+PONG\r\n');
    case 'SSUBSCRIBE':
    case 'SUNSUBSCRIBE':
      return Buffer.from(`*3\r\n$${name.length}\r\n${name.toLowerCase()}\r\n$${channel.length}\r\n${channel}\r\n:1\r\n`);
    case 'XADD':
      return Buffer.from(`$${id.length}\r\n${id}\r\n`);
    case 'SPUBLISH':
      return Buffer.from(':0\r\n');
    default:
      return Buffer.from('+OK\r\n');
  }
}
