import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../base/clock.ts';
import type { EndReason } from '../../protocol/end-reason.ts';
import type { Upstream, UpstreamEvents } from '../upstream.ts';
import { brokenLog, completedLog } from './log-end.ts';

/** A half-open connection is found by TCP itself: a GET has no pings. */
const tcpProbeAfterMs = 10_000;

/** A log as the body of a plain GET: finite ones, because over WebSocket the last 2 KiB can be missing (facts 10, UP6). */
export class LogStreamUpstream implements Upstream {
  /** A GET has no input. */
  readonly unsentBytes = 0;
  readonly #events: UpstreamEvents;
  readonly #response: IncomingMessage;
  #ended = false;
  #paused = false;

  /** Output comes from the next turn on, so that whoever awaits the opening has it first. */
  constructor(response: IncomingMessage, events: UpstreamEvents, clock: Clock) {
    this.#events = events;
    this.#response = response;
    response.socket.setKeepAlive(true, tcpProbeAfterMs);
    response.on('close', () => this.#end(response.complete ? completedLog : brokenLog('incomplete')));
    response.pause();
    response.on('data', (bytes: Buffer) => {
      if (!this.#ended) this.#events.output(bytes, 'stdout');
    });
    clock.endOfTurn(() => {
      if (!this.#paused) response.resume();
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
    this.#response.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#response.resume();
  }

  close(): void {
    this.#ended = true;
    this.#response.destroy();
  }

  #end(reason: EndReason): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#events.ended(reason);
  }
}
