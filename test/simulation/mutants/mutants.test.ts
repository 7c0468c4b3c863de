import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { allMutants, killedShare, openMutants, quarterOf, quarters } from './all-mutants.ts';
import { Hunt, type Hunted, type Kill } from './hunt.ts';
import record from './killed.json' with { type: 'json' };
import { patched } from './plant.ts';

/** Another quarter every day. A failure names its mutants: `npm run mutants -- --only ID` does them again on any day. */
const quarter = Math.floor(Date.now() / 86_400_000) % quarters;

/** Of each profile, for a mutant whose recorded seed does not find it any more. */
const seedsEach = 60;

const kills = record as readonly Kill[];

describe('protocol bugs that are planted in the production code', () => {
  it('are at least thirty, each with a name of its own', () => {
    expect(allMutants.length).toBeGreaterThanOrEqual(30);
    expect(new Set(allMutants.map(({ id }) => id)).size).toBe(allMutants.length);
  });

  it('are open when no seed has found them', () => {
    const found = new Set(kills.map(({ id }) => id));
    expect(openMutants.filter(({ id }) => found.has(id)).map(({ id }) => id)).toEqual([]);
  });

  it('were found by the simulation, by the recorded seed, or are named as survivors', () => {
    const found = new Set(kills.map(({ id }) => id));
    expect(allMutants.filter(({ id, survives }) => found.has(id) === (survives !== undefined)).map(({ id }) => id)).toEqual([]);
    expect(kills.length).toBeGreaterThanOrEqual(killedShare * allMutants.length);
  });

  it(`are found again: quarter ${quarter} of ${quarters} (npm run mutants -- --quarter ${quarter})`, { timeout: 300_000 }, async () => {
    await using hunt = await Hunt.begin(kills, seedsEach);
    const hunted: Hunted[] = [];
    for (const mutant of quarterOf(quarter)) if (!mutant.survives) hunted.push(await hunt.find(mutant));
    expect(hunted.filter(({ kill }) => !kill).map(({ id }) => id)).toEqual([]);
    expect(await hunt.innocent(hunted.flatMap(({ kill }) => kill ?? []))).toBeUndefined();
  });

  it.each([...allMutants, ...openMutants])('fit the production code: $id', async (mutant) => {
    const text = await readFile(new URL(`../../../src/${mutant.file}`, import.meta.url), 'utf8');
    expect(patched(mutant, text)).not.toBe(text);
  });

  it('are refused when the production code has moved on without them', () => {
    const mutant = { id: 'old', breaks: '', profile: 'log', file: 'a.ts', find: 'one', replace: 'two' } as const;
    expect(patched(mutant, 'only one')).toBe('only two');
    expect(() => patched(mutant, 'nothing')).toThrow('mutant old fits 0 places of src/a.ts');
    expect(() => patched(mutant, 'one and one')).toThrow('mutant old fits 2 places');
  });
});
