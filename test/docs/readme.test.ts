import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { configTable } from '../../src/config/describe.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const pages = [
  'README.md',
  'ARCHITECTURE.md',
  'SPEC.md',
  'SECURITY.md',
  'docs/migrating.md',
  'docs/deploy-compose.md',
  'docs/access.md',
  'docs/drop-in.md',
  'docs/clusters.md',
  'docs/upstream-checklist.md',
  'docs/operations/redis.md',
];

describe('the documentation', () => {
  it('has the table of settings that the code has (scripts/config-table.js README.md)', () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    const table = /<!-- settings: made by scripts\/config-table\.js -->\n\n([\s\S]*?)\n<!-- end of settings -->/.exec(readme)?.[1];
    expect(table).toBe(configTable());
  });

  it.each(pages)('%s links to files that are there', (page) => {
    const text = readFileSync(join(root, page), 'utf8');
    const targets = [...text.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)]
      .map((match) => match[1] ?? '')
      .filter((target) => !/^[a-z]+:/.test(target));
    expect(targets.filter((target) => !existsSync(join(root, dirname(page), target)))).toEqual([]);
  });
});
