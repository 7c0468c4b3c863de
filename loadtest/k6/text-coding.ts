/**
 * k6's JavaScript engine has neither TextEncoder nor TextDecoder, and `src/protocol` makes both while it is being imported: this file is
 * imported before everything else. The percent coding of URIs is UTF-8, strict in both directions, and every engine has it. Slow, which
 * is good enough for control frames; terminal bytes are never text here.
 */
class PercentEncoder {
  encode(text: string): Uint8Array {
    const bytes: number[] = [];
    const percent = encodeURIComponent(text);
    for (let at = 0; at < percent.length; at++) {
      const code = percent.charCodeAt(at);
      if (code !== 0x25) bytes.push(code);
      else {
        bytes.push(Number.parseInt(percent.slice(at + 1, at + 3), 16));
        at += 2;
      }
    }
    return Uint8Array.from(bytes);
  }
}

class PercentDecoder {
  /** @throws URIError for bytes that are no UTF-8, as a fatal TextDecoder throws */
  decode(bytes: Uint8Array): string {
    let percent = '';
    for (const byte of bytes) percent += `%${byte.toString(16).padStart(2, '0')}`;
    return decodeURIComponent(percent);
  }
}

const platform = globalThis as { TextEncoder?: unknown; TextDecoder?: unknown };
platform.TextEncoder ??= PercentEncoder;
platform.TextDecoder ??= PercentDecoder;
