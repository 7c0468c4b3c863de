/**
 * The judge: a process of its own that sees only what the client's parser got and what the pty read, as files, the keys, and what was
 * declared. Reads a {@link Claim} a line on stdin; the file must be the keyed stream from its first byte on, except what was declared,
 * and at least so long. Prints a {@link Verdict} a line. Exit code 1 when anything was wrong or short.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { KeyedStream } from '../support/keyed-stream.ts';

/** What the client was told of its stream, in the order of the file. `at` is an offset of the stream. */
export type Declared =
  /** Exactly the `size` bytes from `at` on are missing. Negative: rewound, that many bytes come again. */
  | { readonly at: number; readonly size: number }
  /** Fate unknown: of the bytes from `at` on any part may have come, from the first on; the others below `end` are missing. */
  | { readonly at: number; readonly end: number };

export interface Claim {
  readonly name: string;
  readonly file: string;
  readonly key: string;
  readonly atLeast: number;
  /** The file ends here at the latest, if it had everything that was not declared. */
  readonly atMost?: number;
  readonly declared?: readonly Declared[];
}

export interface Verdict {
  readonly name: string;
  readonly bytes: number;
  /** Offset in the file of the first byte that is not the stream's, -1 for none. */
  readonly wrong: number;
}

/** How far back from the first difference the border of an unknown fate is looked for: some bytes behind it may be equal by chance. */
const equalByChance = 16;

/** @returns the index in `file` of its first wrong byte, or -1 */
export function firstWrong(file: Uint8Array, stream: KeyedStream, declared: readonly Declared[]): number {
  return wrongFrom(0, 0, declared);

  function wrongFrom(index: number, offset: number, [next, ...rest]: readonly Declared[]): number {
    const end = next ? Math.min(file.length, index + ('end' in next ? next.end : next.at) - offset) : file.length;
    const wrong = stream.mismatch(offset, file.subarray(index, end));
    if (!next) return wrong === -1 ? -1 : index + wrong;
    const fateFrom = index + next.at - offset;
    if ('size' in next) {
      if (wrong !== -1) return index + wrong;
      return end === file.length ? -1 : wrongFrom(end, next.at + next.size, rest);
    }
    const border = wrong === -1 ? end : index + wrong;
    if (border === file.length) return -1;
    if (border < fateFrom) return border;
    for (let last = border; last >= Math.max(fateFrom, border - equalByChance); last--) {
      if (wrongFrom(last, next.end, rest) === -1) return -1;
    }
    return border;
  }
}

async function main(): Promise<void> {
  let bad = false;
  for await (const line of createInterface({ input: process.stdin })) {
    const claim = JSON.parse(line) as Claim;
    const bytes = readFileSync(claim.file);
    const wrong = firstWrong(bytes, new KeyedStream(claim.key), claim.declared ?? []);
    if (wrong !== -1 || bytes.length < claim.atLeast || bytes.length > (claim.atMost ?? Infinity)) bad = true;
    process.stdout.write(`${JSON.stringify({ name: claim.name, bytes: bytes.length, wrong } satisfies Verdict)}\n`);
  }
  process.exit(bad ? 1 : 0);
}

if (process.argv[1]?.endsWith('checker.ts')) await main();
