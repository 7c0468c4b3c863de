/** The time in front of a line of a log. */
export interface LogStamp {
  /** Since 1970. */
  readonly seconds: number;
  readonly nanos: number;
  /** Bytes of it, with the blank behind. */
  readonly length: number;
}

const [zero, nine, blank, plus, minus, dot, colon, upperZ] = [0x30, 0x39, 0x20, 0x2b, 0x2d, 0x2e, 0x3a, 0x5a];

/**
 * Reads RFC 3339 times as the kubelet writes them, with nine digits of fraction, and as others do, with fewer. Of a busy log nearly all
 * have the same minute, which is worked out once.
 */
export class LogStampReader {
  #minute = '';
  #minuteSeconds = 0;

  /** @returns `short`: it may become one with more bytes; undefined: the line has none */
  read(bytes: Uint8Array, at: number): LogStamp | 'short' | undefined {
    for (let index = 0; index < 19; index++) {
      const byte = bytes[at + index];
      if (byte === undefined) return 'short';
      const wanted = form[index];
      if (wanted === zero ? !isDigit(byte) : byte !== wanted) return undefined;
    }
    let end = at + 19;
    let nanos = 0;
    if (bytes[end] === dot) {
      let digits = 0;
      for (end += 1; digits < 9 && isDigit(bytes[end]); digits++, end++) nanos = nanos * 10 + (bytes[end] as number) - zero;
      nanos *= 10 ** (9 - digits);
    }
    const zone = this.#zone(bytes, end);
    if (typeof zone !== 'object') return zone;
    if (bytes[zone.end] !== blank) return zone.end < bytes.length ? undefined : 'short';
    const seconds = this.#minuteOf(bytes, at) + pair(bytes, at + 17) - zone.seconds;
    return seconds >= 0 ? { seconds, nanos, length: zone.end + 1 - at } : undefined;
  }

  #zone(bytes: Uint8Array, at: number): { readonly end: number; readonly seconds: number } | 'short' | undefined {
    const sign = bytes[at];
    if (sign === undefined) return 'short';
    if (sign === upperZ) return { end: at + 1, seconds: 0 };
    if (sign !== plus && sign !== minus) return undefined;
    for (const index of [1, 2, 3, 4, 5]) {
      const byte = bytes[at + index];
      if (byte === undefined) return 'short';
      if (index === 3 ? byte !== colon : !isDigit(byte)) return undefined;
    }
    const east = pair(bytes, at + 1) * 3600 + pair(bytes, at + 4) * 60;
    return { end: at + 6, seconds: sign === plus ? east : -east };
  }

  #minuteOf(bytes: Uint8Array, at: number): number {
    const minute = Buffer.from(bytes.buffer, bytes.byteOffset + at, 16).toString('latin1');
    if (minute !== this.#minute) {
      this.#minute = minute;
      this.#minuteSeconds = Date.parse(`${minute}:00Z`) / 1000;
    }
    return this.#minuteSeconds;
  }
}

/** As a query of the API takes it: whole seconds, which is all that the kubelet is told (facts 2.4). */
export function sinceTimeOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}

/** `0` stands for any digit. */
const form = Array.from('0000-00-00T00:00:00', (character) => character.charCodeAt(0));

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= zero && byte <= nine;
}

function pair(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? zero) - zero) * 10 + (bytes[at + 1] ?? zero) - zero;
}
