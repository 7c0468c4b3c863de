import { describe, expect, it } from 'vitest';
import { dataOffer, LogWriter } from '../../src/log/log-writer.ts';
import { RingBudget } from '../../src/log/ring-budget.ts';
import { crc32 } from '../../src/protocol/crc32.ts';
import { FrameType } from '../../src/protocol/frame-type.ts';
import { writerRingBytes } from '../../src/protocol/limits.ts';
import { startOfLog } from '../../src/protocol/position.ts';

const KiB = 1024;
const entryBytes = 16 * KiB;

function newWriter(rings: RingBudget): LogWriter {
  const position = { fence: 7, seq: 1, offset: 0, crc: 0 };
  const fence = { position, base: startOfLog, nonce: 1, writer: 'w' };
  return new LogWriter({ fence, frame: new Uint8Array(60), table: [] }, crc32, rings);
}

function store(writer: LogWriter, bytes: number, nowMs: number): void {
  for (let stored = 0; stored < bytes; stored += entryBytes) {
    writer.offer(dataOffer(FrameType.outputData, 0, new Uint8Array(entryBytes)));
    writer.next();
    writer.stored(nowMs);
  }
}

function forever(totalBytes: number): RingBudget {
  return new RingBudget({ totalBytes, keepMs: Number.POSITIVE_INFINITY });
}

describe('what the rings of one process keep, all together', () => {
  it('[FC4] while there is room each ring fills its own bound, however old its frames', () => {
    const writer = newWriter(forever(64 * 1024 * KiB));
    store(writer, 2 * writerRingBytes, 0);
    store(writer, entryBytes, 3_600_000);
    expect(writer.ringBytes).toBeGreaterThan(writerRingBytes - 2 * entryBytes);
    expect(writer.ringBytes).toBeLessThanOrEqual(writerRingBytes);
  });

  it('[FC4] [FC7] beyond it each keeps its share, an idle one too', () => {
    const rings = forever(1024 * KiB);
    const idle = newWriter(rings);
    store(idle, writerRingBytes, 0);
    const busy = Array.from({ length: 7 }, () => newWriter(rings));
    for (let round = 0; round < 40; round++) for (const writer of busy) store(writer, entryBytes, round * 100);
    const all = [idle, ...busy].map(({ ringBytes }) => ringBytes);
    expect(all.reduce((sum, bytes) => sum + bytes)).toBeLessThanOrEqual(1024 * KiB + busy.length * 2 * entryBytes);
    expect(Math.max(...all)).toBeLessThan(256 * KiB);
    expect(Math.min(...all)).toBeGreaterThan(96 * KiB);
  });

  it('[FC4] a replicated ring gives back nothing that no replica has, and appends nothing new beyond its share', () => {
    const rings = forever(256 * KiB);
    newWriter(rings);
    const writer = newWriter(rings);
    let appended = 0;
    for (; ; appended++) {
      writer.offer(dataOffer(FrameType.outputData, 0, new Uint8Array(entryBytes)));
      if (!writer.next()) break;
      writer.stored(appended * 10_000, true);
    }
    expect(writer.remains.frames).toHaveLength(appended);
    expect(writer.ringBytes).toBeGreaterThan(256 * KiB);
    expect(writer.ringBytes).toBeLessThanOrEqual(256 * KiB + 2 * entryBytes);
  });

  it('[FC4] drops what is older than it wants', () => {
    const writer = newWriter(new RingBudget({ totalBytes: 1024 * KiB, keepMs: 2_000 }));
    store(writer, entryBytes, 0);
    store(writer, entryBytes, 1_999);
    expect(writer.remains.frames).toHaveLength(2);
    store(writer, entryBytes, 2_000);
    expect(writer.remains.frames).toHaveLength(2);
  });

  it('[FC4] a writer that stops leaves room for the others', () => {
    const rings = forever(256 * KiB);
    const [first, second] = [newWriter(rings), newWriter(rings)];
    for (let round = 0; round < 20; round++) for (const writer of [first, second]) store(writer, entryBytes, 0);
    expect(second.ringBytes).toBeLessThan(160 * KiB);
    first.stop();
    first.stop();
    store(second, 192 * KiB, 1);
    expect(second.ringBytes).toBeGreaterThan(192 * KiB);
  });
});
