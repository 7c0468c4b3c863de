import type { Duplex } from 'node:stream';

/** What a client sends before its upgrade was answered: it does not know yet what it may send. Beyond: its connection is cut. */
const earlyBytes = 64 * 1024;

/** A client whose upgrade is being decided on. It is read meanwhile: nothing else would show that it has left. */
export class WaitingClient {
  readonly #socket: Duplex;
  #early: Buffer[];
  #bytes = 0;

  constructor(socket: Duplex, first: Buffer) {
    this.#socket = socket;
    this.#early = [first];
    socket.on('data', this.#data);
    socket.on('end', this.#left);
    socket.resume();
  }

  /** The decision is there. @returns what has come, for whoever reads on in this turn: the socket flows */
  end(): Buffer {
    this.#socket.off('data', this.#data);
    this.#socket.off('end', this.#left);
    return Buffer.concat(this.#early);
  }

  cut(): void {
    this.#socket.destroy();
  }

  readonly #data = (bytes: Buffer): void => {
    this.#bytes += bytes.length;
    if (this.#bytes > earlyBytes) this.cut();
    else this.#early.push(bytes);
  };

  readonly #left = (): void => this.cut();
}
