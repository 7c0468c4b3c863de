import { expect, it } from 'vitest';
import { decodeTable, encodeTable, type FenceRow, isVoid, newestFence, rowAbove, withRow } from '../../src/log/fence-table.ts';
import { fenceTableRows } from '../../src/protocol/limits.ts';

const row = (fence: number, baseFence: number, baseSeq: number): FenceRow => ({
  fence,
  base: { fence: baseFence, seq: baseSeq, offset: 10 * baseSeq, crc: 0xffffff00 + (fence % 256) },
  nonce: 2 ** 52 + fence,
});

it('[LG1] packs a table and reads it back', () => {
  const table = [row(1, 0, 0), row(2 ** 48 - 1, 1, 2 ** 40)];
  expect(decodeTable(encodeTable(table))).toEqual(table);
});

it('[LG1] keeps rows in the order of their fences, one a fence, the newest only', () => {
  let table: readonly FenceRow[] = [];
  for (let fence = fenceTableRows + 5; fence > 0; fence--) table = withRow(table, row(fence, fence - 1, fence));
  expect(table).toHaveLength(fenceTableRows);
  expect(newestFence(table)).toBe(fenceTableRows + 5);
  expect(rowAbove(table, 0)?.fence).toBe(6);
  expect(withRow(table, row(7, 1, 1))).toHaveLength(fenceTableRows);
});

it('[LG10] an entry beyond the base of the next higher fence is void', () => {
  const table = [row(1, 0, 0), row(5, 1, 3), row(9, 5, 6)];
  expect(isVoid(table, { fence: 1, seq: 3 })).toBe(false);
  expect(isVoid(table, { fence: 1, seq: 4 })).toBe(true);
  expect(isVoid(table, { fence: 5, seq: 6 })).toBe(false);
  expect(isVoid(table, { fence: 5, seq: 7 })).toBe(true);
  expect(isVoid(table, { fence: 9, seq: 100 })).toBe(false);
});

it('[LG10] a whole fence is void when the next one continues an older one', () => {
  const table = [row(1, 0, 0), row(5, 1, 3), row(9, 1, 2)];
  expect(isVoid(table, { fence: 5, seq: 4 })).toBe(true);
  expect(isVoid(table, { fence: 1, seq: 3 })).toBe(false);
});
