import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Mutant } from './mutant.ts';

const source = fileURLToPath(new URL('../../../src/', import.meta.url));
const entry = fileURLToPath(new URL('./seed-process.ts', import.meta.url));

/** The production file with the bug in it. @throws when the patch does not fit exactly one place: it is out of date */
export function patched({ id, file, find, replace }: Mutant, text: string): string {
  const places = text.split(find).length - 1;
  if (places !== 1) throw new Error(`the patch of mutant ${id} fits ${places} places of src/${file}: bring it up to date`);
  return text.replace(find, () => replace);
}

/** Bundles the simulation into one file, with at most one bug in it. */
export async function bundle(outfile: string, mutant?: Mutant): Promise<void> {
  let planted = mutant === undefined;
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'silent',
    plugins: [
      {
        name: 'plant',
        setup: ({ onLoad }) => {
          onLoad({ filter: /\/src\/.*\.ts$/ }, async ({ path }) => {
            if (!mutant || path !== source + mutant.file) return undefined;
            planted = true;
            return { contents: patched(mutant, await readFile(path, 'utf8')), loader: 'ts' };
          });
        },
      },
    ],
  });
  if (!planted) throw new Error(`mutant ${mutant?.id}: src/${mutant?.file} is not part of the simulation`);
}
