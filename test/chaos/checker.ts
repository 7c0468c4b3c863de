/**
 * The judge: a process of its own that sees only what the client's parser got and what the pty read, as files, and the keys.
 * Reads JSON lines on stdin, `{name, file, key, atLeast}`; for each the file must be a prefix of the keyed stream, at least so long.
 * Prints one JSON line each, `{name, bytes, wrong}`: `wrong` is the offset of the first byte that is not the stream's, -1 for none.
 * Exit code 1 when anything was wrong or short.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { KeyedStream } from '../support/keyed-stream.ts';

export interface Claim {
  readonly name: string;
  readonly file: string;
  readonly key: string;
  readonly atLeast: number;
}

export interface Verdict {
  readonly name: string;
  readonly bytes: number;
  readonly wrong: number;
}

let bad = false;
for await (const line of createInterface({ input: process.stdin })) {
  const claim = JSON.parse(line) as Claim;
  const bytes = readFileSync(claim.file);
  const wrong = new KeyedStream(claim.key).mismatch(0, bytes);
  if (wrong !== -1 || bytes.length < claim.atLeast) bad = true;
  process.stdout.write(`${JSON.stringify({ name: claim.name, bytes: bytes.length, wrong } satisfies Verdict)}\n`);
}
process.exit(bad ? 1 : 0);
