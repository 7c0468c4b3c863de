import { Backoff } from '../base/backoff.ts';
import type { Clock, Random, Timer } from '../base/clock.ts';
import type { Claim, LogWriter, Offer, WriterVerdict } from '../log/log-writer.ts';
import type { LogName, LogStore, LogSubscription, ReassertAnswer } from './log-store.ts';

export interface AppenderEvents {
  /** One frame is in the log. */
  stored(frame: Uint8Array): void;
  /** The writer has ended: somebody else writes, or the session is over. Called once; nothing is appended after it. */
  stopped(verdict: Exclude<WriterVerdict, 'go-on'>): void;
  /** What was stored last is lost for good: an empty entry shows readers that something is missing (LG7, LG8). */
  holed?(): Offer;
  /**
   * The log's keys are gone (LG11). @returns the claim under which the writer goes on; 'again' to compare once more; undefined when it
   * cannot restore them
   */
  restore?(young: boolean): Promise<Claim | 'again' | undefined>;
  /** In doubt the source must be paused (FC4); settled again when false. */
  doubt(inDoubt: boolean): void;
}

export interface ShellTools {
  readonly clock: Clock;
  readonly random: Random;
  /** Whether this process may write now: a worker's lease (LS1). Absent: always. */
  readonly permit?: () => boolean;
}

/**
 * Drives a {@link LogWriter} against the broker: appends what it has, one at a time, and after any doubt asks `reassert` until it is
 * answered (LG6). The twins share it.
 */
export class LogAppender {
  readonly #store: LogStore;
  readonly #log: LogName;
  readonly writer: LogWriter;
  readonly #events: AppenderEvents;
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  readonly #permit: () => boolean;
  readonly #watch: LogSubscription;
  #timer: Timer | undefined;
  /** A confirmation of what was stored is under way (FC4): one at a time. */
  #confirming = false;
  /** Times the place of the log was in doubt: what was asked before says nothing of where it is now. */
  #doubts = 0;
  #closed = false;

  constructor(store: LogStore, log: LogName, writer: LogWriter, events: AppenderEvents, tools: ShellTools) {
    this.#store = store;
    this.#log = log;
    this.writer = writer;
    this.#events = events;
    this.#clock = tools.clock;
    this.#backoff = new Backoff(tools.random, 20, 1000);
    this.#permit = tools.permit ?? (() => true);
    this.#watch = store.watchConnection(log, () => this.doubt());
  }

  offer(offer: Offer): void {
    this.writer.offer(offer);
    this.#flush();
  }

  /** The owner doubts, for example after its lease was late (LS1): compare before the next append. */
  doubt(): void {
    if (this.#closed || this.writer.stopped || this.writer.inDoubt) return;
    this.#doubted();
  }

  /** Ends this appender and leaves its writer to another owner. */
  handOver(): LogWriter {
    this.#closed = true;
    this.#watch.close();
    this.#timer?.cancel();
    return this.writer;
  }

  /** Appends nothing more. What is un-answered may still be stored. */
  close(): void {
    this.#closed = true;
    this.#watch.close();
    this.#timer?.cancel();
    this.writer.stop();
  }

  #flush(): void {
    if (this.#closed || this.writer.inDoubt) return;
    if (!this.#permit()) {
      this.#doubted();
      return;
    }
    const frame = this.writer.next();
    if (!frame) return;
    void this.#store.append(this.#log, frame).then((answer) => {
      if (this.#closed || this.writer.inDoubt) return;
      if (answer === 'doubt') return this.#doubted();
      this.writer.stored(this.#clock.now(), this.#confirming);
      this.#confirm();
      this.#events.stored(frame);
      this.#flush();
    });
  }

  #confirm(): void {
    const seq = this.writer.answeredSeq;
    if (this.#confirming || this.#closed || seq === 0) return;
    const confirming = this.#store.confirm(this.#log);
    if (!confirming) return;
    this.#confirming = true;
    const doubts = this.#doubts;
    void confirming.then((confirmation) => {
      this.#confirming = false;
      if (confirmation === 'lost') return;
      if (doubts === this.#doubts && confirmation === 'replicated') this.writer.confirmed(seq);
      else if (doubts === this.#doubts) this.writer.unreplicated(this.#clock.now());
      else if (this.writer.inDoubt) return;
      this.#confirm();
      this.#flush();
    });
  }

  #doubted(): void {
    this.#doubts++;
    this.writer.doubted();
    this.#events.doubt(true);
    void this.#reassert();
  }

  async #reassert(): Promise<void> {
    if (!this.#permit()) return this.#again();
    let answer: ReassertAnswer;
    try {
      answer = await this.#store.reassert(this.#log, this.writer.claim);
    } catch {
      return this.#again();
    }
    if (this.#closed) return;
    if (answer.kind === 'unknown') {
      const { young } = answer;
      const restored = await this.#events.restore?.(young);
      if (this.#closed) return;
      if (restored === 'again' || (!restored && young)) return this.#again();
      if (restored) {
        this.writer.restored(restored, this.#clock.now());
        answer = { kind: 'tail', tail: restored.fence.position };
      }
    }
    const verdict = this.writer.reasserted(answer, this.#clock.now());
    if (verdict === 'go-on') {
      this.#backoff.reset();
      for (const frame of this.writer.found()) {
        // Its push was sent behind it, and may be lost with the answer: readers drop what they have.
        this.#store.publish(this.#log, frame);
        this.#events.stored(frame);
      }
      this.#events.doubt(false);
      this.#confirm();
      if (this.writer.holed && this.#events.holed) this.writer.offer(this.#events.holed());
      this.#flush();
    } else {
      this.#closed = true;
      this.#watch.close();
      this.#events.stopped(verdict);
    }
  }

  #again(): void {
    if (this.#closed) return;
    this.#timer = this.#clock.after(this.#backoff.nextMs(), () => void this.#reassert());
  }
}
