import { LogAppender } from '../../../src/broker/log-appender.ts';
import type { LogName, TakeAnswer } from '../../../src/broker/log-store.ts';
import { dataOffer, LogWriter } from '../../../src/log/log-writer.ts';
import { takeNonce } from '../../../src/log/nonce.ts';
import { RingBudget } from '../../../src/log/ring-budget.ts';
import { TrimLine } from '../../../src/log/trim-line.ts';
import { crc32 } from '../../../src/protocol/crc32.ts';
import { decodeEntry } from '../../../src/protocol/entry.ts';
import { FrameType } from '../../../src/protocol/frame-type.ts';
import type { WorkerId } from '../../../src/protocol/ids.ts';
import { emptyOutput } from '../../../src/worker/end-keeper.ts';
import type { SimProcess } from '../sim-process.ts';
import type { World } from '../world.ts';
import type { LogTruth } from './log-truth.ts';

export interface WriterSize {
  readonly logBytes: number;
  readonly pieceBytes: number;
  /** An answered frame stays in the ring for so long at most. */
  readonly keepMs: number;
}

/** A process that takes the log from whoever writes it and writes until it is replaced. No lease holds it back: it may wake at any time. */
export class SimLogWriter {
  readonly name: WorkerId;
  readonly process: SimProcess;
  readonly #world: World;
  readonly #log: LogName;
  readonly #truth: LogTruth;
  readonly #pieceBytes: number;
  readonly #trims: TrimLine;
  readonly #rings: RingBudget;
  #appender: LogAppender | undefined;
  #over = false;

  constructor(world: World, name: string, log: LogName, truth: LogTruth, size: WriterSize) {
    this.#world = world;
    this.name = name as WorkerId;
    this.#log = log;
    this.#truth = truth;
    this.#pieceBytes = size.pieceBytes;
    this.process = world.newProcess(name);
    this.#trims = new TrimLine(size.logBytes);
    this.#rings = new RingBudget({ totalBytes: Number.POSITIVE_INFINITY, keepMs: size.keepMs });
    void this.#start();
  }

  /** Replaced, or gone. */
  get over(): boolean {
    return this.#over;
  }

  get writer(): LogWriter | undefined {
    return this.#appender?.writer;
  }

  write(count = this.#world.random.whole(1, this.#pieceBytes)): void {
    const bytes = this.#world.random.bytes(count);
    this.process.enter(() => this.#appender?.offer(dataOffer(FrameType.outputData, 0, bytes)));
  }

  kill(): void {
    this.#over = true;
    this.process.kill();
    this.#world.broker.died(this.process);
  }

  async #start(): Promise<void> {
    const { random, broker } = this.#world;
    const { logs, sessions } = broker.connect(this.process);
    const tools = { clock: this.process.clock, random: random.fork() };
    const nonce = takeNonce(random);
    const take = async (): Promise<TakeAnswer | undefined> => {
      try {
        const owner = (await sessions.read(this.#log.session))?.owner;
        // A fail-over took back that somebody had it.
        if (!owner) await sessions.claim(this.#log.session, this.name);
        return await logs.takeOutput(this.#log.session, {
          nonce,
          writer: this.name,
          expectedOwner: owner ?? this.name,
          newOwner: this.name,
        });
      } catch {
        return undefined;
      }
    };
    let taken = await take();
    while (taken?.kind !== 'taken') {
      await new Promise<void>((resolve) => this.process.clock.after(random.between(20, 400), resolve));
      taken = await take();
    }
    const entry = decodeEntry(taken.frame);
    if (entry) this.#truth.seen(entry);
    this.#world.note(`${this.name} takes ${taken.fence.position.fence} on ${taken.fence.base.fence}-${taken.fence.base.seq}`);
    const events = {
      stored: (frame: Uint8Array) => {
        const entry = decodeEntry(frame);
        const first = entry && this.#trims.stored(entry, frame.length);
        if (first) logs.trim(this.#log, first);
      },
      stopped: (verdict: string) => {
        this.#over = true;
        this.#world.note(`${this.name} stops: ${verdict}`);
      },
      holed: emptyOutput,
      doubt: () => {},
    };
    const append = logs.append.bind(logs);
    logs.append = (log, frame, ...rest) => {
      this.#truth.writes(nonce, frame);
      return append(log, frame, ...rest);
    };
    this.#appender = new LogAppender(logs, this.#log, new LogWriter(taken, crc32, this.#rings), events, tools);
  }
}
