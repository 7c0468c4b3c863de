import { expect, it } from 'vitest';
import { legs, lineFaults, processFaults, schedule, together } from './schedule.ts';

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

it('[LG7] some faults begin together, none with another of the same thing, and none gets lost', () => {
  const alone = schedule(3);
  const groups = together(schedule(3));
  let several = 0;
  for (let count = 0; count < 60; count++) {
    const faults = groups.next().value as readonly { kind: string }[];
    for (const { kind } of faults) expect(alone.next().value.kind).toBe(kind);
    const things = faults.map(({ kind }) => legs.find((leg) => kind.startsWith(leg)) ?? kind.split(' ')[0]);
    expect(new Set(things).size).toBe(things.length);
    if (faults.length > 1) several++;
  }
  expect(several).toBeGreaterThan(5);
});
