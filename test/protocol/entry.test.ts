import { describe, expect, it } from 'vitest';
import {
  contentBytes,
  decodeEntry,
  type Entry,
  encodeEntry,
  endOffset,
  entryContent,
  OutputFlag,
  resizeOf,
} from '../../src/protocol/entry.ts';
import { FrameType } from '../../src/protocol/frame-type.ts';
import { encodeGap, GapCause, gapOf } from '../../src/protocol/gap.ts';
import { bytesOf, hexOf } from './vectors.ts';

function made(type: number, flags: number, payloadHex: string): Entry {
  const entry = decodeEntry(encodeEntry({ type, flags, fence: 7, seq: 3, offset: 100, crc: 1 }, bytesOf(payloadHex)));
  if (!entry) throw new Error('not an entry');
  return entry;
}

describe('[LG3] what offset and CRC count', () => {
  it('[LG3] all bytes of plain output', () => {
    const entry = made(FrameType.outputData, 0, '616263');
    expect(hexOf(entryContent(entry))).toBe('616263');
    expect(endOffset(entry)).toBe(103);
  });

  it('[LG3] not the log cursor in front of them', () => {
    const entry = made(FrameType.outputData, OutputFlag.cursor, `${'00'.repeat(20)} 6162`);
    expect(hexOf(entryContent(entry))).toBe('6162');
    expect(endOffset(entry)).toBe(102);
  });

  it('[LG3] of input the bytes behind the client offset', () => {
    const entry = made(FrameType.inputData, 0, '0000000000000005 6162');
    expect(hexOf(entryContent(entry))).toBe('6162');
    expect(endOffset(entry)).toBe(102);
  });

  it.each([
    ['an exit', FrameType.outputExit, '7b7d'],
    ['a mark', FrameType.outputMark, '6162'],
    ['a resize', FrameType.inputResize, '0000000000000005 0050 0018'],
    ['an end of input', FrameType.inputEndOfInput, '0000000000000005'],
  ])('[LG3] nothing of %s', (_what, type, payload) => {
    const entry = made(type, 0, payload);
    expect(contentBytes(entry)).toBe(0);
    expect(entryContent(entry)).toHaveLength(0);
    expect(endOffset(entry)).toBe(100);
  });

  it('[LG7] a gap entry moves the offset by the bytes it declares missing', () => {
    const entry = made(FrameType.outputGap, 0, hexOf(encodeGap({ sizeBytes: 4096, cause: GapCause.skipped })));
    expect(gapOf(entry)).toStrictEqual({ sizeBytes: 4096, cause: GapCause.skipped });
    expect(endOffset(entry)).toBe(4196);
    expect(entryContent(entry)).toHaveLength(0);
  });

  it('[LG7] only a gap entry is a gap, and one of an unknown cause is none', () => {
    expect(gapOf(made(FrameType.outputData, 0, '000000000000000001'))).toBeUndefined();
    expect(gapOf(made(FrameType.outputGap, 0, '000000000000000006'))).toBeUndefined();
  });
});

describe('[DR1] the size in a resize entry', () => {
  it('[DR1] is columns and rows behind the client offset', () => {
    expect(resizeOf(made(FrameType.inputResize, 0, '0000000000000005 0050 0018'))).toStrictEqual({ cols: 80, rows: 24 });
  });

  it.each(['0000000000000005 0000 0018', '0000000000000005 0050 0000', '0000000000000005 0050'])(
    '[UP2] is never out of range: %s',
    (hex) => {
      expect(resizeOf(made(FrameType.inputResize, 0, hex))).toBeUndefined();
    },
  );
});
