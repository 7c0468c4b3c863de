/** Headers of a request, copied from the library: names in lower case, repeated ones joined (RequestHead.header). */
export class RequestHeaders {
  readonly #values = new Map<string, string>();

  add(name: string, value: string): void {
    const key = name.toLowerCase();
    const before = this.#values.get(key);
    this.#values.set(key, before === undefined ? value : `${before}${key === 'cookie' ? '; ' : ', '}${value}`);
  }

  get(name: string): string | undefined {
    return this.#values.get(name);
  }

  /** Whether a body follows (RFC 9112, 6.3). */
  announceBody(): boolean {
    return this.get('transfer-encoding') !== undefined || (this.get('content-length') ?? '0') !== '0';
  }

  subprotocols(): readonly string[] {
    const offered = this.get('sec-websocket-protocol') ?? '';
    return offered.split(',').flatMap((name) => name.trim() || []);
  }
}

/** An IPv4 peer of a dual-stack socket is written as IPv4. */
export function plainAddress(address: string): string {
  return address.replace(/^(?:::ffff:|(?:0000:){5}ffff:)(?=\d+\.\d+\.\d+\.\d+$)/i, '');
}
