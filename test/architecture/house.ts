import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Which folder of `src` may import which. A folder may always import itself. */
export const arrows: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  base: [],
  log: ['protocol', 'base'],
  session: ['protocol', 'base', 'log'],
  client: ['protocol'],
  config: ['protocol', 'base'],
  telemetry: ['base'],
  auth: ['protocol', 'base'],
  broker: ['protocol', 'base', 'log', 'session'],
  upstream: ['protocol', 'base', 'session'],
  demo: ['protocol', 'base'],
  edge: ['protocol', 'base', 'log', 'session', 'client', 'broker', 'upstream', 'auth', 'telemetry'],
  worker: ['protocol', 'base', 'log', 'session', 'broker', 'upstream', 'auth', 'telemetry'],
  addon: ['protocol', 'client'],
  web: ['protocol', 'client', 'addon'],
  bin: ['protocol', 'base', 'log', 'session', 'broker', 'upstream', 'auth', 'config', 'telemetry', 'edge', 'worker', 'demo'],
};

/** The one home of each third-party package, as path prefixes below `src`. */
export const homes: Readonly<Record<string, readonly string[]>> = {
  ioredis: ['broker/redis/'],
  ws: ['edge/listen/', 'upstream/kubernetes/', 'demo/'],
  '@lydell/node-pty': ['demo/'],
  jose: ['auth/jwt/'],
  yaml: ['upstream/clusters/'],
  nanoid: ['edge/', 'bin/'],
  pino: ['telemetry/'],
  zod: ['config/'],
  '@xterm/xterm': ['addon/', 'web/'],
  '@xterm/addon-fit': ['web/'],
  '@xterm/addon-search': ['web/'],
  '@xterm/addon-web-links': ['web/'],
  '@xterm/addon-webgl': ['web/'],
};

/** Folders without any platform: no Node module may be imported. */
const platformFree = ['protocol', 'base', 'log', 'session', 'client', 'addon', 'web'];

export interface SourceFile {
  /** Below `src`, with `/`. */
  readonly path: string;
  readonly text: string;
}

export function readSources(src: string): readonly SourceFile[] {
  return readdirSync(src, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.d.ts'))
    .map((entry) => {
      const whole = join(entry.parentPath, entry.name);
      return { path: whole.slice(src.length + 1).replaceAll('\\', '/'), text: readFileSync(whole, 'utf8') };
    });
}

/** One line for every import that leaves the house's rules. */
export function violations(files: readonly SourceFile[]): readonly string[] {
  return files.flatMap((file) => importsOf(file.text).flatMap((name) => judge(file.path, name)));
}

function judge(path: string, name: string): readonly string[] {
  const folder = path.split('/')[0] ?? '';
  if (name.startsWith('.')) {
    const parts = path.split('/').slice(0, -1);
    for (const part of name.split('/')) {
      if (part === '..') parts.pop();
      else if (part !== '.') parts.push(part);
    }
    const to = parts[0] ?? '';
    if (to.endsWith('.ts') || to.endsWith('.json')) return [];
    return to === folder || arrows[folder]?.includes(to) ? [] : [`${path}: ${folder} must not import ${to}`];
  }
  if (name.startsWith('node:')) return platformFree.includes(folder) ? [`${path}: ${folder} must not import ${name}`] : [];
  const known = Object.keys(homes).find((pack) => name === pack || name.startsWith(`${pack}/`));
  if (!known) return [`${path}: ${name} has no home in this tree`];
  return homes[known]?.some((home) => path.startsWith(home)) ? [] : [`${path}: ${known} lives in ${homes[known]?.join(', ')}`];
}

function importsOf(text: string): readonly string[] {
  const found = [
    ...text.matchAll(/^\s*(?:import|export)\b[^'";]*?from\s+'([^']+)'/gm),
    ...text.matchAll(/^import\s+'([^']+)'/gm),
    ...text.matchAll(/\bimport\('([^']+)'\)/g),
  ];
  return found.map((match) => match[1] ?? '');
}
