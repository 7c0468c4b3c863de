import type { Clock } from '../../base/clock.ts';
import type { EndReason } from '../../protocol/end-reason.ts';
import type { Upstream, UpstreamEvents } from '../upstream.ts';
import { decodeLogMessage } from './channel-codec.ts';
import { KeepAlive } from './keep-alive.ts';
import { brokenLog, completedLog } from './log-end.ts';
import type { MessageSocket, SocketEvents } from './message-socket.ts';
import type { Framing } from './subprotocol.ts';

/** A followed log over WebSocket. Nothing can be typed into it: the server reads and forgets what it is sent. */
export class LogSocketUpstream implements Upstream, SocketEvents {
  readonly #clock: Clock;
  readonly #events: UpstreamEvents;
  readonly #keepAlive: KeepAlive;
  #socket: MessageSocket | undefined;
  #framing: Framing = 'binary';
  #ended = false;
  #paused = false;

  constructor(events: UpstreamEvents, clock: Clock) {
    this.#events = events;
    this.#clock = clock;
    this.#keepAlive = new KeepAlive(clock, this);
  }

  /** Once, with a socket that is still paused; output comes from the next turn on. */
  attach(socket: MessageSocket, framing: Framing): void {
    this.#socket = socket;
    this.#framing = framing;
    this.#keepAlive.start();
    this.#clock.endOfTurn(() => {
      if (!this.#paused) socket.resume();
    });
  }

  write(): boolean {
    return true;
  }

  resize(): void {}

  endInput(): boolean {
    return false;
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

  close(): void {
    this.#stop();
    this.#socket?.terminate();
  }

  message(message: Uint8Array): void {
    if (this.#ended) return;
    const bytes = decodeLogMessage(this.#framing, message);
    if (!bytes) this.#end(brokenLog('damaged-frame'));
    else if (bytes.length > 0) this.#events.output(bytes, 'stdout');
  }

  drained(): void {}

  /** 1000 is also what a log ends with whose backend died (facts 2.3): the caller looks at the container before it believes it. */
  closed(code: number, failure: 'too-large' | 'protocol' | undefined): void {
    this.#end(code === 1000 && !failure ? completedLog : brokenLog(failure ?? `close-${code}`));
  }

  get received(): number {
    return this.#socket?.received ?? 0;
  }

  get backlogBytes(): number {
    return this.#socket?.backlogBytes ?? 0;
  }

  ping(token: number): void {
    this.#socket?.ping(token);
  }

  pong(token: number): void {
    this.#keepAlive.pong(token);
  }

  sendEmpty(): void {
    this.#socket?.send(this.#framing === 'base64' ? '' : new Uint8Array());
  }

  sendData(): void {
    this.sendEmpty();
  }

  dead(): void {
    this.#end(brokenLog('silent'));
  }

  #end(reason: EndReason): void {
    if (this.#ended) return;
    this.#stop();
    this.#socket?.terminate();
    this.#events.ended(reason);
  }

  #stop(): void {
    this.#ended = true;
    this.#keepAlive.stop();
  }
}
