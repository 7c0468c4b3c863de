import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { holes, holeTable } from '../simulation/holes.ts';

describe('the table of holes', () => {
  it('is the one that the simulation is held to', async () => {
    expect(await readFile('docs/reliability.md', 'utf8')).toContain(holeTable());
  });

  it.each(holes)('has a scene or a test for hole $number', async ({ scenes, tests = [] }) => {
    expect(scenes.length + tests.length).toBeGreaterThan(0);
    for (const { file, name } of tests) expect(await readFile(file, 'utf8')).toContain(name);
  });
});
