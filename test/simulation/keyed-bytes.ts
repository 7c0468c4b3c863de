/** Checkable bytes: what stands at an offset is a pure function of a key, so a repeated, lost, moved or foreign byte shows at once. */

function mix(key: number, block: number): number {
  let x = (key ^ Math.imul(block + 1, 0x9e3779b1)) >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

export function outputBytes(key: number, offset: number, count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const at = offset + i;
    bytes[i] = mix(key, at >>> 2) >>> (8 * (at & 3));
  }
  return bytes;
}

/** @returns the index of the first byte that is wrong, or -1 */
export function firstWrong(bytes: Uint8Array, key: number, offset: number): number {
  for (let i = 0; i < bytes.length; i++) {
    const at = offset + i;
    if (bytes[i] !== ((mix(key, at >>> 2) >>> (8 * (at & 3))) & 0xff)) return i;
  }
  return -1;
}

/**
 * Input bytes say whose they are: the high half names the client stream (modulo 16), the low half of every second one counts
 * the offset, of the others is keyed. A shift shows within two bytes, or within a few; two streams of one number differ as soon.
 */
export function inputBytes(streamIndex: number, offset: number, count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const at = offset + i;
    const low = at & 1 ? mix(streamIndex, at) : (at >>> 1) ^ mix(streamIndex + 1, at >>> 5);
    bytes[i] = ((streamIndex & 15) << 4) | (low & 15);
  }
  return bytes;
}
