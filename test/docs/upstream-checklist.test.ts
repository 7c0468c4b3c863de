import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const rows = readFileSync(join(root, 'docs/upstream-checklist.md'), 'utf8')
  .split('\n')
  .filter((line) => /^\| \d/.test(line))
  .map((line) => line.slice(2, -2).split(' | '));

describe('the checklist of upstreams', () => {
  it('has each of the 85 statements once', () => {
    expect(rows.map(([number]) => Number(number))).toEqual(Array.from({ length: 85 }, (_, index) => index + 1));
    for (const row of rows) expect(row).toHaveLength(3);
  });

  it.each(rows)('%s: %s is shown by tests that are there, or says why not', (_number, _statement, shown) => {
    for (const part of (shown ?? '').split('<br>')) {
      const reason = /^\*\*(Not yet|In part|No test of its own)(:?\*\*|:\*\* .+)/.test(part);
      const [, file, title] = /^`([^`]+)` (.+)$/.exec(part) ?? [];
      expect([part, reason || title !== undefined]).toEqual([part, true]);
      if (file !== undefined && title !== undefined) expect([file, titlesOf(file).includes(title)]).toEqual([file, true]);
    }
  });
});

/** What is declared as a test in a file. */
function titlesOf(file: string): readonly string[] {
  const text = readFileSync(join(root, 'test', file), 'utf8');
  return [...text.matchAll(/\(\s*(['"`])((?:\\.|(?!\1).)*)\1,\s*(?:async )?\(/g)].map(([, , title = '']) => title.replaceAll("\\'", "'"));
}
