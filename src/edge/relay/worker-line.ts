import type { Timer } from '../../base/clock.ts';
import { LogFollower } from '../../broker/log-follower.ts';
import type { LogReader } from '../../log/log-reader.ts';
import { decodeEphemeral, type Ephemeral, encodeEphemeral } from '../../protocol/ephemeral.ts';
import { noStream, type SessionId, type WorkerId } from '../../protocol/ids.ts';
import { requeueOpenMs } from './constants.ts';
import type { EdgeTools } from './relay-tools.ts';

export interface WorkerLineEvents {
  /** What is said of the session to everybody who listens. */
  told(told: Ephemeral): void;
  /** The log's keys are gone. @param young the broker is: its worker may bring them back (LG11) */
  unknown(young: boolean): void;
  /** The subscription stands, or does not. */
  connected?(connected: boolean): void;
}

/** The way of one attachment to its session's worker: queues the session until a worker has it, hears it, and speaks to it (LS2, LS4). */
export class WorkerLine {
  readonly #session: SessionId;
  readonly #tools: EdgeTools;
  readonly #events: WorkerLineEvents;
  #follower: LogFollower | undefined;
  #owner: WorkerId | undefined;
  #requeue: Timer | undefined;

  constructor(session: SessionId, tools: EdgeTools, events: WorkerLineEvents) {
    this.#session = session;
    this.#tools = tools;
    this.#events = events;
  }

  get owner(): WorkerId | undefined {
    return this.#owner;
  }

  get reader(): LogReader | undefined {
    return this.#follower?.reader;
  }

  /** Queues the session, and again as long as none has claimed it. */
  async enqueue(): Promise<void> {
    this.enqueueLater();
    await this.#tools.broker.opens.push({ kind: 'open', session: this.#session });
  }

  enqueueLater(): void {
    this.#requeue = this.#tools.clock.after(requeueOpenMs, () => {
      if (this.#owner === undefined) void this.enqueue().catch(() => {});
    });
  }

  stopQueueing(): void {
    this.#requeue?.cancel();
  }

  /** Once: the output log, and what is said beside it. */
  follow(reader: LogReader): void {
    const { reads, channels } = this.#tools;
    this.#follower = new LogFollower(
      reads,
      channels,
      { session: this.#session, log: 'out' },
      reader,
      {
        ephemeral: (frame) => this.#heard(decodeEphemeral(frame)),
        owner: (owner) => {
          this.#owner = owner;
        },
        unknown: (young) => this.#events.unknown(young),
        connected: (connected) => this.#connected(connected),
      },
      this.#tools,
    );
    this.#follower.start();
  }

  /** There is room again: the reader may go on. */
  resume(): void {
    this.#follower?.resume();
  }

  publish(frame: Uint8Array): void {
    this.#tools.broker.logs.publish({ session: this.#session, log: 'in' }, frame);
  }

  close(): void {
    this.stopQueueing();
    this.#follower?.close();
  }

  #heard(told: Ephemeral | undefined): void {
    if (!told) return;
    if (told.kind === 'workerStatus') this.#owner = told.status.worker as WorkerId;
    this.#events.told(told);
  }

  #connected(connected: boolean): void {
    // What the worker said before this subscription was not heard here: how its upstream stands, who drives.
    if (connected) this.publish(encodeEphemeral({ input: 0, output: 0 }, { kind: 'ask', stream: noStream, givenUp: false }));
    this.#events.connected?.(connected);
  }
}
