import { expect, it } from 'vitest';
import type { FenceTable } from '../../src/log/fence-table.ts';
import { LogReader } from '../../src/log/log-reader.ts';
import { crc32 } from '../../src/protocol/crc32.ts';
import { decodeEntry, type Entry, encodeEntry } from '../../src/protocol/entry.ts';
import { encodeFence } from '../../src/protocol/fence-entry.ts';
import { FrameType } from '../../src/protocol/frame-type.ts';
import { compareIds, type Position, startOfLog } from '../../src/protocol/position.ts';

it('[LG10] a reader comes past more void entries than a page holds', () => {
  const entries: Entry[] = [];
  const keep = (frame: Uint8Array): Entry => {
    const entry = decodeEntry(frame);
    if (!entry) throw new Error('no entry');
    entries.push(entry);
    return entry;
  };
  const first: Position = { fence: 1, seq: 1, offset: 0, crc: 0 };
  keep(encodeFence({ position: first, base: startOfLog, nonce: 1, writer: 'w1' }));
  // Fence 2 was taken on fence 1's first entry, its take was lost, and writer 1 went on for a while before it was put back.
  let at: Position = first;
  for (let seq = 2; seq <= 60; seq++) {
    const content = Uint8Array.of(seq);
    at = { fence: 1, seq, offset: at.offset, crc: crc32(content, at.crc) };
    keep(encodeEntry({ type: FrameType.outputData, flags: 0, ...at }, content));
    at = { ...at, offset: at.offset + 1 };
  }
  const fence = keep(encodeFence({ position: { fence: 2, seq: 2, offset: 0, crc: 0 }, base: first, nonce: 2, writer: 'w2' }));
  const table: FenceTable = [
    { fence: 1, base: startOfLog, nonce: 1 },
    { fence: 2, base: first, nonce: 2 },
  ];
  const delivered: Entry[] = [];
  const sink = { deliver: (entry: Entry) => delivered.push(entry), gap: () => {}, rewound: () => {}, roomEntries: () => 16 };
  const reader = new LogReader(sink, first, startOfLog);
  let need = reader.subscribed();
  let reads = 0;
  while (need?.kind === 'read' && ++reads < 50) {
    const { turn, from, count } = need;
    need = reader.page(turn, table, entries.filter((entry) => compareIds(entry, from) >= 0).slice(0, count), count);
  }
  expect(delivered).toEqual([fence]);
  expect(reader.live).toBe(true);
  expect(reads).toBeLessThan(10);
});
