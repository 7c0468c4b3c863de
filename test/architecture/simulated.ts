import { dirname, join } from 'node:path/posix';
import type { SourceFile } from './house.ts';

/** Modules by their path in the repository: `src/…`, `test/…`. */
export type Tree = ReadonlyMap<string, string>;

export function treeOf(folders: Readonly<Record<string, readonly SourceFile[]>>): Tree {
  return new Map(Object.entries(folders).flatMap(([folder, files]) => files.map(({ path, text }) => [join(folder, path), text] as const)));
}

/** What these modules import, directly or through others, themselves included; packages and platform modules by their names. */
export function reachedFrom(tree: Tree, entries: readonly string[]): ReadonlySet<string> {
  const reached = new Set<string>();
  const visit = (path: string) => {
    if (reached.has(path)) return;
    reached.add(path);
    const text = tree.get(path);
    if (text !== undefined) for (const name of importsOf(text)) visit(name.startsWith('.') ? join(dirname(path), name) : name);
  };
  for (const entry of entries) visit(entry);
  return reached;
}

/** Time, chance and surroundings that a virtual clock and a seed do not govern. */
const platform: readonly [RegExp, string][] = [
  [/\bDate\.now\(|\bnew Date\(\)|\bperformance\.|\bprocess\.hrtime/, 'reads the platform’s clock'],
  [/\bset(?:Timeout|Interval|Immediate)\(|\bAbortSignal\.timeout\(|\bprocess\.nextTick\(/, 'sets the platform’s timers'],
  [/\bMath\.random\(|\brandomUUID\(|\bgetRandomValues\(/, 'draws the platform’s numbers'],
  [/\bprocess\.(?:env|argv|pid|platform)\b/, 'reads its surroundings'],
];

/** One line for everything in a production module that would escape the simulation, or that knows of tests. */
export function escapes(path: string, text: string): readonly string[] {
  const code = withoutComments(text);
  const found = platform.filter(([pattern]) => pattern.test(code)).map(([, what]) => what);
  if (/['"`](?:\.\.\/)+test\/|\bVITEST\b|\bNODE_ENV\b/.test(code)) found.push('knows of tests');
  if (importsOf(text).some((name) => !name.startsWith('.'))) found.push('imports what is not simulated');
  return found.map((what) => `${path} ${what}`);
}

/**
 * One line for everything in a file of the simulation that would put something else in the place of a production module. A watcher around a
 * port, handed in through a constructor, leaves the modules as they are.
 */
export function substitutes(path: string, text: string, tree: Tree): readonly string[] {
  const code = withoutComments(text);
  const found: string[] = [];
  if (/\bvi\.|\bjest\.|\.prototype\b|Object\.(?:defineProperty|assign)\(|\bReflect\./.test(code)) found.push('changes what others define');
  for (const name of importsOf(text)) {
    if (/^node:(?:util|crypto|assert)$/.test(name) || (name === 'vitest' && path.endsWith('.test.ts'))) continue;
    const to = name.startsWith('.') ? join(dirname(path), name) : name;
    if (to.startsWith('test/simulation/') || (to.startsWith('src/') && tree.has(to))) continue;
    found.push(`imports ${name}`);
  }
  const production = new Set([...tree].filter(([other]) => other.startsWith('src/')).flatMap(([, other]) => classesOf(other)));
  for (const name of classesOf(text)) if (production.has(name)) found.push(`has a ${name} of its own`);
  return found.map((what) => `${path} ${what}`);
}

function classesOf(text: string): readonly string[] {
  return [...text.matchAll(/^(?:export )?(?:abstract )?class (\w+)/gm)].map((match) => match[1] ?? '');
}

/** Type-only imports too: a module that is only described is no way out, and costs nothing to look at. */
function importsOf(text: string): readonly string[] {
  const found = [...text.matchAll(/^\s*(?:import|export)\b[^'";]*?from\s+'([^']+)'/gm), ...text.matchAll(/\bimport\('([^']+)'\)/g)];
  return found.map((match) => match[1] ?? '');
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/^\s*\/\/.*$/gm, '');
}
