import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const tests = fileURLToPath(new URL('..', import.meta.url));
const cache = join(tests, '../.cache');

/** A Go program of a folder of the tests, built once per state of its sources. @returns its path */
export async function goProgram(name: string, linkerFlags = ''): Promise<string> {
  const sources = join(tests, name);
  const hash = createHash('sha256').update(linkerFlags);
  for (const file of (await readdir(sources)).sort()) {
    if (/\.(go|mod|sum)$/.test(file) && !file.endsWith('_test.go')) hash.update(file).update(await readFile(join(sources, file)));
  }
  const binary = join(cache, `${name}-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(binary)) return binary;
  await mkdir(cache, { recursive: true });
  // Several test processes may build at once: each its own file, the last one wins.
  const own = `${binary}.${process.pid}`;
  await promisify(execFile)('go', ['build', '-trimpath', '-ldflags', `-s -w ${linkerFlags}`, '-o', own, '.'], { cwd: sources });
  await rename(own, binary);
  return binary;
}
