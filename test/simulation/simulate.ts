import { parseArgs } from 'node:util';
import { runLogSeed } from './log/run-log-seed.ts';
import { type ProfileName, profileNames } from './profile.ts';
import { runSeed } from './run-seed.ts';
import { SceneSum } from './scene-sum.ts';
import { sceneNames } from './scenes.ts';

/**
 * `npm run simulate -- --seeds N [--from S] [--profile P] [--scenes]` runs many; `--seed N [--profile P]` replays one with a readable trace.
 * Profile `log` is one log alone, with many writers.
 */
const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    from: { type: 'string' },
    seed: { type: 'string' },
    profile: { type: 'string' },
    scenes: { type: 'boolean' },
  },
});

const profile = profileNames.find((name) => name === values.profile) as ProfileName | undefined;
if (values.profile !== undefined && values.profile !== 'log' && !profile) {
  console.error(`--profile: one of ${profileNames.join(', ')}, log`);
  process.exit(2);
}
const run = (seed: number, print?: (line: string) => void) =>
  values.profile === 'log' ? runLogSeed(seed, print) : runSeed(seed, { ...(profile && { profile }), ...(print && { print }) });
process.exitCode =
  values.seed === undefined ? await many(Number(values.from ?? 1), Number(values.seeds ?? 100)) : await one(Number(values.seed));

async function one(seed: number): Promise<number> {
  const result = await run(seed, (line) => console.log(line));
  console.log(result);
  return result.failure === undefined ? 0 : 1;
}

async function many(from: number, count: number): Promise<number> {
  const startedMs = performance.now();
  let [events, virtualMs, failures] = [0, 0, 0];
  const scenes = new SceneSum();
  for (let seed = from; seed < from + count; seed++) {
    const result = await run(seed);
    events += result.events;
    virtualMs += result.virtualMs;
    if ('seen' in result) scenes.add(result.seen);
    if (result.failure === undefined) continue;
    failures++;
    console.log(`seed ${seed} (${result.profile}): ${result.failure}`);
  }
  const seconds = (performance.now() - startedMs) / 1000;
  const rate = `${(count / seconds).toFixed(1)} seeds/s, ${Math.round(events / seconds)} events/s`;
  if (values.scenes) for (const name of sceneNames) console.log(`${String(scenes.of(name)).padStart(8)}  ${name}`);
  console.log(`${count} seeds from ${from}: ${failures} failed; ${rate}, ${(virtualMs / 3_600_000).toFixed(1)} virtual hours`);
  return failures === 0 ? 0 : 1;
}
