#!/usr/bin/env node
// Bundles the k6 scripts into dist/loadtest/, one file each: k6 knows neither npm packages nor this project's folders.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const from = fileURLToPath(new URL('../loadtest/k6/', import.meta.url));
const to = fileURLToPath(new URL('../dist/loadtest/', import.meta.url));

/** A scenario is a file that k6 can run: one that exports `options`. The others are its parts. */
const scenarios = ['typing.ts'];

await build({
  entryPoints: scenarios.map((name) => `${from}${name}`),
  outdir: to,
  bundle: true,
  format: 'esm',
  platform: 'neutral',
  target: 'es2022',
  external: ['k6', 'k6/*'],
  logLevel: 'warning',
});
process.stdout.write(`${scenarios.map((name) => `dist/loadtest/${name.replace(/\.ts$/, '.js')}`).join('\n')}\n`);
