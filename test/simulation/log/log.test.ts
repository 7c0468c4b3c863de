import { describe, expect, it } from 'vitest';
import { runLogSeed } from './run-log-seed.ts';

const seeds = 400;

describe('one log, many writers after each other, readers that come back anywhere', () => {
  it('[LG5] [LG6] [LG8] [LG10] [RS3] holds in the fixed seeds', { timeout: 300_000 }, async () => {
    const failures: string[] = [];
    for (let seed = 1; seed <= seeds; seed++) {
      const { failure } = await runLogSeed(seed);
      if (failure !== undefined) failures.push(`npm run simulate -- --profile log --seed ${seed}: ${failure}`);
    }
    expect(failures).toEqual([]);
  });

  it('takes the same course from the same seed', async () => {
    expect(await runLogSeed(11)).toEqual(await runLogSeed(11));
    expect((await runLogSeed(12)).hash).not.toBe((await runLogSeed(11)).hash);
  });
});
