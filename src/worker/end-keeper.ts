import { sleep } from '../base/clock.ts';
import type { EndRequest, LogName } from '../broker/log-store.ts';
import { type Claim, dataOffer, type LogWriter, type Offer } from '../log/log-writer.ts';
import { FrameType } from '../protocol/frame-type.ts';
import type { SessionId } from '../protocol/ids.ts';
import type { EntryId } from '../protocol/position.ts';
import type { PumpTools } from './pump-tools.ts';

/**
 * When an end is looked at again: a fail-over that loses it comes soon, or it is not the end that it loses. A server that came back empty is
 * young for 30 s.
 */
const lookAfterMs = [1_000, 3_000, 10_000] as const;
const lookEveryMs = 20_000;

/** What was stored longer ago is not sent again: an ended session keeps little. */
const keepAnsweredMs = 2_000;

/** An entry without bytes behind a hole of the output log: its offset tells readers what is missing (LG7). */
export function emptyOutput(): Offer {
  return dataOffer(FrameType.outputData, 0, new Uint8Array(0));
}

type Restore = (signal: AbortSignal) => Promise<Claim | 'again' | undefined>;

/**
 * A session's end as its worker wrote it. A fail-over may lose it, and then the session stands as if it went on, with an owner that
 * lives: nobody else would end it (LS2). A server that comes back empty has lost it whole (LG11). So its worker looks again as long as the
 * session is kept, and writes what is missing once more.
 */
export class EndKeeper {
  readonly #log: LogName;
  readonly #writer: LogWriter;
  readonly #request: EndRequest;
  readonly #tools: PumpTools;
  readonly #restore: Restore;
  readonly #stop = new AbortController();

  /** @param restore writes the session again from memory, as one that goes on */
  constructor(log: LogName, writer: LogWriter, request: EndRequest, restore: Restore, tools: PumpTools) {
    this.#log = log;
    this.#writer = writer;
    this.#request = request;
    this.#restore = restore;
    this.#tools = tools;
  }

  get sessionId(): SessionId {
    return this.#log.session;
  }

  /** Resolves when the session is over for everybody, or not this worker's business any more. */
  async run(): Promise<void> {
    try {
      await this.#watch();
    } finally {
      this.#writer.stop();
    }
  }

  async #watch(): Promise<void> {
    const { signal } = this.#stop;
    const { clock, permit } = this.#tools;
    const untilMs = clock.now() + this.#request.keepMs;
    for (let looks = 0; clock.now() < untilMs; looks++) {
      await sleep(clock, lookAfterMs[looks] ?? lookEveryMs, signal);
      if (signal.aborted) return;
      this.#writer.forgetAnswered(clock.now() - keepAnsweredMs);
      if (permit() && (await this.#look().catch(() => 'unanswered')) === 'over') return;
    }
  }

  stop(): void {
    this.#stop.abort();
  }

  async #look(): Promise<'over' | 'kept'> {
    const { logs } = this.#tools.broker;
    const answer = await logs.reassert(this.#log, this.#writer.claim);
    if (answer.kind === 'ended') return 'kept';
    this.#writer.doubted();
    if (answer.kind === 'unknown' && answer.young) {
      const claim = await this.#restore(this.#stop.signal);
      if (claim === undefined || claim === 'again') return 'kept';
      this.#writer.restored(claim, this.#tools.clock.now());
      return this.#endAgain(claim.fence.position);
    }
    return answer.kind === 'tail' ? this.#endAgain(answer.tail) : 'over';
  }

  async #endAgain(tail: EntryId): Promise<'over' | 'kept'> {
    const { logs } = this.#tools.broker;
    if (this.#writer.reasserted({ kind: 'tail', tail }, this.#tools.clock.now()) !== 'go-on') return 'over';
    if (this.#writer.holed) this.#writer.offer(emptyOutput());
    for (let frame = this.#writer.next(); frame; frame = this.#writer.next()) {
      if (!this.#tools.permit() || (await logs.append(this.#log, frame)) !== 'stored') {
        this.#writer.doubted();
        return 'kept';
      }
      this.#writer.stored(this.#tools.clock.now());
    }
    this.#tools.log('session ended again', { sessionId: this.#log.session, answer: await logs.end(this.#log.session, this.#request) });
    return 'kept';
  }
}
