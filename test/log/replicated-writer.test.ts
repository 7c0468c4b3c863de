import { describe, expect, it } from 'vitest';
import { dataOffer, LogWriter } from '../../src/log/log-writer.ts';
import { crc32 } from '../../src/protocol/crc32.ts';
import { FrameType } from '../../src/protocol/frame-type.ts';
import { maxEntryPayloadBytes, writerRingBytes } from '../../src/protocol/limits.ts';
import { startOfLog } from '../../src/protocol/position.ts';

function newWriter(): LogWriter {
  const position = { fence: 7, seq: 1, offset: 0, crc: 0 };
  return new LogWriter({ fence: { position, base: startOfLog, nonce: 1, writer: 'w' }, frame: new Uint8Array(60), table: [] }, crc32);
}

const offer = (bytes = 10) => dataOffer(FrameType.outputData, 0, new Uint8Array(bytes));

/** Offers and stores one frame. @returns whether there was one to append */
function append(writer: LogWriter, nowMs: number, bytes = 10): boolean {
  writer.offer(offer(bytes));
  if (!writer.next()) return false;
  writer.stored(nowMs, true);
  return true;
}

describe('a writer whose server has a replica', () => {
  it('[FC4] keeps what was answered, however old, until it is confirmed', () => {
    const writer = newWriter();
    for (let second = 0; second < 10; second++) append(writer, second * 1000);
    expect(writer.remains.frames).toHaveLength(10);
    expect(writer.answeredSeq).toBe(11);
    writer.confirmed(6);
    expect(writer.remains.frames).toHaveLength(5);
    writer.confirmed(11);
    expect([writer.remains.frames.length, writer.answeredSeq]).toEqual([0, 0]);
  });

  it('[FC4] appends nothing new while the ring is full of what no replica has, and goes on when one has it', () => {
    const writer = newWriter();
    let appended = 0;
    while (append(writer, 0, maxEntryPayloadBytes)) appended++;
    expect(appended).toBe(Math.floor(writerRingBytes / maxEntryPayloadBytes));
    expect(writer.settled).toBe(false);
    writer.confirmed(2);
    expect(writer.next()).toBeDefined();
  });

  it('[FC4] a confirmation never drops what is to be sent again', () => {
    const writer = newWriter();
    for (let count = 0; count < 4; count++) append(writer, 0);
    writer.doubted();
    expect(writer.reasserted({ kind: 'tail', tail: { fence: 7, seq: 2 } })).toBe('go-on');
    writer.confirmed(5);
    expect(writer.remains.frames).toHaveLength(3);
  });

  it('[FC4] without a replica any more, room decides again', () => {
    const writer = newWriter();
    for (let count = 0; count < 9; count++) append(writer, 0, maxEntryPayloadBytes);
    const full = writer.ringBytes;
    expect(full).toBeGreaterThan(writerRingBytes);
    writer.unreplicated(3_100);
    expect(writer.ringBytes).toBeLessThanOrEqual(writerRingBytes);
    expect(writer.next()).toBeDefined();
  });
});
