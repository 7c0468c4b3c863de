import type { EndReason } from '../../protocol/end-reason.ts';
import { encodeLogMessage } from '../../upstream/kubernetes/channel-codec.ts';
import type { Framing } from '../../upstream/kubernetes/subprotocol.ts';
import type { StreamBody, StreamSocket, StreamSocketEvents } from '../stream-listener.ts';
import type { Front } from './client-output.ts';
import { endOfLog } from './end-answer.ts';

/** A log over a WebSocket. What the client sends is read and forgotten (facts 2.3). */
export class LogSocketFront implements Front, StreamSocketEvents {
  readonly #socket: StreamSocket;
  readonly #framing: Framing;

  constructor(socket: StreamSocket, framing: Framing) {
    this.#socket = socket;
    this.#framing = framing;
    socket.send(encodeLogMessage(framing, new Uint8Array()), () => {});
  }

  message(): void {}

  output(bytes: Uint8Array, _source: 'stdout' | 'stderr', taken: () => void): void {
    this.#socket.send(encodeLogMessage(this.#framing, bytes), taken);
  }

  end(end: EndReason): void {
    const { closeCode, closeText } = endOfLog(end);
    this.#socket.close(closeCode, closeText);
  }

  say(): void {}

  hold(): void {}

  bufferedBytes(): number {
    return this.#socket.bufferedBytes();
  }
}

/** A log as the body of a plain GET. */
export class LogBodyFront implements Front {
  readonly #body: StreamBody;

  constructor(body: StreamBody) {
    this.#body = body;
  }

  output(bytes: Uint8Array, _source: 'stdout' | 'stderr', taken: () => void): void {
    this.#body.send(bytes, taken);
  }

  end(end: EndReason): void {
    if (end.kind === 'completed') this.#body.end();
    else this.#body.cut();
  }

  say(): void {}

  hold(): void {}

  bufferedBytes(): number {
    return this.#body.bufferedBytes();
  }
}
