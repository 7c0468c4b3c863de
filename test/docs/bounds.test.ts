import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { dropInGauges } from '../../src/edge/dropin/drop-in-gauges.ts';
import { edgeGauges } from '../../src/edge/relay/edge-gauges.ts';
import { workerGauges } from '../../src/worker/worker-gauges.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const spec = readFileSync(join(root, 'SPEC.md'), 'utf8');
const section = /\n## Bounds\n([\s\S]*?)\n## /.exec(spec)?.[1] ?? '';
const rows = section
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| buffer'))
  .map((line) => line.slice(2, -2).split(' | '));

const quoted = (cell: string | undefined) => [...(cell ?? '').matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
const units: Readonly<Record<string, number>> = { '': 1, KiB: 1024, MiB: 1024 * 1024 };

/** The number that a file gives to a constant; of an object the largest. */
function numberIn(text: string, constant: string): number | undefined {
  const source = new RegExp(`const ${constant}\\b[^=]*= ([^;]+);`).exec(text)?.[1];
  const products = source?.match(/\d[\d_]*(?: \* \d[\d_]*)*/g) ?? [];
  const values = products.map((product) => product.split(' * ').reduce((value, part) => value * Number(part.replaceAll('_', '')), 1));
  return values.length === 0 ? undefined : Math.max(...values);
}

describe('the table of bounds', () => {
  it.each(rows)('%s: has the numbers of the code (%s)', (...row) => {
    const [, bound, , home] = row;
    const texts = quoted(home).map((path) => readFileSync(join(root, path), 'utf8'));
    for (const [, name = '', number, unit = ''] of (bound ?? '').matchAll(/`([A-Za-z]+)` (\d+)(?: (KiB|MiB))?/g)) {
      const found = texts.map((text) => numberIn(text, name)).find((value) => value !== undefined);
      expect([name, found]).toStrictEqual([name, Number(number) * (units[unit] ?? Number.NaN)]);
    }
    for (const setting of quoted(bound).filter((name) => name.startsWith('POSEIDON_'))) expect(texts.join()).toContain(setting);
    expect(quoted(home).length).toBeGreaterThan(0);
  });

  it.each(rows)('%s: is counted, and filled by a test', (...row) => {
    const [, , , , counter, tests] = row;
    const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
    const all = sources.map((path) => readFileSync(join(root, 'src', path), 'utf8')).join('\n');
    for (const name of quoted(counter)) expect(all).toContain(name);
    expect(counter).toMatch(/poseidon_|page: |log event /);
    expect(quoted(tests).length).toBeGreaterThan(0);
    for (const path of quoted(tests)) expect([path, existsSync(join(root, path))]).toStrictEqual([path, true]);
  });

  it.each([edgeGauges, dropInGauges, workerGauges].flatMap((gauges) => Object.keys(gauges)))('has %s', (name) => {
    expect(section).toContain(`\`${name}\``);
  });
});
