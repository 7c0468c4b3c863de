import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { SeedRange, SeedReport } from './seed-process.ts';

/** A seed takes at most some seconds. A bug that makes it go round for ever is found by that. */
const longestSeedMs = 120_000;

/** What a bundle did with its seeds. */
export interface Outcome {
  readonly seeds: number;
  /** The first seed that failed. */
  readonly failed: (SeedReport & { readonly failure: string }) | undefined;
}

/** Runs seeds in a process of their own until one fails; a crash and a seed without an end are failures. */
export async function runBundle(file: string, ranges: readonly SeedRange[]): Promise<Outcome> {
  const child = spawn(process.execPath, [file, JSON.stringify(ranges)], { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = new Promise<string>((resolve) => child.once('close', (code, signal) => resolve(code === 0 ? '' : `${signal ?? code}`)));
  let lastWords = '';
  child.stderr.on('data', (text: Buffer) => {
    lastWords = (lastWords + text).slice(-2000);
  });
  let stuck = false;
  const giveUp = () => {
    stuck = true;
    child.kill('SIGKILL');
  };
  let timer = setTimeout(giveUp, longestSeedMs);
  let seeds = 0;
  let failed: Outcome['failed'];
  for await (const line of createInterface({ input: child.stdout })) {
    clearTimeout(timer);
    timer = setTimeout(giveUp, longestSeedMs);
    const report = JSON.parse(line) as SeedReport;
    seeds++;
    if (report.failure !== undefined) failed = { ...report, failure: report.failure };
  }
  clearTimeout(timer);
  const ended = await exited;
  if (failed || ended === '') return { seeds, failed };
  const next = seedAt(ranges, seeds);
  const failure = stuck ? 'does not come to an end' : `the process ended with ${ended}: ${lastWords.trim().split('\n').at(-1)}`;
  return { seeds: seeds + 1, failed: { ...next, failure } };
}

function seedAt(ranges: readonly SeedRange[], index: number): Pick<SeedReport, 'profile' | 'seed'> {
  let left = index;
  for (const { profile, from, count } of ranges) {
    if (left < count) return { profile, seed: from + left };
    left -= count;
  }
  throw new Error('the process failed after its last seed');
}
