import { Backoff } from '../base/backoff.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { LogReader, ReaderNeed } from '../log/log-reader.ts';
import { isEphemeral } from '../protocol/frame-type.ts';
import type { WorkerId } from '../protocol/ids.ts';
import type { ShellTools } from './log-appender.ts';
import type { LogListener, LogName, LogStore, LogSubscription, PageAnswer } from './log-store.ts';

export interface FollowerEvents {
  /** A frame that is no log entry, in the order of the channel. */
  ephemeral(frame: Uint8Array): void;
  /** Told with every page: who owns the session now. */
  owner(owner: WorkerId | undefined): void;
  /** The session's keys are gone, for good unless the server is young (LG11). The follower goes on asking until it is closed. */
  unknown(young: boolean): void;
  /** Whether the log is followed at the moment; false while the broker does not answer. */
  connected(connected: boolean): void;
}

/** Where a follower listens: the store itself, or a shared subscription of it. */
export interface Channels {
  subscribe(log: LogName, listener: LogListener): LogSubscription;
}

/** Where a follower reads: the store itself, or a shared budget of reads. */
export type Pages = Pick<LogStore, 'read'>;

/** Sweep: even a live reader compares with the record now and then (LG5). */
const sweepMs = { busy: 5_000, idle: 60_000 } as const;
const reassertWaitMs = 2_000;

/** Drives a {@link LogReader}: subscribes, reads the pages it asks for, sweeps, and starts over when the subscription breaks (LG5). */
export class LogFollower {
  readonly #store: Pages;
  readonly #channels: Channels;
  readonly #log: LogName;
  readonly reader: LogReader;
  readonly #events: FollowerEvents;
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  #subscription: LogSubscription | undefined;
  #retry: Timer | undefined;
  #wait: Timer | undefined;
  #sweep: Timer | undefined;
  #sweptOffset = -1;
  #closed = false;

  constructor(store: Pages, channels: Channels, log: LogName, reader: LogReader, events: FollowerEvents, tools: ShellTools) {
    this.#store = store;
    this.#channels = channels;
    this.#log = log;
    this.reader = reader;
    this.#events = events;
    this.#clock = tools.clock;
    this.#backoff = new Backoff(tools.random, 20, 1000);
  }

  start(): void {
    this.#subscribe();
    this.#sweepLater(sweepMs.busy);
  }

  /** The sink of the reader has room again. */
  resume(): void {
    this.#serve(this.reader.resume());
  }

  close(): void {
    this.#closed = true;
    this.#subscription?.close();
    for (const timer of [this.#retry, this.#wait, this.#sweep]) timer?.cancel();
  }

  #subscribe(): void {
    this.#subscription = this.#channels.subscribe(this.#log, {
      subscribed: () => {
        if (this.#closed) return;
        this.#events.connected(true);
        this.#serve(this.reader.subscribed());
      },
      push: (frame) => {
        if (this.#closed) return;
        if (isEphemeral(frame[0] ?? 0)) this.#events.ephemeral(frame);
        else this.#serve(this.reader.push(frame));
      },
      broken: () => {
        if (this.#closed) return;
        this.reader.broken();
        this.#events.connected(false);
        this.#later(() => this.#subscribe());
      },
    });
  }

  #serve(need: ReaderNeed): void {
    if (!need || this.#closed) return;
    if (need.kind === 'wait') {
      this.#wait?.cancel();
      this.#wait = this.#clock.after(reassertWaitMs, () => this.#serve(this.reader.waited(need.turn)));
      return;
    }
    void this.#read(need);
  }

  async #read(need: Exclude<ReaderNeed, undefined> & { kind: 'read' }): Promise<void> {
    let answer: PageAnswer;
    try {
      answer = await this.#store.read(this.#log, need.from, need.count);
    } catch {
      // A lost connection breaks the subscription too, and that starts over; an answer that was lost alone is asked for again.
      if (this.reader.expects(need.turn)) this.#later(() => this.#read(need));
      return;
    }
    if (this.#closed || !this.reader.expects(need.turn)) return;
    if (answer.kind === 'unknown') {
      this.#events.unknown(answer.young);
      this.#later(() => this.#read(need));
      return;
    }
    this.#backoff.reset();
    this.#events.owner(answer.owner);
    this.#serve(this.reader.page(need.turn, answer.table, answer.entries, need.count));
  }

  #later(run: () => unknown): void {
    if (this.#closed) return;
    this.#retry?.cancel();
    this.#retry = this.#clock.after(this.#backoff.nextMs(), () => {
      if (!this.#closed) void run();
    });
  }

  #sweepLater(delayMs: number): void {
    this.#sweep = this.#clock.after(delayMs, () => {
      const { offset } = this.reader.position;
      const busy = offset !== this.#sweptOffset;
      this.#sweptOffset = offset;
      this.#serve(this.reader.recheck());
      this.#sweepLater(busy ? sweepMs.busy : sweepMs.idle);
    });
  }
}
