/**
 * The keyed pseudo-random stream of `test/kubernetes-server` (its README defines it): byte i is a pure function of key and i, so that a
 * checker needs nothing but the key. 64-bit arithmetic on pairs of 32-bit halves.
 */
const blockBytes = 65_536;
const mask = 0xffff_ffff_ffff_ffffn;

/** The whole block `index` of the stream. */
function makeBlock(key: bigint, index: number): Uint8Array {
  let z = (key + BigInt(index + 1) * 0x9e37_79b9_7f4a_7c15n) & mask;
  z = ((z ^ (z >> 30n)) * 0xbf58_476d_1ce4_e5b9n) & mask;
  z = ((z ^ (z >> 27n)) * 0x94d0_49bb_1331_11ebn) & mask;
  let x = z ^ (z >> 31n);
  if (x === 0n) x = 0x9e37_79b9_7f4a_7c15n;
  let high = Number(x >> 32n) | 0;
  let low = Number(x & 0xffff_ffffn) | 0;
  const words = new Int32Array(blockBytes / 4);
  for (let at = 0; at < words.length; at += 2) {
    high ^= (high << 13) | (low >>> 19);
    low ^= low << 13;
    low ^= (low >>> 7) | (high << 25);
    high ^= high >>> 7;
    high ^= (high << 17) | (low >>> 15);
    low ^= low << 17;
    words[at] = low;
    words[at + 1] = high;
  }
  return new Uint8Array(words.buffer);
}

export class KeyedStream {
  readonly #key: bigint;
  #index = -1;
  #block: Uint8Array = new Uint8Array(0);

  /** @param key 1 to 16 hexadecimal digits */
  constructor(key: string) {
    this.#key = BigInt(`0x${key}`);
  }

  /** A copy of `count` bytes from `offset` on. */
  bytes(offset: number, count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    for (let at = 0; at < count; ) {
      const index = Math.floor((offset + at) / blockBytes);
      if (index !== this.#index) {
        this.#block = makeBlock(this.#key, index);
        this.#index = index;
      }
      const piece = this.#block.subarray((offset + at) % blockBytes).subarray(0, count - at);
      bytes.set(piece, at);
      at += piece.length;
    }
    return bytes;
  }

  /** @returns the index of the first byte that is not the stream's, or -1 */
  mismatch(offset: number, bytes: Uint8Array): number {
    const expected = this.bytes(offset, bytes.length);
    if (Buffer.compare(expected, bytes) === 0) return -1;
    return bytes.findIndex((value, index) => value !== expected[index]);
  }
}
