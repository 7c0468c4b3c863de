import { describe, expect, it } from 'vitest';
import { SessionCookies, sessionCookieMs, setSessionCookie } from '../../src/auth/session-cookie.ts';
import { newAccessToken, parseAccessToken, TokenAuthenticator } from '../../src/auth/token-authenticator.ts';
import { headers } from './headers.ts';

const token = 'correct-horse-battery';

describe('access by a pre-shared token', () => {
  it('[ED1] takes the token as a bearer, and nothing like it', async () => {
    const auth = new TokenAuthenticator(token, () => 0);
    expect(await auth.authenticate(headers({ authorization: `Bearer ${token}` }))).toMatchObject({ credential: undefined });
    for (const wrong of [
      `Bearer ${token}x`,
      `Bearer ${token.slice(1)}`,
      'Bearer ',
      token,
      `Basic ${token}`,
      `Bearer ${token}, Bearer ${token}`,
    ]) {
      expect(await auth.authenticate(headers({ authorization: wrong })), wrong).toBeUndefined();
    }
    expect(await auth.authenticate(headers({}))).toBeUndefined();
  });

  it('[ED1] exchanges the token for a cookie that every edge with the same token accepts', async () => {
    const value = new TokenAuthenticator(token, () => 0).login(token) ?? '';
    const other = new TokenAuthenticator(token, () => 1000);
    expect(await other.authenticate(headers({ cookie: `a=b; poseidon_session=${value}; c=d` }))).toBeDefined();
    expect(new TokenAuthenticator(token, () => 0).login('wrong-wrong-wrong')).toBeUndefined();
  });

  it('[ED1] refuses a cookie that is altered, expired, or of another token', () => {
    const cookies = new SessionCookies(token);
    const value = cookies.issue(5000);
    expect(cookies.validUntil(value, 5000)).toBe(5000 + sessionCookieMs);
    expect(cookies.validUntil(value, 5000 + sessionCookieMs)).toBeUndefined();
    expect(new SessionCookies(`${token}2`).validUntil(value, 5000)).toBeUndefined();
    for (let i = 0; i < value.length; i++) {
      const changed = value.slice(0, i) + (value[i] === 'A' ? 'B' : 'A') + value.slice(i + 1);
      // The last character of base64url carries unused bits.
      if (i < value.length - 1) expect(cookies.validUntil(changed, 5000), changed).toBeUndefined();
    }
    for (const broken of ['', '1', '1.a.b.c', `${value}x`, `2${value.slice(1)}`]) expect(cookies.validUntil(broken, 0)).toBeUndefined();
  });

  it('[ED1] a wrong bearer is not rescued by a good cookie', async () => {
    const auth = new TokenAuthenticator(token, () => 0);
    const cookie = `poseidon_session=${auth.login(token)}`;
    expect(await auth.authenticate(headers({ authorization: 'Bearer nonsense-nonsense', cookie }))).toBeUndefined();
  });

  it('[ED1] the cookie is out of reach of scripts and other sites', () => {
    const plain = setSessionCookie('v', false);
    expect(plain).toBe('poseidon_session=v; Path=/; Max-Age=604800; HttpOnly; SameSite=Strict');
    expect(setSessionCookie('v', true)).toBe(`${plain}; Secure`);
    expect(setSessionCookie('', false)).toContain('Max-Age=0');
  });

  it('reads a token file, and refuses a token that can be guessed', () => {
    expect(parseAccessToken(`${token}\n`)).toBe(token);
    for (const bad of ['', 'short', 'with a blank in it, long']) expect(() => parseAccessToken(bad)).toThrow(/at least 16/);
    expect(parseAccessToken(newAccessToken()).length).toBe(32);
  });
});
