/**
 * Big-endian integers in byte arrays. A `u64` never exceeds 2^53 − 1 (WP2): it is read as two u32 into a number, without BigInt.
 * The writers do not check their arguments: callers hold lengths, offsets and fences that were checked when they came in.
 */

/** A u64 field held a value above 2^53 − 1. The frame that carries it breaks the protocol (WP2). */
export const unsafeInteger = -1;

export function readU16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

export function readU32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) * 0x1000000 + (((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0))) >>> 0;
}

export function readU48(bytes: Uint8Array, at: number): number {
  return readU16(bytes, at) * 0x100000000 + readU32(bytes, at + 2);
}

/** @returns {@link unsafeInteger} when the field is above 2^53 − 1 */
export function readU64(bytes: Uint8Array, at: number): number {
  const high = readU32(bytes, at);
  return high > 0x1fffff ? unsafeInteger : high * 0x100000000 + readU32(bytes, at + 4);
}

export function writeU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

export function writeU48(bytes: Uint8Array, at: number, value: number): void {
  writeU16(bytes, at, Math.floor(value / 0x100000000));
  writeU32(bytes, at + 2, value >>> 0);
}

export function writeU64(bytes: Uint8Array, at: number, value: number): void {
  writeU32(bytes, at, Math.floor(value / 0x100000000));
  writeU32(bytes, at + 4, value >>> 0);
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1 && parts[0]) return parts[0];
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
