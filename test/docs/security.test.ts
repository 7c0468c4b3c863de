import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(join(root, 'SECURITY.md'), 'utf8');
const section = /\n## Each entry point\n([\s\S]*?)\n## /.exec(page)?.[1] ?? '';
const rows = section
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| entry point'))
  .map((line) => line.slice(2, -2).split(' | '));

/** Every name that a test is declared with. */
const names = new Set(
  readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.includes('node_modules'))
    .flatMap((path) => [...readFileSync(join(root, 'test', path), 'utf8').matchAll(declaration())])
    .map((match) => match[2] ?? ''),
);

/** `it('…'` and the name behind the rows of an `it.each`, which closes them by a bracket or a parenthesis. */
function declaration(): RegExp {
  return /(?:\bit\(|\]\)\(|\)\()\s*(['"])((?:(?!\1)[^\n])+)\1/g;
}

describe('the threat model', () => {
  it('has every entry point with tests', () => {
    expect(rows.length).toBeGreaterThan(15);
    for (const row of rows) expect(row, row[0]).toHaveLength(3);
  });

  it.each(rows)('%s: its tests are there', (_entry, _checked, shown) => {
    const tests = [...(shown ?? '').matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
    expect(tests.length).toBeGreaterThan(0);
    expect(tests.filter((name) => !names.has(name))).toEqual([]);
  });

  it('would miss a test that is not there', () => {
    expect(names.has('[ED1] lets everybody in')).toBe(false);
    expect(names.size).toBeGreaterThan(800);
  });
});
