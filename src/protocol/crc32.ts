/**
 * CRC-32 (IEEE 802.3, reflected, as in zlib and PNG), continued: `crc32(b, crc32(a))` is the CRC of a followed by b. Slicing by four
 * tables. Node's own (zlib) gives the same and is faster for long inputs: processes hand that to their log writers.
 */
const tables = makeTables();

export function crc32(bytes: Uint8Array, from = 0): number {
  const [t0, t1, t2, t3] = tables;
  let crc = ~from;
  let at = 0;
  for (const last = bytes.length - 3; at < last; at += 4) {
    crc ^= (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24);
    crc =
      (t3[crc & 0xff] as number) ^ (t2[(crc >>> 8) & 0xff] as number) ^ (t1[(crc >>> 16) & 0xff] as number) ^ (t0[crc >>> 24] as number);
  }
  for (; at < bytes.length; at++) crc = (crc >>> 8) ^ (t0[(crc ^ (bytes[at] as number)) & 0xff] as number);
  return ~crc >>> 0;
}

function makeTables(): readonly [Int32Array, Int32Array, Int32Array, Int32Array] {
  const made = [new Int32Array(256), new Int32Array(256), new Int32Array(256), new Int32Array(256)] as const;
  for (let n = 0; n < 256; n++) {
    let c = n;
    for (let bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
    made[0][n] = c;
  }
  for (let n = 0; n < 256; n++) {
    for (let table = 1; table < 4; table++) {
      const below = made[table - 1]?.[n] as number;
      (made[table] as Int32Array)[n] = (below >>> 8) ^ (made[0][below & 0xff] as number);
    }
  }
  return made;
}
