import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Scope } from '../../src/base/scope.ts';

/** Starts a program of this folder that prints its port. The scope ends it. */
export async function startProgram(
  scope: Scope,
  file: string,
  ...args: string[]
): Promise<{ readonly pid: number; readonly port: number }> {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', path, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  scope.own(() => void child.kill('SIGKILL'));
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return { pid: child.pid ?? 0, port: Number(line) };
}
