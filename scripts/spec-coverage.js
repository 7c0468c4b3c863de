#!/usr/bin/env node
// `npm run spec:coverage`: every rule of SPEC.md (a bold id at the start of an item) has at least one test whose name starts with its id
// in brackets, and no test names a rule that is not there. Plain JavaScript: it needs no build.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const rules = [...readFileSync(join(root, 'SPEC.md'), 'utf8').matchAll(/^- \*\*([A-Z]{2}\d+)\*\*/gm)].map((match) => match[1]);

/** Names of tests per rule; a name counts where a test is declared, not where a text quotes it. */
const tests = new Map();
for (const path of readdirSync(join(root, 'test'), { recursive: true })) {
  if (!path.endsWith('.ts') || path.includes('node_modules')) continue;
  const text = readFileSync(join(root, 'test', path), 'utf8');
  const named = /\b(?:it|test)(?:\.each\s*\([\s\S]*?\))?\s*\(\s*(['"`])\[([A-Z]{2}\d+)\]/g;
  for (const [, , rule] of text.matchAll(named)) tests.set(rule, (tests.get(rule) ?? 0) + 1);
}

const uncovered = rules.filter((rule) => !tests.has(rule));
const unknown = [...tests.keys()].filter((rule) => !rules.includes(rule));
for (const rule of uncovered) console.error(`${rule}: no test is named after it`);
for (const rule of unknown) console.error(`${rule}: tests are named after it, but SPEC.md has no such rule`);
console.log(
  `${rules.length} rules, ${rules.length - uncovered.length} with tests (${[...tests.values()].reduce((sum, count) => sum + count, 0)} tests)`,
);
process.exit(uncovered.length + unknown.length === 0 ? 0 : 1);
