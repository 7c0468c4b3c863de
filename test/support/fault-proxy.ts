import { createServer, type Server, type Socket, connect as tcpConnect } from 'node:net';

/** Bytes kept in one direction of one connection. At this mark its source is not read: the sender's TCP blocks, as on a slow line. */
const queueBytes = 256 * 1024;

/** How often a limited line hands on what the rate allows. */
const rateEveryMs = 20;

export type Direction = 'up' | 'down';

/** What the line does from now on. `up` is towards the server. */
export interface Line {
  readonly delayMs?: number;
  /** Of each connection, in each direction. */
  readonly bytesPerSecond?: number;
  /** Nothing passes in this direction; it is kept, and passes when the line has healed. */
  readonly stalled?: Direction;
  /** New connections are reset at once. */
  readonly down?: boolean;
}

/** A TCP proxy for one leg, whose line can be made bad. It knows nothing of what passes. */
export class FaultProxy implements AsyncDisposable {
  readonly port: number;
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  #line: Line = {};

  private constructor(server: Server, port: number, targetPort: () => number) {
    this.#server = server;
    this.port = port;
    server.on('connection', (client) => {
      if (this.#line.down) return void client.on('error', () => {}).resetAndDestroy();
      const connection = new Connection(client, tcpConnect({ port: targetPort(), host: '127.0.0.1', noDelay: true }), () => this.#line);
      this.#connections.add(connection);
      connection.over = () => this.#connections.delete(connection);
    });
  }

  /** @param targetPort asked for at every connection, if it is a function */
  static async start(targetPort: number | (() => number)): Promise<FaultProxy> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    const address = server.address();
    return new FaultProxy(
      server,
      typeof address === 'object' && address ? address.port : 0,
      typeof targetPort === 'function' ? targetPort : () => targetPort,
    );
  }

  get open(): number {
    return this.#connections.size;
  }

  /** Bytes under way in here, of all connections. */
  get heldBytes(): number {
    return [...this.#connections].reduce((sum, connection) => sum + connection.heldBytes, 0);
  }

  /** The line of every connection, open or to come. */
  set(line: Line): void {
    this.#line = line;
    for (const connection of this.#connections) connection.move();
  }

  heal(): void {
    this.set({});
  }

  /** Resets connections at both ends (RST). @param chosen which of them, all by default @returns how many */
  cut(chosen: (index: number) => boolean = () => true): number {
    const some = [...this.#connections].filter((_, index) => chosen(index));
    for (const connection of some) connection.reset();
    return some.length;
  }

  /** From now on these connections swallow everything and tell nobody: as when a router forgot them. Not healed; new ones are good. */
  halfOpen(chosen: (index: number) => boolean = () => true): number {
    const some = [...this.#connections].filter((_, index) => chosen(index));
    for (const connection of some) connection.swallow();
    return some.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

class Connection {
  readonly #sockets: readonly [Socket, Socket];
  readonly #ways: readonly [Way, Way];
  #swallows = false;
  over: () => void = () => {};

  constructor(client: Socket, server: Socket, line: () => Line) {
    server.allowHalfOpen = true;
    this.#sockets = [client, server];
    this.#ways = [new Way(client, server, 'up', line), new Way(server, client, 'down', line)];
    for (const socket of this.#sockets) {
      // A broken connection breaks at its other end too, as without a proxy.
      socket.on('error', () => this.#swallows || this.reset());
      socket.on('close', () => this.#closed());
    }
  }

  get heldBytes(): number {
    return this.#ways.reduce((sum, way) => sum + way.heldBytes, 0);
  }

  move(): void {
    for (const way of this.#ways) way.move();
  }

  reset(): void {
    for (const way of this.#ways) way.stop();
    for (const socket of this.#sockets) socket.resetAndDestroy();
    this.over();
  }

  swallow(): void {
    this.#swallows = true;
    for (const way of this.#ways) way.swallow();
  }

  #closed(): void {
    if (!this.#sockets.every((socket) => socket.destroyed)) return;
    for (const way of this.#ways) way.stop();
    this.over();
  }
}

/** One direction of one connection. */
class Way {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #direction: Direction;
  readonly #line: () => Line;
  #queue: Array<{ bytes: Buffer; readonly at: number }> = [];
  #heldBytes = 0;
  #ended = false;
  #draining = false;
  #swallows = false;
  #timer: NodeJS.Timeout | undefined;
  #budget = 0;
  #budgetAt = 0;

  constructor(from: Socket, to: Socket, direction: Direction, line: () => Line) {
    this.#from = from;
    this.#to = to;
    this.#direction = direction;
    this.#line = line;
    from.on('data', (bytes: Buffer) => {
      if (this.#swallows) return;
      this.#queue.push({ bytes, at: performance.now() });
      this.#heldBytes += bytes.length;
      if (this.#heldBytes >= queueBytes) from.pause();
      this.move();
    });
    from.on('end', () => {
      this.#ended = true;
      this.move();
    });
    to.on('drain', () => {
      this.#draining = false;
      this.move();
    });
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Hands on what the line lets pass now, and comes again when more may. */
  move(): void {
    clearTimeout(this.#timer);
    const { delayMs = 0, bytesPerSecond, stalled } = this.#line();
    if (this.#swallows || this.#draining || stalled === this.#direction) return;
    const now = performance.now();
    if (bytesPerSecond !== undefined) {
      this.#budget = Math.min(this.#budget + ((now - this.#budgetAt) / 1000) * bytesPerSecond, (bytesPerSecond * rateEveryMs * 2) / 1000);
      this.#budgetAt = now;
    }
    for (let first = this.#queue[0]; first; first = this.#queue[0]) {
      if (first.at + delayMs > now) return this.#again(first.at + delayMs - now);
      const most = bytesPerSecond === undefined ? first.bytes.length : Math.min(first.bytes.length, Math.floor(this.#budget));
      if (most <= 0) return this.#again(rateEveryMs);
      this.#budget -= most;
      this.#heldBytes -= most;
      const piece = first.bytes.subarray(0, most);
      if (most === first.bytes.length) this.#queue.shift();
      else first.bytes = first.bytes.subarray(most);
      if (this.#heldBytes < queueBytes) this.#from.resume();
      if (!this.#to.write(piece)) {
        this.#draining = true;
        return;
      }
    }
    if (this.#ended) this.#to.end();
  }

  swallow(): void {
    this.stop();
    this.#swallows = true;
    this.#from.resume();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#queue = [];
    this.#heldBytes = 0;
  }

  #again(inMs: number): void {
    this.#timer = setTimeout(() => this.move(), Math.max(1, inMs));
  }
}
