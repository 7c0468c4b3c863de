import type { Clock } from '../../base/clock.ts';
import type { EndReason } from '../../protocol/end-reason.ts';
import type { Upstream, UpstreamEvents } from '../upstream.ts';
import { decodeLogMessage } from './channel-codec.ts';
import { LiveSocket, type LiveSocketEvents } from './live-socket.ts';
import { brokenLog, completedLog } from './log-end.ts';
import type { MessageSocket } from './message-socket.ts';
import type { Framing } from './subprotocol.ts';

/** A followed log over WebSocket. Nothing can be typed into it: the server reads and forgets what it is sent. */
export class LogSocketUpstream implements Upstream, LiveSocketEvents {
  readonly socket: LiveSocket;
  readonly #events: UpstreamEvents;
  #framing: Framing = 'binary';

  constructor(events: UpstreamEvents, clock: Clock) {
    this.#events = events;
    this.socket = new LiveSocket(this, clock);
  }

  /** Once, with a socket that is still paused. */
  attach(socket: MessageSocket, framing: Framing): void {
    this.#framing = framing;
    this.socket.attach(socket, framing);
  }

  write(): boolean {
    return true;
  }

  get unsentBytes(): number {
    return this.socket.backlogBytes;
  }

  resize(): void {}

  endInput(): boolean {
    return false;
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  close(): void {
    this.socket.finish();
  }

  message(message: Uint8Array): void {
    const bytes = decodeLogMessage(this.#framing, message);
    if (!bytes) this.#end(brokenLog('damaged-frame'));
    else if (bytes.length > 0) this.#events.output(bytes, 'stdout');
  }

  drained(): void {}

  /** 1000 is also what a log ends with whose backend died (facts 2.3): the caller looks at the container before it believes it. */
  closed(code: number, failure: 'too-large' | 'protocol' | undefined): void {
    this.#end(code === 1000 && !failure ? completedLog : brokenLog(failure ?? `close-${code}`));
  }

  dataDue(): void {
    this.socket.sendEmpty();
  }

  silent(): void {
    this.#end(brokenLog('silent'));
  }

  #end(reason: EndReason): void {
    if (this.socket.finish()) this.#events.ended(reason);
  }
}
