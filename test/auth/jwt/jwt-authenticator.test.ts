import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { exportJWK, exportSPKI, generateSecret, importJWK, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { JwtAuthenticator, type JwtSettings } from '../../../src/auth/jwt/jwt-authenticator.ts';
import { KeySet } from '../../../src/auth/jwt/key-set.ts';
import { type KeyPlace, keysAt } from '../../../src/auth/jwt/provider-keys.ts';
import type { User } from '../../../src/auth/user.ts';
import { pinned } from '../../support/fuzz.ts';
import { IdentityProvider } from '../../support/identity-provider.ts';
import { headers } from '../headers.ts';

let provider: IdentityProvider;
beforeAll(async () => {
  provider = await IdentityProvider.start();
});
afterAll(() => provider[Symbol.asyncDispose]());

/** An edge that trusts the provider, with clocks of its own. */
class Edge {
  nowMs = 0;
  wallMs = Date.now();
  readonly failures: unknown[] = [];
  readonly auth: JwtAuthenticator;

  constructor(settings: Partial<Omit<JwtSettings, 'claims'>> & { claims?: Partial<JwtSettings['claims']> } = {}, place?: KeyPlace) {
    const keys = new KeySet(
      keysAt(place ?? { kind: 'discovery', issuer: provider.url }, undefined),
      () => this.nowMs,
      (failure) => this.failures.push(failure),
    );
    const claims = { user: 'sub', groups: 'groups', extra: [], userPrefix: '', groupsPrefix: '', ...settings.claims };
    const whole = { issuer: provider.url, audiences: ['poseidon'], clockSkewMs: 30_000, cookie: undefined, ...settings, claims };
    this.auth = new JwtAuthenticator(whole, keys, () => this.wallMs);
  }

  bearer(token: string): Promise<User | undefined> {
    return this.auth.authenticate(headers({ authorization: `Bearer ${token}` }));
  }

  /** The code of the refusal. */
  async refusal(token: string): Promise<string> {
    const failure: unknown = await this.bearer(token).catch((thrown: unknown) => thrown);
    const { code, message } = failure as { code: string; message: string };
    expect(message).not.toContain(token);
    return code;
  }
}

const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const now = () => Math.floor(Date.now() / 1000);

describe('access by tokens of an OpenID provider', () => {
  it('[ED1] takes a token of the provider, and acts upstream for its user and groups', async () => {
    const user = await new Edge().bearer(await provider.token({ groups: ['dev', 'ops'] }));
    const credential = { kind: 'impersonation', user: 'ann', groups: ['dev', 'ops'], extra: {} };
    expect(user).toMatchObject({ name: 'ann', groups: ['dev', 'ops'], credential });
    expect(user?.subject).toMatch(/^user-[\w-]{32}$/);
    expect(user?.expiresAtMs).toBeGreaterThan(Date.now() + 300_000);
  });

  it('[ED1] takes a cookie by its configured name only, and a header before it', async () => {
    const token = await provider.token();
    const cookies = { cookie: `a=b; idtoken=${token}` };
    expect(await new Edge().auth.authenticate(headers(cookies))).toBeUndefined();
    const { auth } = new Edge({ cookie: 'idtoken' });
    expect(await auth.authenticate(headers(cookies))).toMatchObject({ name: 'ann' });
    expect(await auth.authenticate(headers({ ...cookies, authorization: 'Basic eA==' }))).toBeUndefined();
    const other = await provider.token({ sub: 'bob' });
    expect(await auth.authenticate(headers({ ...cookies, authorization: `Bearer ${other}` }))).toMatchObject({ name: 'bob' });
    expect(await auth.authenticate(headers({}))).toBeUndefined();
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['another issuer', { iss: 'https://evil.example' }, 'token-issuer'],
    ['no issuer', { iss: undefined }, 'token-issuer'],
    ['another audience', { aud: 'other' }, 'token-audience'],
    ['another audience in a list', { aud: ['other', 'more'] }, 'token-audience'],
    ['no audience', { aud: undefined }, 'token-audience'],
    ['expired', { exp: now() - 120 }, 'token-expired'],
    ['no end', { exp: undefined }, 'token-claims'],
    ['an end that is no number', { exp: 'tomorrow' }, 'token-claims'],
    ['not valid yet', { nbf: now() + 120 }, 'token-not-yet'],
    ['nobody', { sub: undefined }, 'token-claims'],
    ['a name that is none', { sub: '' }, 'token-claims'],
    ['a name that is a list', { sub: ['ann'] }, 'token-claims'],
    ['a name with a line break', { sub: 'ann\r\nImpersonate-Group: system:masters' }, 'token-claims'],
    ['a name with a blank at its end', { sub: 'ann ' }, 'token-claims'],
    ["one of Kubernetes' own names", { sub: 'system:admin' }, 'token-claims'],
  ])('[ED1] refuses a token for %s', async (_why, claims, code) => {
    expect(await new Edge().refusal(await provider.token(claims))).toBe(code);
  });

  it('[ED1] takes one of several audiences', async () => {
    const edge = new Edge({ audiences: ['relay', 'poseidon'] });
    expect(await edge.bearer(await provider.token({ aud: ['other', 'relay'] }))).toBeDefined();
  });

  it('[ED1] forgives clocks that differ by less than the skew, at both ends', async () => {
    const edge = new Edge();
    const token = await provider.token({ exp: now() + 100, nbf: now() });
    for (const [aheadMs, code] of [
      [125_000, undefined],
      [135_000, 'token-expired'],
      [-25_000, undefined],
      [-35_000, 'token-not-yet'],
    ] as const) {
      edge.wallMs = now() * 1000 + aheadMs;
      expect(code === undefined ? await edge.bearer(token) : await edge.refusal(token), `${aheadMs}`).toEqual(
        code ?? expect.objectContaining({ name: 'ann' }),
      );
    }
  });

  it('[ED1] takes no token without a signature, whatever it calls that', async () => {
    const claims = { iss: provider.url, aud: 'poseidon', sub: 'ann', exp: now() + 300 };
    for (const alg of ['none', 'None', 'NONE', '']) {
      for (const signature of ['', 'AAAA']) {
        const code = await new Edge().refusal(`${base64({ alg })}.${base64(claims)}.${signature}`);
        expect(['token-algorithm', 'token-malformed'], alg).toContain(code);
      }
    }
  });

  it('[ED1] takes no public key for a shared secret (HS256)', async () => {
    const open = await importJWK(provider.newestKey, 'ES256', { extractable: true });
    const pem = Buffer.from(await exportSPKI(open as Parameters<typeof exportSPKI>[0]));
    const claims = { iss: provider.url, aud: 'poseidon', sub: 'ann', exp: now() + 300 };
    const kid = provider.newestKey.kid ?? '';
    const forged = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid }).sign(pem);
    expect(await new Edge().refusal(forged)).toBe('token-algorithm');
  });

  it('[ED1] trusts no secret key, should the provider show one', async () => {
    const secret = await generateSecret('HS256', { extractable: true });
    provider.strange = [{ ...(await exportJWK(secret)), kid: 'secret', alg: 'HS256' }];
    const claims = { iss: provider.url, aud: 'poseidon', sub: 'ann', exp: now() + 300 };
    const forged = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: 'secret' }).sign(secret);
    expect(await new Edge().refusal(forged)).toBe('token-algorithm');
    expect(await new Edge().bearer(await provider.token())).toBeDefined();
    provider.strange = [];
  });

  it('[ED1] takes no key that a token brings along', async () => {
    await using other = await IdentityProvider.start();
    const own = await other.token({ iss: provider.url });
    const [, payload, signature] = own.split('.');
    const header = base64({ alg: 'ES256', jwk: other.newestKey, jku: `${other.url}/keys`, kid: provider.newestKey.kid });
    expect(await new Edge().refusal(own)).toBe('token-signature');
    expect(await new Edge().refusal(`${header}.${payload}.${signature}`)).toBe('token-signature');
    expect(other.asked).toBe(0);
  });

  it('[ED1] notices a changed byte anywhere', async () => {
    const token = await provider.token();
    const edge = new Edge();
    for (let at = 0; at < token.length - 1; at += 7) {
      const changed = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1);
      expect(await edge.refusal(changed), changed).toMatch(/^token-/);
    }
  });

  it('[ED1] answers hostile and huge tokens, and lets none in', async () => {
    const edge = new Edge();
    expect(await edge.refusal(`${'a'.repeat(20_000)}`)).toBe('token-malformed');
    expect(
      await edge.refusal(`${base64({ alg: 'ES256' })}.${base64({ deep: JSON.parse('['.repeat(500) + ']'.repeat(500)) as object })}.AA`),
    ).toMatch(/^token-/);
    expect(await edge.refusal(`${base64({ alg: 'ES256', crit: ['exp'], b64: false })}.e30.AA`)).toBe('token-malformed');
    const text = fc.oneof(
      fc.string({ maxLength: 200 }),
      fc.base64String(),
      fc.json().map((json) => Buffer.from(json).toString('base64url')),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(text, { maxLength: 5 }), async (parts) => {
        const failure: unknown = await edge.bearer(parts.join('.')).catch((thrown: unknown) => thrown);
        expect(failure === undefined || String((failure as { code?: string }).code).startsWith('token-')).toBe(true);
      }),
      pinned(11, 500),
    );
  });

  it('[ED1] reads names from claims within claims, and puts prefixes in front', async () => {
    const names = {
      user: 'email',
      groups: 'realm_access.roles',
      extra: ['Tenant', 'https://a.example/b'],
      userPrefix: 'oidc:',
      groupsPrefix: 'oidc:',
    };
    const claims = {
      email: 'ann@example.org',
      realm_access: { roles: ['dev', 7, 'system:masters', 'a\nb'] },
      Tenant: 'blue',
      'https://a.example/b': ['x', 'y'],
    };
    const user = await new Edge({ claims: names }).bearer(await provider.token(claims));
    expect(user?.name).toBe('oidc:ann@example.org');
    expect(user?.groups).toEqual(['oidc:dev', 'oidc:system:masters']);
    expect(user?.credential).toMatchObject({ extra: { tenant: ['blue'], 'https://a.example/b': ['x', 'y'] } });
    const refused = await provider.token({ ...claims, email_verified: false });
    expect(await new Edge({ claims: names }).refusal(refused)).toBe('token-claims');
    const bare = await new Edge({ claims: { groups: 'realm_access.roles' } }).bearer(await provider.token(claims));
    expect(bare?.groups).toEqual(['dev']);
  });
});

describe('the keys of the provider', () => {
  it('[ED1] follows a rotation at once, and forgets a key that was withdrawn', async () => {
    const edge = new Edge();
    const before = await provider.token();
    const old = provider.newestKey.kid ?? '';
    expect(await edge.bearer(before)).toBeDefined();
    for (const alg of ['RS256', 'EdDSA', 'ES384']) {
      edge.nowMs += 20_000;
      await provider.newKey(alg);
      expect(await edge.bearer(await provider.token()), alg).toBeDefined();
    }
    expect(await edge.bearer(before)).toBeDefined();
    provider.withdraw(old);
    expect(await edge.bearer(before)).toBeDefined();
    edge.nowMs += 300_000;
    expect(await edge.refusal(before)).toBe('token-signature');
  });

  it('[ED1] asks once for many, and not again for every token with a key that nobody knows', async () => {
    const edge = new Edge();
    const asked = provider.asked;
    await Promise.all(Array.from({ length: 20 }, async () => edge.bearer(await provider.token())));
    expect(provider.asked - asked).toBe(1);
    await using other = await IdentityProvider.start();
    await other.newKey();
    for (let i = 0; i < 20; i++) {
      const unknown = (await other.token({ iss: provider.url })).split('.').slice(1).join('.');
      expect(await edge.refusal(`${base64({ alg: 'ES256', kid: `unknown-${i}` })}.${unknown}`)).toBe('token-signature');
    }
    expect(provider.asked - asked).toBe(1);
    edge.nowMs += 10_000;
    await edge.refusal(`${base64({ alg: 'ES256', kid: 'unknown' })}.e30.AA`);
    expect(provider.asked - asked).toBe(2);
  });

  it('[ED1] says that it cannot be asked, believes the keys it has for an hour, and comes back by itself', async () => {
    provider.instead = { status: 503, body: 'down' };
    const edge = new Edge();
    const token = await provider.token({ exp: now() + 7200 });
    await expect(edge.bearer(token)).rejects.toMatchObject({ code: 'auth-unavailable' });
    provider.instead = undefined;
    edge.nowMs += 10_000;
    expect(await edge.bearer(token)).toBeDefined();
    provider.instead = { status: 503, body: 'down' };
    edge.nowMs += 59 * 60_000;
    expect(await edge.bearer(token)).toBeDefined();
    edge.nowMs += 2 * 60_000;
    await expect(edge.bearer(token)).rejects.toMatchObject({ code: 'auth-unavailable' });
    expect(edge.failures).toHaveLength(3);
    provider.instead = undefined;
    edge.nowMs += 10_000;
    expect(await edge.bearer(token)).toBeDefined();
  });

  it.each<[string, () => void]>([
    ['no JSON', () => (provider.instead = { status: 200, body: '<html>' })],
    ['no object', () => (provider.instead = { status: 200, body: '7' })],
    ['no keys', () => (provider.instead = { status: 200, body: '{"keys":7}' })],
    ['far too much', () => (provider.instead = { status: 200, body: `{"keys":[${'{},'.repeat(300_000)}{}]}` })],
    ['a redirect', () => (provider.instead = { status: 302, body: '' })],
    ['another issuer', () => (provider.issuerSaid = 'https://other.example')],
  ])('[ED1] is not unsettled by an answer that has %s', async (_what, break_) => {
    break_();
    const edge = new Edge();
    await expect(edge.bearer(await provider.token())).rejects.toMatchObject({ code: 'auth-unavailable' });
    expect(edge.failures).toEqual([expect.objectContaining({ code: 'keys-unavailable' })]);
    provider.instead = undefined;
    provider.issuerSaid = undefined;
  });

  it('[ED1] says that it cannot be asked where nobody listens, or nobody answers to the end', async () => {
    const gone = await IdentityProvider.start();
    const { url } = gone;
    await gone[Symbol.asyncDispose]();
    const token = await provider.token({ iss: url });
    const edge = new Edge({ issuer: url }, { kind: 'discovery', issuer: url });
    await expect(edge.bearer(token)).rejects.toMatchObject({ code: 'auth-unavailable' });
    expect(edge.failures).toEqual([
      expect.objectContaining({ code: 'keys-unavailable', message: 'the identity provider cannot be reached' }),
    ]);
    await using cut = await IdentityProvider.start();
    cut.breaksOff = true;
    const other = new Edge({ issuer: cut.url }, { kind: 'discovery', issuer: cut.url });
    await expect(other.bearer(await provider.token({ iss: cut.url }))).rejects.toMatchObject({ code: 'auth-unavailable' });
    expect(other.failures).toEqual([expect.objectContaining({ code: 'keys-unavailable' })]);
  });

  it('[ED1] takes keys from a URL or a file instead, and from nowhere in clear', async () => {
    const token = await provider.token();
    expect(await new Edge({}, { kind: 'url', url: `${provider.url}/keys` }).bearer(token)).toBeDefined();
    const directory = await mkdtemp(join(tmpdir(), 'poseidon-keys-'));
    const file = join(directory, 'keys.json');
    await writeFile(file, JSON.stringify({ keys: [provider.newestKey] }));
    expect(await new Edge({}, { kind: 'file', file }).bearer(token)).toBeDefined();
    await rm(directory, { recursive: true });
    for (const place of [
      { kind: 'file', file },
      { kind: 'url', url: 'http://keys.example/keys' },
      { kind: 'url', url: 'ftp://127.0.0.1/keys' },
      { kind: 'discovery', issuer: 'http://issuer.example' },
    ] as const) {
      await expect(new Edge({}, place).bearer(token)).rejects.toMatchObject({ code: 'auth-unavailable' });
    }
  });
});
