/**
 * The judge of logs: a process of its own that sees only what the client's parser got, as files. Reads a file name a line on stdin: its lines
 * must be the numbered lines of the pod `logger`, none missing, none twice, each with its own text; the last one may be cut. Prints a
 * {@link LogVerdict} a line. Exit code 1 when anything was wrong.
 */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { NumberedLines } from '../support/numbered-lines.ts';

export interface LogVerdict {
  readonly file: string;
  readonly lines: number;
  readonly wrong: string | undefined;
}

let bad = false;
for await (const file of createInterface({ input: process.stdin })) {
  const numbered = new NumberedLines();
  for await (const bytes of createReadStream(file)) numbered.add(bytes as Buffer);
  bad ||= numbered.wrong !== undefined;
  process.stdout.write(`${JSON.stringify({ file, lines: numbered.lines, wrong: numbered.wrong } satisfies LogVerdict)}\n`);
}
process.exit(bad ? 1 : 0);
