import { parseArgs } from 'node:util';
import { type ProfileName, profileNames } from './profile.ts';
import { runSeed } from './run-seed.ts';

/** `npm run simulate -- --seeds N [--from S] [--profile P]` runs many; `--seed N [--profile P]` replays one with a readable trace. */
const { values } = parseArgs({
  options: { seeds: { type: 'string' }, from: { type: 'string' }, seed: { type: 'string' }, profile: { type: 'string' } },
});

const profile = profileNames.find((name) => name === values.profile) as ProfileName | undefined;
if (values.profile !== undefined && !profile) {
  console.error(`--profile: one of ${profileNames.join(', ')}`);
  process.exit(2);
}
const asked = profile === undefined ? {} : { profile };
process.exitCode =
  values.seed === undefined ? await many(Number(values.from ?? 1), Number(values.seeds ?? 100)) : await one(Number(values.seed));

async function one(seed: number): Promise<number> {
  const result = await runSeed(seed, { ...asked, print: (line) => console.log(line) });
  console.log(result);
  return result.failure === undefined ? 0 : 1;
}

async function many(from: number, count: number): Promise<number> {
  const startedMs = performance.now();
  let [events, virtualMs, failures] = [0, 0, 0];
  for (let seed = from; seed < from + count; seed++) {
    const result = await runSeed(seed, asked);
    events += result.events;
    virtualMs += result.virtualMs;
    if (result.failure === undefined) continue;
    failures++;
    console.log(`seed ${seed} (${result.profile}): ${result.failure}`);
  }
  const seconds = (performance.now() - startedMs) / 1000;
  const rate = `${(count / seconds).toFixed(1)} seeds/s, ${Math.round(events / seconds)} events/s`;
  console.log(`${count} seeds from ${from}: ${failures} failed; ${rate}, ${(virtualMs / 3_600_000).toFixed(1)} virtual hours`);
  return failures === 0 ? 0 : 1;
}
