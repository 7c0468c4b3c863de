type Source = 'stdout' | 'stderr';

/**
 * Without a terminal a process writes two streams, and each is cut where it may be. The screen decodes them as one: so that a character of
 * one that is cut is not joined to bytes of the other, its first bytes wait here (three at most a source) for its last.
 */
export class WholeCharacters {
  readonly #waiting: { [source in Source]: Uint8Array } = { stdout: none, stderr: none };

  /** The bytes up to the last whole character of their source, with what waited before them. */
  give(bytes: Uint8Array, source: Source): Uint8Array {
    const before = this.#waiting[source];
    const all = before.length === 0 ? bytes : joined(before, bytes);
    const whole = all.length - unfinishedBytes(all);
    this.#waiting[source] = all.slice(whole);
    return all.subarray(0, whole);
  }

  /** What was never finished, and will not be: the output ended, or something of it is missing here. */
  rest(): Uint8Array {
    const { stdout, stderr } = this.#waiting;
    this.#waiting.stdout = none;
    this.#waiting.stderr = none;
    return joined(stdout, stderr);
  }
}

const none = new Uint8Array();

/** How many bytes at the end begin a UTF-8 character that they do not finish. */
function unfinishedBytes(bytes: Uint8Array): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return lengthOf(byte) > back ? back : 0;
  }
  return 0;
}

/** Of the character that this byte begins; 1 for a byte that begins none. */
function lengthOf(byte: number): number {
  if (byte >= 0xf8) return 1;
  return byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const all = new Uint8Array(first.length + second.length);
  all.set(first);
  all.set(second, first.length);
  return all;
}
