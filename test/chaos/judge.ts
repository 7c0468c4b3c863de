import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Claim, Verdict } from './checker.ts';

const tsx = fileURLToPath(new URL('../../node_modules/tsx/dist/cli.mjs', import.meta.url));

export interface Judgement {
  readonly passed: boolean;
  readonly verdicts: readonly Verdict[];
}

/** Runs the checker as a process of its own. */
export async function judge(claims: readonly Claim[]): Promise<Judgement> {
  const { passed, lines } = await runJudge(
    'checker.ts',
    claims.map((claim) => JSON.stringify(claim)),
  );
  return { passed, verdicts: lines.map((line) => JSON.parse(line) as Verdict) };
}

/** A checker of this folder as a process of its own: it is asked a line each, and answers a line each. */
export async function runJudge(program: string, asked: readonly string[]): Promise<{ passed: boolean; lines: readonly string[] }> {
  const checker = fileURLToPath(new URL(program, import.meta.url));
  const child = spawn(process.execPath, [tsx, checker], { stdio: ['pipe', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  child.stdin.end(asked.map((line) => `${line}\n`).join(''));
  const code = await exited;
  const lines = output.split('\n').filter(Boolean);
  return { passed: code === 0 && lines.length === asked.length, lines };
}

export const plantedErrors = ['drop', 'repeat', 'swap', 'foreign'] as const;

/** A copy of a recording with one error in the middle, as a broken relay would have made it. */
export async function plant(claim: Claim, error: (typeof plantedErrors)[number]): Promise<Claim> {
  const good = await readFile(claim.file);
  const at = Math.floor(good.length / 2);
  const file = `${claim.file}.${error}`;
  await writeFile(file, planted(good, at, error));
  return { ...claim, name: `${claim.name} with a planted ${error}`, file, atLeast: 0 };
}

function planted(good: Buffer, at: number, error: (typeof plantedErrors)[number]): Buffer {
  const [before, byte, after] = [good.subarray(0, at), good.subarray(at, at + 1), good.subarray(at + 1)];
  switch (error) {
    case 'drop':
      return Buffer.concat([before, after]);
    case 'repeat':
      return Buffer.concat([before, byte, byte, after]);
    case 'swap': {
      // The next byte that differs, so that the swap is one.
      const other = after.findIndex((value) => value !== byte[0]);
      const swapped = Buffer.from(good);
      swapped[at] = after[other] ?? 0;
      swapped[at + 1 + other] = byte[0] ?? 0;
      return swapped;
    }
    case 'foreign': {
      const foreign = Buffer.from(good);
      foreign[at] = (byte[0] ?? 0) ^ 0x55;
      return foreign;
    }
  }
}
