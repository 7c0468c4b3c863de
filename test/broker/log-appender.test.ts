import { describe, expect, it } from 'vitest';
import { LogAppender } from '../../src/broker/log-appender.ts';
import type { Confirmation, LogStore } from '../../src/broker/log-store.ts';
import { dataOffer, LogWriter } from '../../src/log/log-writer.ts';
import { crc32 } from '../../src/protocol/crc32.ts';
import { FrameType } from '../../src/protocol/frame-type.ts';
import type { SessionId } from '../../src/protocol/ids.ts';
import { startOfLog } from '../../src/protocol/position.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { until } from '../support/until.ts';

/** A place of the log that stores everything; its replica says when it has it. */
class Place {
  readonly confirms: ((confirmation: Confirmation) => void)[] = [];
  readonly claim = { fence: { position: { fence: 7, seq: 1, offset: 0, crc: 0 }, base: startOfLog, nonce: 1, writer: 'w' } };
  readonly writer = new LogWriter({ ...this.claim, frame: new Uint8Array(60), table: [] }, crc32);
  /** The slot of the log is another node's now; no connection broke. */
  moved: () => void = () => {};
  readonly pushedAgain: Uint8Array[] = [];
  /** The connection breaks behind each append: neither its answer nor its push comes. */
  answers = true;
  #stored = 1;

  readonly store = {
    append: async () => {
      this.#stored++;
      return this.answers ? 'stored' : 'doubt';
    },
    publish: (_log: unknown, frame: Uint8Array) => this.pushedAgain.push(frame),
    confirm: () => new Promise<Confirmation>((resolve) => this.confirms.push(resolve)),
    watchConnection: (_log: unknown, lost: () => void) => {
      this.moved = lost;
      return { close: () => {} };
    },
    reassert: async () => ({ kind: 'tail', tail: { fence: 7, seq: this.#stored } }),
  } as unknown as LogStore; // the rest of a store is not used by an appender

  appender(): LogAppender {
    const tools = { clock: new FakeClock(), random: { fraction: () => 0.5, bytes: (count: number) => new Uint8Array(count) } };
    const events = { stored: () => {}, stopped: () => {}, doubt: () => {} };
    return new LogAppender(this.store, { session: 's' as SessionId, log: 'out' }, this.writer, events, tools);
  }
}

describe('the shell of a writer', () => {
  it('[LG6] pushes a frame again whose answer was lost and that is in the log: nobody may have been pushed it', async () => {
    const place = new Place();
    const appender = place.appender();
    appender.offer(dataOffer(FrameType.outputData, 0, Buffer.from('a')));
    await until(() => place.writer.settled);
    expect(place.pushedAgain).toEqual([]);
    place.answers = false;
    appender.offer(dataOffer(FrameType.outputData, 0, Buffer.from('b')));
    await until(() => place.writer.settled && place.pushedAgain.length > 0);
    expect(place.pushedAgain).toEqual([place.writer.remains.frames.at(-1)]);
    appender.close();
  });

  it('[FC4] takes a confirmation of the place before a slot moved for none: frames stay until the new one has a replica of them', async () => {
    const place = new Place();
    const appender = place.appender();
    for (const text of ['a', 'b']) appender.offer(dataOffer(FrameType.outputData, 0, Buffer.from(text)));
    await until(() => place.writer.settled && place.confirms.length === 1);
    place.moved();
    await until(() => !place.writer.inDoubt);
    place.confirms[0]?.('replicated');
    await until(() => place.confirms.length === 2);
    expect(place.writer.remains.frames).toHaveLength(2);
    place.confirms[1]?.('replicated');
    await until(() => place.writer.remains.frames.length === 0);
    appender.close();
  });
});
