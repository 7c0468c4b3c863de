import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { LogReader } from '../../src/log/log-reader.ts';
import { encodeEntry } from '../../src/protocol/entry.ts';
import { FrameType } from '../../src/protocol/frame-type.ts';
import { keptPushBytes } from '../../src/protocol/limits.ts';
import { startOfLog } from '../../src/protocol/position.ts';

const contentBytes = 1_000;

function frame(seq: number): Uint8Array {
  const content = new Uint8Array(contentBytes);
  return encodeEntry({ type: FrameType.outputData, flags: 0, fence: 7, seq, offset: seq * contentBytes, crc: crc32(content) }, content);
}

describe('pushes that come while a page is read', () => {
  it('[LG5] are kept up to their bound; beyond it they are dropped, and the log is read again', () => {
    const sink = { deliver() {}, gap() {}, rewound() {}, roomEntries: () => 16 };
    const reader = new LogReader(sink, startOfLog, startOfLog);
    const need = reader.subscribed();
    let most = 0;
    for (let seq = 2; seq < 1_000; seq++) {
      reader.push(frame(seq));
      most = Math.max(most, reader.keptBytes);
    }
    expect(most).toBeGreaterThan(keptPushBytes - 2 * contentBytes);
    expect(most).toBeLessThanOrEqual(keptPushBytes);
    expect(reader.keptBytes).toBe(0);
    expect(need?.kind).toBe('read');
    expect(reader.page(need?.turn ?? 0, [], [], 16)).toMatchObject({ kind: 'read' });
  });

  it('[LG5] are told apart from what was read: how much is on the log beyond the position', () => {
    const sink = { deliver() {}, gap() {}, rewound() {}, roomEntries: () => 0 };
    const reader = new LogReader(sink, startOfLog, startOfLog);
    reader.subscribed();
    expect(reader.parked).toBe(true);
    reader.push(frame(9));
    expect([reader.heardOffset, reader.keptBytes]).toStrictEqual([10 * contentBytes, 0]);
  });
});
