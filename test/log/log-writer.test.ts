import { describe, expect, it } from 'vitest';
import { controlOffer, dataOffer, LogWriter } from '../../src/log/log-writer.ts';
import { crc32 } from '../../src/protocol/crc32.ts';
import { clientOffset, entryContent } from '../../src/protocol/entry.ts';
import { encodeFence } from '../../src/protocol/fence-entry.ts';
import { FrameType } from '../../src/protocol/frame-type.ts';
import { maxEntryPayloadBytes, writerRingBytes } from '../../src/protocol/limits.ts';
import { entryOf } from './log-on-record.ts';

const fence = {
  position: { fence: 7, seq: 4, offset: 10, crc: 99 },
  base: { fence: 3, seq: 3, offset: 10, crc: 99 },
  nonce: 1,
  writer: 'w',
};
const bytes = (text: string) => new TextEncoder().encode(text);
const text = (frame: Uint8Array | undefined) => (frame ? new TextDecoder().decode(entryContent(entryOf(frame))) : undefined);

function writer(): LogWriter {
  return new LogWriter({ fence, frame: encodeFence(fence), table: [] }, crc32);
}

function offer(log: LogWriter, content: string): void {
  log.offer(dataOffer(FrameType.outputData, 0, bytes(content)));
}

/** Offers, appends and stores one entry. */
function write(log: LogWriter, content: string, nowMs = 0): Uint8Array {
  offer(log, content);
  const frame = log.next();
  if (!frame) throw new Error('nothing to append');
  log.stored(nowMs);
  return frame;
}

const tail = (seq: number, of = 7) => ({ kind: 'tail', tail: { fence: of, seq } }) as const;

describe('[LG2] names of entries', () => {
  it('[LG2] continues the sequence and the offset of its fence entry', () => {
    const log = writer();
    const entry = entryOf(write(log, 'abc'));
    expect(entry).toMatchObject({ fence: 7, seq: 5, offset: 10, crc: crc32(bytes('abc'), 99) });
    expect(entryOf(write(log, 'd'))).toMatchObject({ fence: 7, seq: 6, offset: 13 });
  });

  it('[LG2] has at most one append un-answered (hole 5)', () => {
    const log = writer();
    offer(log, 'a');
    expect(text(log.next())).toBe('a');
    log.offer(controlOffer(FrameType.outputMark, 0, bytes('m')));
    offer(log, 'b');
    expect(log.next()).toBeUndefined();
    log.stored(0);
    expect(log.next()).toBeDefined();
  });

  it('[FC6] merges meanwhile, up to the size of an entry', () => {
    const log = writer();
    offer(log, 'a');
    log.next();
    for (const piece of ['b', 'c', 'd']) offer(log, piece);
    offer(log, 'x'.repeat(maxEntryPayloadBytes));
    expect(log.pendingBytes).toBe(3 + maxEntryPayloadBytes);
    log.stored(0);
    expect(text(log.next())).toBe('bcd');
    log.stored(0);
    expect(text(log.next())).toHaveLength(maxEntryPayloadBytes);
    expect(log.pendingBytes).toBe(0);
  });

  it('[RS4] keeps the client offset of the first piece of input that it merges', () => {
    const log = writer();
    const lead = (offset: number) => Uint8Array.of(0, 0, 0, 0, 0, 0, 0, offset);
    log.offer(dataOffer(FrameType.inputData, 0, bytes('ab'), lead(5)));
    log.offer(dataOffer(FrameType.inputData, 0, bytes('c'), lead(7)));
    const entry = entryOf(log.next() as Uint8Array);
    expect(clientOffset(entry)).toBe(5);
    expect(text(entry.frame)).toBe('abc');
  });

  it('[LG7] a gap entry moves the offset by what it declares', () => {
    const log = writer();
    log.offer({ type: FrameType.outputGap, flags: 0, lead: new Uint8Array(9), content: new Uint8Array(0), skippedBytes: 5 });
    expect(log.offeredOffset).toBe(15);
    log.next();
    log.stored(0);
    expect(entryOf(write(log, 'a')).offset).toBe(15);
  });
});

describe('[LG6] doubt', () => {
  it('[LG6] appends nothing until reassert has answered (hole 6)', () => {
    const log = writer();
    offer(log, 'a');
    log.next();
    log.doubted();
    offer(log, 'b');
    expect(log.next()).toBeUndefined();
    expect(log.settled).toBe(false);
  });

  it('[LG6] sends again what is above the tail, the same bytes under the same id, then what is new (holes 6, 27)', () => {
    const log = writer();
    const [a, b] = [write(log, 'a'), write(log, 'b')];
    offer(log, 'c');
    const c = log.next();
    log.doubted();
    offer(log, 'd');
    expect(log.reasserted(tail(4))).toBe('go-on');
    for (const frame of [a, b, c]) {
      expect(log.next()).toBe(frame);
      log.stored(0);
    }
    expect(text(log.next())).toBe('d');
  });

  it('[LG6] an append that was stored though its answer was lost is not sent again', () => {
    const log = writer();
    offer(log, 'a');
    log.next();
    log.doubted();
    log.reasserted(tail(5));
    expect(log.next()).toBeUndefined();
    expect(log.settled).toBe(true);
  });

  it('[LG6] [FC4] what was stored though its answer was lost counts as answered: told once, and forgotten in time', () => {
    const log = writer();
    offer(log, 'a');
    const a = log.next();
    log.doubted();
    log.reasserted(tail(5), 1_000);
    expect(log.found()).toEqual([a]);
    expect(log.found()).toEqual([]);
    write(log, 'b', 1_000);
    log.forgetAnswered(3_000);
    expect(log.ringBytes).toBe(0);
  });

  it('[LG6] ignores a late answer to an append that is in doubt', () => {
    const log = writer();
    offer(log, 'a');
    log.next();
    log.doubted();
    log.stored(0);
    expect(log.inDoubt).toBe(true);
  });

  it.each(['replaced', 'ended', 'take-again'] as const)('[LG6] writes nothing more after %s', (kind) => {
    const log = writer();
    offer(log, 'a');
    log.doubted();
    expect(log.reasserted({ kind })).toBe(kind);
    offer(log, 'b');
    expect(log.next()).toBeUndefined();
  });

  it('[LG8] can send again what a fail-over takes back together with the end', () => {
    const log = writer();
    write(log, 'a');
    log.doubted();
    log.reasserted({ kind: 'ended' });
    expect(log.reasserted(tail(4))).toBe('go-on');
    expect(text(log.next())).toBe('a');
  });

  it('[LG6] a tail of another fence means replaced (hole 7)', () => {
    const log = writer();
    log.doubted();
    expect(log.reasserted(tail(9, 8))).toBe('replaced');
    expect(log.stopped).toBe(true);
  });

  it('[LG11] unknown ends nothing: the keys may come back', () => {
    const log = writer();
    write(log, 'a');
    log.doubted();
    expect(log.reasserted({ kind: 'unknown' })).toBe('unknown');
    expect(log.stopped).toBe(false);
    expect(log.reasserted(tail(4))).toBe('go-on');
    expect(text(log.next())).toBe('a');
  });
});

describe('[FC4] the ring', () => {
  it('[FC4] keeps an answered frame until its owner forgets what is so old', () => {
    const log = writer();
    write(log, 'a', 500);
    log.forgetAnswered(499);
    expect(log.ringBytes).toBeGreaterThan(0);
    log.forgetAnswered(500);
    expect(log.ringBytes).toBe(0);
  });

  it('[FC4] keeps less when there is no room, and never forgets what is un-answered', () => {
    const log = writer();
    const big = 'x'.repeat(maxEntryPayloadBytes);
    for (let i = 0; i < 12; i++) write(log, big, 0);
    expect(log.ringBytes).toBeLessThanOrEqual(writerRingBytes);
    offer(log, 'last');
    log.next();
    log.forgetAnswered(10_000);
    log.doubted();
    log.reasserted(tail(log.head.seq - 1));
    expect(text(log.next())).toBe('last');
  });

  it('[LG8] what it no longer has stays a hole, which it tells when nothing else will show it', () => {
    const log = writer();
    write(log, 'a', 0);
    log.forgetAnswered(5_000);
    log.doubted();
    expect(log.reasserted(tail(4))).toBe('go-on');
    expect(log.holed).toBe(true);
    offer(log, '');
    expect(log.holed).toBe(false);
    expect(entryOf(log.next() as Uint8Array)).toMatchObject({ seq: 6, offset: 11 });
  });

  it('[LG8] is not holed when the next entry shows what is missing', () => {
    const log = writer();
    write(log, 'a', 0);
    log.forgetAnswered(5_000);
    log.doubted();
    offer(log, 'b');
    log.reasserted(tail(4));
    expect(log.holed).toBe(false);
  });
});
