import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';

export const sessionCookieName = 'poseidon_session';

/** How long a browser stays signed in. A new access token ends all sessions at once. */
export const sessionCookieMs = 7 * 24 * 60 * 60 * 1000;

/**
 * Signed, expiring values for the cookie. The key comes from the access token, so every edge that knows the token accepts what any
 * other has issued, and nothing is stored. Form: `1.<expires, seconds in base 36>.<random>.<HMAC-SHA-256 of all before it>`.
 */
export class SessionCookies {
  readonly #key: Buffer;

  constructor(accessToken: string) {
    this.#key = Buffer.from(hkdfSync('sha256', accessToken, '', 'poseidon session cookie 1', 32));
  }

  issue(nowMs: number): string {
    const expires = Math.floor((nowMs + sessionCookieMs) / 1000).toString(36);
    const signed = `1.${expires}.${randomBytes(12).toString('base64url')}`;
    return `${signed}.${this.#sign(signed).toString('base64url')}`;
  }

  /** @returns when it expires, by the wall clock; undefined: it is none, or has expired */
  validUntil(value: string, nowMs: number): number | undefined {
    const found = /^(1\.([0-9a-z]{1,9})\.[\w-]{16})\.([\w-]{43})$/.exec(value);
    if (!found) return undefined;
    const [, signed = '', expires = '', signature = ''] = found;
    const given = Buffer.from(signature, 'base64url');
    const expected = this.#sign(signed);
    const expiresAtMs = Number.parseInt(expires, 36) * 1000;
    return given.length === expected.length && timingSafeEqual(given, expected) && expiresAtMs > nowMs ? expiresAtMs : undefined;
  }

  #sign(text: string): Buffer {
    return createHmac('sha256', this.#key).update(text).digest();
  }
}

/** The Set-Cookie header. @param value empty: the cookie is removed */
export function setSessionCookie(value: string, secure: boolean): string {
  const age = value === '' ? 0 : sessionCookieMs / 1000;
  return `${sessionCookieName}=${value}; Path=/; Max-Age=${age}; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;
}
