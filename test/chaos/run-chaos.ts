/** `npm run chaos -- --minutes M [--seed S] [--sessions N] [--topology standalone|sentinel|cluster]`: faults from a seed for so long, then a table. Exit code 1 on any undeclared error. */
import { parseArgs } from 'node:util';
import { Chaos } from './chaos.ts';
import { topologies } from './faulty-redis.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '3' },
    seed: { type: 'string' },
    sessions: { type: 'string', default: '30' },
    topology: { type: 'string', default: 'standalone' },
  },
});
const topology = topologies.find((name) => name === values.topology);
if (!topology) throw new Error(`--topology: one of ${topologies.join(', ')}`);
const seed = values.seed === undefined ? Date.now() % 1_000_000 : Number(values.seed);
const log = (line: string) => process.stderr.write(`${line}\n`);
const result = await Chaos.run({ seed, minutes: Number(values.minutes), sessions: Number(values.sessions), topology, log });
process.stdout.write(`${result.table}\n`);
process.exit(result.undeclared.length === 0 && result.plantedErrorsFound === result.plantedErrors ? 0 : 1);
