import { describe, expect, it } from 'vitest';
import type { FenceTable } from '../../src/log/fence-table.ts';
import { locate } from '../../src/log/locate.ts';
import { LogReader } from '../../src/log/log-reader.ts';
import { decodeEntry, type Entry, encodeEntry } from '../../src/protocol/entry.ts';
import { FrameType } from '../../src/protocol/frame-type.ts';
import { type Position, startOfLog } from '../../src/protocol/position.ts';

/** Ten bytes an entry; the CRC is a name here. */
function at(fence: number, seq: number, crc = seq): Position {
  return { fence, seq, offset: seq * 10, crc };
}

function entry({ fence, seq, offset, crc }: Position): Entry {
  const frame = encodeEntry({ type: FrameType.outputData, flags: 0, fence, seq, offset: offset - 10, crc }, new Uint8Array(10));
  const decoded = decodeEntry(frame);
  if (!decoded) throw new Error('no entry');
  return decoded;
}

/** Fence 100 wrote up to seq 5, fence 200 went on from there. */
const table: FenceTable = [
  { fence: 100, base: startOfLog, nonce: 1 },
  { fence: 200, base: at(100, 5), nonce: 2 },
];

describe('where a position meets the record', () => {
  it('[RS3] the start of a log always is on it', () => {
    expect(locate(startOfLog, 0, [], [])).toStrictEqual({ kind: 'on-record' });
  });

  it('[RS3] (a) not where the entry of that name is another one', () => {
    expect(locate(at(200, 7), 0, table, [entry(at(200, 7, 99))])).toStrictEqual({ kind: 'lost' });
    expect(locate({ ...at(200, 7), offset: 71 }, 0, table, [entry(at(200, 7))])).toStrictEqual({ kind: 'lost' });
  });

  it('[RS3] (b) up to the base of the next fence; beyond it the history was left, and it goes back there', () => {
    expect(locate(at(100, 3), 0, table, [])).toStrictEqual({ kind: 'on-record' });
    expect(locate(at(100, 5), 0, table, [entry(at(100, 5))])).toStrictEqual({ kind: 'on-record' });
    expect(locate(at(100, 6), 0, table, [])).toStrictEqual({ kind: 'rewound', to: at(100, 5) });
  });

  it('[RS3] (c) in the newest fence, or beyond its tail, which the writer is about to send again', () => {
    expect(locate(at(200, 7), 0, table, [entry(at(200, 7)), entry(at(200, 8))])).toStrictEqual({ kind: 'on-record' });
    expect(locate(at(200, 9), 0, table, [])).toStrictEqual({ kind: 'ahead' });
  });

  it('[RS3] not in a fence that another primary gave to another take, whose nonce differs', () => {
    expect(locate(at(200, 7), 2, table, [])).toStrictEqual({ kind: 'ahead' });
    expect(locate(at(200, 7), 3, table, [])).toStrictEqual({ kind: 'foreign' });
    expect(locate(at(100, 3), 3, table, [entry(at(100, 3))])).toStrictEqual({ kind: 'foreign' });
    expect(locate(at(300, 9), 3, table, [])).toStrictEqual({ kind: 'unheard-of' });
  });

  it('[RS3] (d) in a fence that nobody has heard of, or one that the next does not name', () => {
    expect(locate(at(300, 9), 0, table, [])).toStrictEqual({ kind: 'unheard-of' });
    expect(locate(at(150, 4), 0, table, [])).toStrictEqual({ kind: 'lost' });
  });

  it('[RS3] (e) where its own entry is, in a fence that is older than the table reaches back', () => {
    const newest: FenceTable = [
      { fence: 400, base: at(300, 9), nonce: 4 },
      { fence: 500, base: at(400, 12), nonce: 5 },
    ];
    expect(locate(at(100, 3), 0, newest, [entry(at(100, 3))])).toStrictEqual({ kind: 'on-record' });
    expect(locate(at(100, 3), 0, newest, [entry(at(100, 3, 99))])).toStrictEqual({ kind: 'lost' });
    expect(locate(at(100, 3), 0, newest, [entry(at(100, 4))])).toStrictEqual({ kind: 'lost' });
  });
});

describe('a reader whose position is not on the record', () => {
  const told: string[] = [];
  const sink = {
    deliver: (each: Entry) => told.push(`entry ${each.seq}`),
    gap: () => told.push('gap'),
    rewound: (to: Position) => told.push(`rewound ${to.fence}-${to.seq}`),
    roomEntries: () => 16,
  };
  const read = (reader: LogReader, rows: FenceTable, entries: readonly Entry[]) => {
    const need = reader.subscribed();
    if (need?.kind !== 'read') throw new Error('no read');
    return reader.page(need.turn, rows, entries, 16);
  };

  it('[RS3] waits for a reassert when its fence is above all, and then goes back to the base of its fence', () => {
    told.length = 0;
    const reader = new LogReader(sink, at(300, 9), at(200, 6));
    const wait = read(reader, table, []);
    expect(wait?.kind).toBe('wait');
    const again = wait?.kind === 'wait' ? reader.waited(wait.turn) : undefined;
    if (again?.kind !== 'read') throw new Error('no read');
    const base = reader.page(again.turn, table, [], 16);
    expect(base).toMatchObject({ kind: 'read', from: { fence: 200, seq: 6 } });
    if (base?.kind !== 'read') throw new Error('no read');
    reader.page(base.turn, table, [entry(at(200, 6)), entry(at(200, 7))], 16);
    expect(told).toStrictEqual(['rewound 200-6', 'entry 7']);
    expect(reader.live).toBe(true);
  });

  it('[RS3] reads again when the log shows a fence that the table, read before it, has not', () => {
    told.length = 0;
    const reader = new LogReader(sink, at(200, 7), at(100, 5));
    const need = read(reader, table, [entry(at(200, 7)), entry(at(400, 8))]);
    expect(need).toMatchObject({ kind: 'read', from: { fence: 200, seq: 7 } });
    expect(told).toStrictEqual([]);
  });

  it('[RS3] takes everything back when nothing of its history is known; what the log no longer has is a gap', () => {
    told.length = 0;
    const reader = new LogReader(sink, at(150, 4), startOfLog);
    const first = read(reader, table, []);
    expect(first).toMatchObject({ kind: 'read', from: { fence: 0, seq: 0 } });
    if (first?.kind !== 'read') throw new Error('no read');
    reader.page(first.turn, table, [entry(at(100, 2)), entry(at(100, 3))], 16);
    expect(told).toStrictEqual(['rewound 0-0', 'gap', 'entry 2', 'entry 3']);
  });
});
