import { maxControlJsonBytes } from './limits.ts';
import { decodeUtf8, encodeUtf8 } from './utf8.ts';

/** Control frames that are sent once a connection or once a change carry a JSON object as payload; nothing on the hot path does. */
export function encodeJson(value: object): Uint8Array {
  return encodeUtf8(JSON.stringify(value));
}

/** @returns undefined for anything but a JSON object within the size limit; never throws (WP2) */
export function decodeJsonObject(bytes: Uint8Array): { readonly [key: string]: unknown } | undefined {
  if (bytes.length > maxControlJsonBytes) return undefined;
  try {
    const value: unknown = JSON.parse(decodeUtf8(bytes) ?? '');
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as { [key: string]: unknown }) : undefined;
  } catch {
    return undefined;
  }
}

export function isOffset(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

export function isShortText(value: unknown, maxLength: number): value is string {
  return typeof value === 'string' && value.length <= maxLength;
}
