/** Bytes of an ASCII text, from `start` on. Both alphabets, with or without padding. @returns undefined when it is no base64 */
export function decodeBase64(ascii: Uint8Array, start: number): Uint8Array | undefined {
  let end = ascii.length;
  while (end > start && ascii[end - 1] === padding && ascii.length - end < 2) end -= 1;
  const digits = end - start;
  if (digits % 4 === 1) return undefined;
  const text = Buffer.from(ascii.buffer, ascii.byteOffset + start, digits).toString('latin1');
  const bytes = Buffer.from(text, 'base64');
  // Node skips characters it does not know: a shorter result means that there were some.
  return bytes.length === Math.floor((digits * 3) / 4) ? bytes : undefined;
}

/** Standard alphabet with padding: servers drop anything else without a word (facts 4.2). */
export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}

const padding = 0x3d;
