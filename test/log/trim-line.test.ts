import { expect, it } from 'vitest';
import { TrimLine } from '../../src/log/trim-line.ts';

const id = (seq: number) => ({ fence: 1, seq });

it('[LG9] trims once the bound is passed, an eighth below it', () => {
  const line = new TrimLine(800);
  for (let seq = 1; seq <= 8; seq++) expect(line.stored(id(seq), 100)).toBeUndefined();
  expect(line.stored(id(9), 100)).toEqual(id(3));
  expect(line.bytes).toBe(700);
});

it('[LG9] never trims the newest entry (hole 20)', () => {
  const line = new TrimLine(800);
  line.stored(id(1), 100);
  expect(line.stored(id(2), 5_000)).toEqual(id(2));
  expect(line.bytes).toBe(5_000);
});
