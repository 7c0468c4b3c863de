import type { Random } from '../base/clock.ts';

/** Names one take for ever: 52 random bits, never 0 (LG1). */
export function takeNonce(random: Random): number {
  const bytes = random.bytes(7);
  let value = 0;
  for (const byte of bytes.subarray(0, 6)) value = value * 256 + byte;
  return value * 16 + ((bytes[6] ?? 0) & 15) + 1;
}
