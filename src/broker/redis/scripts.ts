import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** An atomic operation: one file in `lua/`, which says what it takes, answers and guarantees (LS3). */
export interface Script {
  readonly name: string;
  readonly source: string;
  readonly sha: string;
}

/** Those of a log, sent on the data plane's connection (LS3). */
export const logScriptNames = ['take-output', 'take-input', 'reassert', 'restore', 'end', 'leave', 'trim'] as const;
/** Those of `meta` alone. */
export const sessionScriptNames = ['create', 'claim', 'started', 'release', 'touch'] as const;
/** That of the limits. */
export const limitScriptNames = ['enter'] as const;

export type LogScriptName = (typeof logScriptNames)[number];
export type SessionScriptName = (typeof sessionScriptNames)[number];

export function loadScripts<Name extends string>(names: readonly Name[]): Readonly<Record<Name, Script>> {
  return Object.fromEntries(names.map((name) => [name, loadScript(name)])) as Record<Name, Script>;
}

/** A first line `-- include log` puts `include-log.lua` in front: Redis has no modules. */
function loadScript(name: string): Script {
  const own = readLua(name);
  const include = /^-- include ([a-z-]+)\n/.exec(own)?.[1];
  const source = include ? readLua(`include-${include}`) + own : own;
  return { name, source, sha: createHash('sha1').update(source).digest('hex') };
}

function readLua(name: string): string {
  return readFileSync(new URL(`./lua/${name}.lua`, import.meta.url), 'utf8');
}
