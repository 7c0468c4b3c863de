import { runLogSeed } from '../log/run-log-seed.ts';
import { runSeed } from '../run-seed.ts';
import type { SeedProfile } from './mutant.ts';

/** Seeds of one profile, one after the other. */
export interface SeedRange {
  readonly profile: SeedProfile;
  readonly from: number;
  readonly count: number;
}

/** One line to the parent for each seed that has run. */
export interface SeedReport {
  readonly profile: SeedProfile;
  readonly seed: number;
  readonly failure: string | undefined;
}

/** Runs what its argument asks for and ends at the first failure. The bundle of {@link bundle} starts here. */
for (const { profile, from, count } of JSON.parse(process.argv[2] ?? '[]') as SeedRange[]) {
  for (let seed = from; seed < from + count; seed++) {
    const { failure } = profile === 'log' ? await runLogSeed(seed) : await runSeed(seed, { profile });
    const report: SeedReport = { profile, seed, failure };
    process.stdout.write(`${JSON.stringify(report)}\n`);
    if (failure !== undefined) process.exit(0);
  }
}
