import { expect, it } from 'vitest';
import { legs, lineFaults, processFaults, schedule } from './schedule.ts';

it('[LG7] a seed names a schedule, whatever its faults draw; every kind comes before any comes again', () => {
  const count = processFaults.length + legs.length * lineFaults.length;
  const take = (seed: number, draws: number) => {
    const faults = schedule(seed);
    return Array.from({ length: count }, () => {
      const { kind, holdMs, pauseMs, random } = faults.next().value;
      for (let draw = 0; draw < draws; draw++) random();
      return { kind, holdMs, pauseMs };
    });
  };
  expect(take(1, 0)).toEqual(take(1, 7));
  expect(take(1, 0)).not.toEqual(take(2, 0));
  expect(new Set(take(1, 0).map(({ kind }) => kind)).size).toBe(count);
});
