/** Slots of a Redis Cluster. */
export const slotCount = 16_384;

/** The Cluster slot of a hash tag or of a key without one: CRC-16 (XMODEM) of its bytes. */
export function slotOf(tag: string): number {
  let crc = 0;
  for (let at = 0; at < tag.length; at++) {
    crc ^= tag.charCodeAt(at) << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff;
  }
  return crc % slotCount;
}

/** Of a key: the part between the first braces, if there is one (`p:{sid}:out`). */
export function slotOfKey(key: string): number {
  return slotOf(/\{([^}]+)\}/.exec(key)?.[1] ?? key);
}
