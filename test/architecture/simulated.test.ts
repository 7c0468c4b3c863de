import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readSources } from './house.ts';
import { escapes, reachedFrom, substitutes, treeOf } from './simulated.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (folder: string) => readSources(join(root, folder));
const tree = treeOf({ src: read('src'), 'test/simulation': read('test/simulation') });
const paths = [...tree.keys()];
/** All but the mutants, which are there to patch. */
const simulation = paths.filter((path) => path.startsWith('test/simulation/') && !path.startsWith('test/simulation/mutants/'));
const simulated = [...reachedFrom(tree, simulation)].filter((path) => path.startsWith('src/'));

/** The broker's twin with faults: part of no process. */
const onlySimulated = ['src/broker/memory/faulty-link.ts', 'src/broker/memory/link-leg.ts'];

describe('the simulation runs the production modules unchanged', () => {
  it('all of client, edge door, worker and the rules between them', () => {
    expect(simulated.length).toBeGreaterThan(80);
    for (const path of [
      'src/client/session-client.ts',
      'src/edge/relay/attachment.ts',
      'src/edge/relay/input-line.ts',
      'src/worker/pump.ts',
      'src/worker/lease-keeper.ts',
      'src/broker/log-appender.ts',
      'src/broker/log-follower.ts',
      'src/log/log-reader.ts',
      'src/log/log-writer.ts',
    ])
      expect(simulated).toContain(path);
  });

  it('on a clock and numbers that are handed in, without anything else that could differ', () => {
    expect(simulated.flatMap((path) => escapes(path, tree.get(path) ?? ''))).toEqual([]);
  });

  it('as they are: nothing is mocked, patched or copied', () => {
    expect(simulation.flatMap((path) => substitutes(path, tree.get(path) ?? '', tree))).toEqual([]);
  });

  it('and no process contains what is there for the simulation', () => {
    const started = reachedFrom(tree, [
      ...paths.filter((path) => path.startsWith('src/bin/')),
      ...paths.filter((path) => path.endsWith('/main.ts')),
    ]);
    expect(onlySimulated.filter((path) => started.has(path))).toEqual([]);
    expect(simulated.filter((path) => !started.has(path) && !onlySimulated.includes(path))).toEqual([]);
  });
});

describe('what would break that is seen', () => {
  it.each([
    ['const at = Date.now();', 'clock'],
    ['const at = performance.now();', 'clock'],
    ['setTimeout(run, 5);', 'timers'],
    ['setImmediate(run);', 'timers'],
    ['await once(socket, AbortSignal.timeout(5));', 'timers'],
    ['const chance = Math.random();', 'numbers'],
    ['const id = crypto.randomUUID();', 'numbers'],
    ["const slow = process.env['SLOW'];", 'surroundings'],
    ["import { fakeClock } from '../../test/simulation/sim-process.ts';", 'tests'],
    ['if (process.env.VITEST) return;', 'tests'],
    ["import { randomUUID } from 'node:crypto';", 'not simulated'],
  ])('in production: %s', (line, what) => {
    expect(escapes('src/log/planted.ts', `${line}\n`).join()).toContain(what);
  });

  it('in production, but not in a comment of it', () => {
    expect(escapes('src/log/planted.ts', '/** Not Date.now(). */\n// nor setTimeout(run)\nexport const a = 1;\n')).toEqual([]);
  });

  it.each([
    ["vi.mock('../../src/log/log-reader.ts');", 'changes'],
    ['LogReader.prototype.page = () => undefined;', 'changes'],
    ["Object.defineProperty(logReader, 'live', { value: true });", 'changes'],
    ["import { LogReader } from './copies/../../support/log-reader.ts';", 'imports'],
    ["import { LogReader } from '../../src/log/gone.ts';", 'imports'],
    ["import { readFileSync } from 'node:fs';", 'imports'],
    ['export class LogReader {}', 'of its own'],
  ])('in the simulation: %s', (line, what) => {
    expect(substitutes('test/simulation/planted.ts', `${line}\n`, tree).join()).toContain(what);
  });
});
