// Writes the table of settings into a Markdown file, between the two marks, or prints it. Usage: node scripts/config-table.js [FILE]
import { readFileSync, writeFileSync } from 'node:fs';
import { configTable } from '../dist/config/describe.js';

const file = process.argv[2];
const [begin, end] = ['<!-- settings: made by scripts/config-table.js -->', '<!-- end of settings -->'];
if (file === undefined) process.stdout.write(configTable());
else {
  const text = readFileSync(file, 'utf8');
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) {
    console.error(`${file} lacks the lines "${begin}" and "${end}"`);
    process.exit(1);
  }
  writeFileSync(file, `${text.slice(0, from)}${begin}\n\n${configTable()}\n${text.slice(to)}`);
}
