import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { CodedError } from '../base/coded-error.ts';
import type { Authenticator, HeaderSource } from './authenticator.ts';
import { bearerToken, cookie } from './header-values.ts';
import { SessionCookies, sessionCookieName } from './session-cookie.ts';
import type { User } from './user.ts';

/** Shorter ones can be guessed. */
const minAccessTokenLength = 16;

/** Whoever knows the pre-shared access token, or holds a cookie that was given for it, is the one user of this relay (ED1). */
export class TokenAuthenticator implements Authenticator {
  readonly mode = 'token';
  readonly #tokenHash: Buffer;
  readonly #cookies: SessionCookies;
  readonly #wallMs: () => number;

  constructor(accessToken: string, wallMs: () => number) {
    this.#tokenHash = hash(accessToken);
    this.#cookies = new SessionCookies(accessToken);
    this.#wallMs = wallMs;
  }

  async authenticate(request: HeaderSource): Promise<User | undefined> {
    const bearer = bearerToken(request);
    if (bearer !== undefined) return this.#isToken(bearer) ? tokenUser(undefined) : undefined;
    const value = cookie(request, sessionCookieName);
    const expiresAtMs = value === undefined ? undefined : this.#cookies.validUntil(value, this.#wallMs());
    return expiresAtMs === undefined ? undefined : tokenUser(expiresAtMs);
  }

  /** Exchanges the token for a cookie's value. @returns undefined for another token */
  login(token: string): string | undefined {
    return this.#isToken(token) ? this.#cookies.issue(this.#wallMs()) : undefined;
  }

  /** Of hashes, so that neither length nor content shows in the time it takes. */
  #isToken(token: string): boolean {
    return timingSafeEqual(hash(token), this.#tokenHash);
  }
}

function tokenUser(expiresAtMs: number | undefined): User {
  return { subject: 'access-token', name: 'access-token', groups: [], credential: undefined, expiresAtMs };
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

export function newAccessToken(): string {
  return randomBytes(24).toString('base64url');
}

/** What a token file holds. @throws CodedError `bad-access-token` */
export function parseAccessToken(text: string): string {
  const token = text.trim();
  if (!/^[\x21-\x7e]+$/.test(token) || token.length < minAccessTokenLength) {
    throw new CodedError('bad-access-token', `an access token has at least ${minAccessTokenLength} visible characters`);
  }
  return token;
}
