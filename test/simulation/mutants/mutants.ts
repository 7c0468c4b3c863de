import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { profileNames } from '../profile.ts';
import { allMutants, killedShare, openMutants, quarterOf } from './all-mutants.ts';
import { Hunt, type Hunted, type Kill } from './hunt.ts';

/**
 * `npm run mutants` plants every bug of the list, one at a time, and runs the simulation until it finds it. Exits non-zero when less
 * than 95 % are found, a bug counts as a survivor and is found, a seed fails without a bug, or a patch is out of date.
 *
 * `--only ID,ID`, `--quarter 0..3`; for one whose recorded seed does not find it: `--seeds N` of its profile, `--everywhere` of all others
 * too. `--record` writes down what was found. `--open` hunts the bugs that no seed has found so far, which do not count.
 */
const recordFile = fileURLToPath(new URL('./killed.json', import.meta.url));
const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    quarter: { type: 'string' },
    seeds: { type: 'string', default: '500' },
    record: { type: 'boolean', default: false },
    open: { type: 'boolean', default: false },
    everywhere: { type: 'boolean', default: false },
  },
});

const only = values.only?.split(',');
const unknown = only?.find((id) => ![...allMutants, ...openMutants].some((mutant) => mutant.id === id));
if (unknown !== undefined) {
  console.error(`--only ${unknown}: no such mutant`);
  process.exit(2);
}
const counted = values.quarter === undefined ? allMutants : quarterOf(Number(values.quarter));
const chosen = values.open ? openMutants : only ? [...allMutants, ...openMutants] : counted;
const mutants = chosen.filter(({ id }) => !only || only.includes(id));
const record = JSON.parse(readFileSync(recordFile, 'utf8')) as Kill[];

await using hunt = await Hunt.begin(record, Number(values.seeds), values.everywhere ? ['log', ...profileNames] : []);
const hunted: Hunted[] = [];
const errors: string[] = [];
const queue = [...mutants];
await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, work));
const kills = hunted.flatMap(({ kill }) => kill ?? []);
const survivors = hunted.filter(({ kill }) => !kill).map(({ id }) => id);
const guilty = await hunt.innocent(kills);
if (guilty) errors.push(`${guilty.profile} ${guilty.seed} fails without a bug: ${guilty.failure}`);
for (const { id, survives } of mutants) {
  const found = kills.some((kill) => kill.id === id);
  if (survives && found) errors.push(`${id} is named as a survivor, and it was found`);
}
if (values.record) writeFileSync(recordFile, `${JSON.stringify(merged(), undefined, 2)}\n`);

console.log(`${mutants.length} mutants, ${kills.length} killed; survivors: ${survivors.join(', ') || 'none'}`);
for (const error of errors) console.error(error);
process.exitCode = errors.length > 0 || (!values.open && kills.length < killedShare * mutants.length) ? 1 : 0;

async function work(): Promise<void> {
  for (let mutant = queue.shift(); mutant; mutant = queue.shift()) {
    try {
      const found = await hunt.find(mutant);
      hunted.push(found);
      console.log(lineOf(found));
    } catch (error) {
      errors.push(error instanceof Error ? error.message : String(error));
    }
  }
}

function lineOf({ id, kill, ...how }: Hunted): string {
  if (!kill) return `${id.padEnd(28)} survives`;
  const again = 'recorded' in how && how.recorded ? '' : ' (new)';
  return `${id.padEnd(28)} ${kill.profile.padEnd(8)} ${String(kill.seed).padStart(5)}${again}  ${firstLine(kill.failure)}`;
}

/** In the order of the list. What was not run stays as it is written. */
function merged(): readonly Kill[] {
  const found = new Map([...record, ...kills].map((kill) => [kill.id, kill]));
  for (const id of survivors) found.delete(id);
  return [...allMutants, ...openMutants].flatMap(({ id }) => {
    const kill = found.get(id);
    return kill ? [{ ...kill, failure: firstLine(kill.failure) }] : [];
  });
}

function firstLine(text: string): string {
  return text.split('\n')[0]?.slice(0, 160) ?? '';
}
