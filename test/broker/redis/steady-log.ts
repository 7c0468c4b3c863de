import { Buffer } from 'node:buffer';
import { systemClock } from '../../../src/bin/system.ts';
import type { Broker } from '../../../src/broker/broker.ts';
import { LogAppender } from '../../../src/broker/log-appender.ts';
import { LogFollower } from '../../../src/broker/log-follower.ts';
import type { LogName } from '../../../src/broker/log-store.ts';
import { LogReader } from '../../../src/log/log-reader.ts';
import { dataOffer, LogWriter } from '../../../src/log/log-writer.ts';
import { crc32 } from '../../../src/protocol/crc32.ts';
import { type Entry, entryContent } from '../../../src/protocol/entry.ts';
import { FrameType } from '../../../src/protocol/frame-type.ts';
import type { SessionId } from '../../../src/protocol/ids.ts';
import { startOfLog } from '../../../src/protocol/position.ts';
import { claimedSession, newNonce, taken, worker } from '../../contract/broker/material.ts';
import { platformRandom } from '../../contract/broker/twins.ts';
import { until } from '../../support/until.ts';

const tools = { clock: systemClock, random: platformRandom };
/** Between two offers: slow enough that a ring lasts for seconds. */
const offerEveryMs = 2;

/** One log of one session, written and read by the production shells over real connections: what is read is compared with what was offered. */
export class SteadyLog implements AsyncDisposable {
  readonly id: SessionId;
  readonly writer: LogWriter;
  readonly appender: LogAppender;
  readonly #live: Reading;
  readonly #late: () => Reading;
  doubts = 0;
  stopped: string | undefined;
  #offered = '';
  #count = 0;
  #running = true;

  private constructor(id: SessionId, writer: LogWriter, writing: Broker, reading: Broker) {
    const log: LogName = { session: id, log: 'out' };
    this.id = id;
    this.writer = writer;
    const appended = {
      stored: () => undefined,
      stopped: (verdict: string) => {
        this.stopped = verdict;
      },
      doubt: (inDoubt: boolean) => {
        if (inDoubt) this.doubts++;
      },
    };
    this.appender = new LogAppender(writing.logs, log, writer, appended, tools);
    this.#live = new Reading(reading, log);
    this.#late = () => new Reading(reading, log);
    this.#offerLater();
  }

  static async start(writing: Broker, reading: Broker, tag?: SessionId): Promise<SteadyLog> {
    const id = tag ?? (await claimedSession(writing));
    const request = { nonce: newNonce(), writer: worker, expectedOwner: worker, newOwner: worker };
    return new SteadyLog(id, new LogWriter(taken(await writing.logs.takeOutput(id, request)), crc32), writing, reading);
  }

  /** Offers made so far. */
  get offers(): number {
    return this.#count;
  }

  /** Waits until so many more were offered and read. */
  async goesOn(more = 50): Promise<void> {
    const from = this.#live.text.length;
    await until(() => this.stopped !== undefined || this.#live.text.length > from + more * 3, {
      withinMs: 45_000,
      what: () => this.#tell(),
    });
  }

  /** Stops offering, waits until all of it was read, and reads it once more from the beginning. */
  async finish(): Promise<Outcome> {
    this.#running = false;
    const all = (reading: Reading) => this.writer.settled && reading.follower.reader.position.offset === this.writer.offeredOffset;
    await until(() => all(this.#live), { withinMs: 45_000, what: () => this.#tell() });
    const late = this.#late();
    await until(() => all(late), { withinMs: 45_000 });
    late.follower.close();
    return { offered: this.#offered, live: this.#live.told, late: late.told };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#running = false;
    this.appender.close();
    this.#live.follower.close();
  }

  #offerLater(): void {
    systemClock.after(offerEveryMs, () => {
      if (!this.#running) return;
      if (!this.writer.inDoubt && this.writer.pendingBytes < 65_536) this.#offer();
      this.#offerLater();
    });
  }

  #offer(): void {
    const text = `${this.#count++};`;
    this.#offered += text;
    this.appender.offer(dataOffer(FrameType.outputData, 0, Buffer.from(text)));
  }

  #tell(): string {
    const { position, live } = this.#live.follower.reader;
    const at = `read ${position.fence}-${position.seq}@${position.offset}${live ? ' live' : ''}`;
    return `goes on: offered ${this.writer.offeredOffset}, ${at}, in doubt ${this.writer.inDoubt}, stopped ${this.stopped}`;
  }
}

/** One reader from the beginning of the log. */
class Reading {
  readonly follower: LogFollower;
  text = '';
  gaps = 0;
  rewinds = 0;

  constructor(broker: Broker, log: LogName) {
    const sink = {
      deliver: (entry: Entry) => {
        this.text += Buffer.from(entryContent(entry)).toString();
      },
      gap: () => void this.gaps++,
      rewound: () => void this.rewinds++,
      roomEntries: () => 16,
    };
    const events = { ephemeral: () => undefined, owner: () => undefined, unknown: () => undefined, connected: () => undefined };
    this.follower = new LogFollower(broker.logs, broker.logs, log, new LogReader(sink, startOfLog, startOfLog), events, tools);
    this.follower.start();
  }

  get told(): Told {
    return { text: this.text, gaps: this.gaps, rewinds: this.rewinds };
  }
}

interface Told {
  readonly text: string;
  readonly gaps: number;
  readonly rewinds: number;
}

interface Outcome {
  readonly offered: string;
  readonly live: Told;
  readonly late: Told;
}

/** What a run without any loss answers. */
export function unharmed({ offered }: Outcome): Outcome {
  const told = { text: offered, gaps: 0, rewinds: 0 };
  return { offered, live: told, late: told };
}
