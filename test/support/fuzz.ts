/** `FUZZ_TIMES=100` for a long run, `FUZZ_SEED=7` for another course; fast-check prints seed and path of what fails. */
const times = Number(process.env['FUZZ_TIMES'] ?? 1);
const otherSeed = process.env['FUZZ_SEED'];

/** The same course in every run, so that what fails fails for everybody. */
export function pinned(seed: number, runs: number): { readonly seed: number; readonly numRuns: number } {
  return { seed: otherSeed === undefined ? seed : Number(otherSeed), numRuns: runs * times };
}
