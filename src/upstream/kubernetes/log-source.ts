import type { Clock, Timer } from '../../base/clock.ts';
import type { EndReason } from '../../protocol/end-reason.ts';
import type { CursorSpan, LogCursor } from '../../protocol/log-cursor.ts';
import type { LogTarget } from '../../protocol/target.ts';
import type { Upstream, UpstreamEvents } from '../upstream.ts';
import { remarks } from './log-end.ts';
import { LogLines } from './log-lines.ts';

/** Opens one stream of a log. @throws UpstreamRefusal */
export type OpenLog = (target: LogTarget, events: UpstreamEvents, signal: AbortSignal) => Promise<Upstream>;

export interface LogSourceSettings {
  readonly stamped: boolean;
  readonly after: LogCursor | undefined;
  readonly run: () => number;
  readonly clock: Clock;
}

export interface LogSourceEvents {
  output(bytes: Uint8Array, span: CursorSpan | undefined): void;
  remark(text: string): void;
  /** Once, after all output; not after `close`. */
  ended(end: EndReason): void;
}

/** After something newer has come, the place at which the log was left is waited for so long. */
const placeWithinMs = 2_000;

/** One stream of a log, with its times taken off and what is known left out. */
export class LogSource {
  readonly #lines: LogLines;
  readonly #events: LogSourceEvents;
  readonly #clock: Clock;
  #upstream: Upstream | undefined;
  #placeTimer: Timer | undefined;
  #closed = false;

  private constructor(settings: LogSourceSettings, events: LogSourceEvents) {
    this.#events = events;
    this.#clock = settings.clock;
    this.#lines = new LogLines(settings, {
      output: (bytes, span) => this.#closed || events.output(bytes, span),
      kubelet: (text) => events.remark(remarks.kubelet(text)),
      missed: () => events.remark(remarks.missed),
    });
  }

  /** @throws UpstreamRefusal */
  static async open(
    open: OpenLog,
    target: LogTarget,
    settings: LogSourceSettings,
    events: LogSourceEvents,
    signal: AbortSignal,
  ): Promise<LogSource> {
    const source = new LogSource(settings, events);
    source.#upstream = await open(
      target,
      { output: (bytes) => source.#add(bytes), remark: () => {}, drained: () => {}, ended: (end) => source.#ended(end) },
      signal,
    );
    return source;
  }

  pause(): void {
    this.#upstream?.pause();
  }

  resume(): void {
    this.#upstream?.resume();
  }

  close(): void {
    this.#closed = true;
    this.#placeTimer?.cancel();
    this.#upstream?.close();
  }

  #add(bytes: Uint8Array): void {
    if (this.#closed) return;
    this.#lines.add(bytes);
    if (this.#closed || !this.#lines.holds) return;
    this.#placeTimer ??= this.#clock.after(placeWithinMs, () => {
      this.#placeTimer = undefined;
      this.#lines.giveUp();
    });
  }

  #ended(end: EndReason): void {
    if (this.#closed) return;
    this.#lines.end();
    if (this.#closed) return;
    this.close();
    this.#events.ended(end);
  }
}
