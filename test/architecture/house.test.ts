import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSources, violations } from './house.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('the house', () => {
  it('has arrows that point down only, and one home for each package', () => {
    const files = readSources(join(root, 'src'));
    expect(files.length).toBeGreaterThan(50);
    expect(violations(files)).toEqual([]);
  });

  it('sees a planted arrow that points up, a stray package and a platform module', () => {
    const planted = [
      { path: 'protocol/planted.ts', text: "import { RelayDoor } from '../edge/relay/relay-door.ts';\n" },
      { path: 'edge/relay/planted.ts', text: "import { Redis } from 'ioredis';\n" },
      { path: 'log/planted.ts', text: "import { createHash } from 'node:crypto';\n" },
      { path: 'edge/planted.ts', text: "import leftPad from 'left-pad';\n" },
    ];
    expect(violations(planted)).toHaveLength(planted.length);
  });
});

describe('the compiler and the linter, on a copy of the tree', () => {
  let copy = '';

  beforeAll(() => {
    copy = mkdtempSync(join(tmpdir(), 'poseidon-house-'));
    for (const part of ['src/protocol', 'src/base', 'src/log', 'tsconfig.base.json', 'package.json', 'biome.json'])
      cpSync(join(root, part), join(copy, part), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  });

  afterAll(() => rmSync(copy, { recursive: true, force: true }));

  const compile = (folder: string): string => {
    try {
      return execFileSync(join(root, 'node_modules/.bin/tsc'), ['-b', `src/${folder}`], { cwd: copy, encoding: 'utf8' });
    } catch (failure) {
      return String((failure as { stdout: string }).stdout);
    }
  };

  const lint = (path: string, text: string): string => {
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    writeFileSync(join(copy, path), text);
    const { stdout, stderr } = spawnSync(join(root, 'node_modules/.bin/biome'), ['lint', '--colors=off', '--vcs-enabled=false', path], {
      cwd: copy,
      encoding: 'utf8',
    });
    rmSync(join(copy, path));
    return stdout + stderr;
  };

  it('accepts the tree as it is', () => {
    expect(compile('log')).toBe('');
  });

  it.each([
    ['src/log/planted.ts', "import { Redis } from 'ioredis';\nexport const a = Redis;\n"],
    ['src/session/planted.ts', "import { Pump } from '../worker/pump.ts';\nexport const a = Pump;\n"],
    ['src/edge/relay/planted.ts', "import WebSocket from 'ws';\nexport const a = WebSocket;\n"],
    ['src/worker/planted.ts', "import { RelayDoor } from '../edge/relay/relay-door.ts';\nexport const a = RelayDoor;\n"],
  ])('lint refuses a planted import in %s', (path, text) => {
    expect(lint(path, text)).toContain('noRestrictedImports');
    expect(lint(path, 'export const a = 1;\n')).not.toContain('noRestrictedImports');
  });

  it('refuses an import against the project references', () => {
    writeFileSync(join(copy, 'src/protocol/planted.ts'), "export { LogReader } from '../log/log-reader.ts';\n");
    expect(compile('protocol')).toContain('planted.ts');
    rmSync(join(copy, 'src/protocol/planted.ts'));
  });

  it('refuses a Node type in the protocol', () => {
    writeFileSync(join(copy, 'src/protocol/planted.ts'), 'export const bytes = Buffer.alloc(1);\n');
    expect(compile('protocol')).toContain('Buffer');
  });
});
