/** What the far end does: says that it is ready, then sends back every byte it gets, unchanged. A raw TTY, so that nothing else answers. */
export const echoCommand: readonly string[] = ['sh', '-c', 'stty raw -echo; printf ready; exec cat'];

const readyMark = 'ready';

export interface Seen {
  /** Milliseconds from key to echo, one for each key that came back now. */
  readonly latenciesMs: readonly number[];
  readonly wrongBytes: number;
}

/**
 * Compares what comes out of a session with what was typed into it, byte by byte: keyed by the session, so that a byte that is lost,
 * repeated, swapped or another session's does not look right. It knows nothing of offsets and CRCs; it judges those who check them.
 */
export class EchoCheck {
  readonly #key: number;
  #typedAtMs: number[] = [];
  #echoed = 0;
  /** Of {@link readyMark}. */
  #markSeen = 0;

  constructor(key: number) {
    this.#key = key;
  }

  get ready(): boolean {
    return this.#markSeen === readyMark.length;
  }

  get typed(): number {
    return this.#typedAtMs.length;
  }

  get echoed(): number {
    return this.#echoed;
  }

  /** @returns the next key to type */
  nextKey(nowMs: number): number {
    this.#typedAtMs.push(nowMs);
    return keyByte(this.#key, this.#typedAtMs.length - 1);
  }

  output(bytes: Uint8Array, nowMs: number): Seen {
    const latenciesMs: number[] = [];
    let wrongBytes = 0;
    for (const byte of bytes) {
      if (!this.ready) {
        if (byte !== readyMark.charCodeAt(this.#markSeen)) wrongBytes++;
        this.#markSeen++;
        continue;
      }
      const typedAtMs = this.#typedAtMs[this.#echoed];
      if (typedAtMs === undefined) {
        wrongBytes++; // nobody typed it
        continue;
      }
      if (byte !== keyByte(this.#key, this.#echoed)) wrongBytes++;
      latenciesMs.push(nowMs - typedAtMs);
      this.#echoed++;
    }
    return { latenciesMs, wrongBytes };
  }

  /** Output that will never come: every byte of it is wrong, and what follows is compared from behind it. */
  missing(bytes: number): Seen {
    this.#echoed += bytes;
    return { latenciesMs: [], wrongBytes: bytes };
  }
}

/** A printable byte that depends on the session and on the place in it. */
function keyByte(key: number, at: number): number {
  let mixed = Math.imul(key ^ Math.imul(at + 1, 0x9e3779b1), 0x85ebca6b);
  mixed ^= mixed >>> 15;
  return 33 + ((mixed >>> 0) % 94);
}
