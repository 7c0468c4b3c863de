import type { Clock } from '../../base/clock.ts';
import { KeepAlive, type LivingLine } from './keep-alive.ts';
import type { MessageSocket, SocketEvents } from './message-socket.ts';
import type { Framing } from './subprotocol.ts';

/** What the upstreams over a WebSocket differ in. Nothing is called after {@link LiveSocket.finish}. */
export interface LiveSocketEvents extends Pick<SocketEvents, 'message' | 'drained' | 'closed'> {
  /** A message is due that counts as traffic upstream. */
  dataDue(): void;
  /** The heartbeat got no answer. */
  silent(): void;
}

/** An upstream's WebSocket and its heartbeat: they start, pause, go on and end together. */
export class LiveSocket implements SocketEvents, LivingLine {
  readonly #clock: Clock;
  readonly #events: LiveSocketEvents;
  readonly #keepAlive: KeepAlive;
  #socket: MessageSocket | undefined;
  #framing: Framing = 'binary';
  #finished = false;
  #paused = false;

  constructor(events: LiveSocketEvents, clock: Clock) {
    this.#events = events;
    this.#clock = clock;
    this.#keepAlive = new KeepAlive(clock, this);
  }

  /** Once, with a socket that is still paused. Output comes from the next turn on, so that whoever awaits the opening has it first. */
  attach(socket: MessageSocket, framing: Framing): void {
    this.#socket = socket;
    this.#framing = framing;
    this.#keepAlive.start();
    this.#clock.endOfTurn(() => {
      if (!this.#paused) socket.resume();
    });
  }

  get finished(): boolean {
    return this.#finished;
  }

  /** Input that no heartbeat says the server has handed on (RS6). */
  get unconfirmedBytes(): number {
    return this.#keepAlive.unconfirmedBytes;
  }

  /** @param inputBytes of the process's input in it @returns false when the mark is passed: stop until `drained` */
  send(message: Uint8Array | string, inputBytes = 0): boolean {
    if (!this.#socket || this.#finished) return true;
    this.#keepAlive.sent(inputBytes);
    return this.#socket.send(message);
  }

  pause(): void {
    this.#paused = true;
    this.#keepAlive.pause();
    this.#socket?.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#keepAlive.resume();
    this.#socket?.resume();
  }

  /** Cuts the connection. @returns false when that was done before */
  finish(): boolean {
    if (this.#finished) return false;
    this.#finished = true;
    this.#keepAlive.stop();
    this.#socket?.terminate();
    return true;
  }

  // --- the socket ---

  message(bytes: Uint8Array): void {
    if (!this.#finished) this.#events.message(bytes);
  }

  drained(): void {
    if (!this.#finished) this.#events.drained();
  }

  pong(token: number): void {
    this.#keepAlive.pong(token);
  }

  closed(code: number, failure: 'too-large' | 'protocol' | undefined): void {
    if (!this.#finished) this.#events.closed(code, failure);
  }

  // --- the heartbeat ---

  get received(): number {
    return this.#socket?.received ?? 0;
  }

  get backlogBytes(): number {
    return this.#socket?.backlogBytes ?? 0;
  }

  ping(token: number): void {
    this.#socket?.ping(token);
  }

  sendEmpty(): void {
    this.send(this.#framing === 'base64' ? '' : new Uint8Array());
  }

  sendData(): void {
    this.#events.dataDue();
  }

  dead(): void {
    this.#events.silent();
  }
}
