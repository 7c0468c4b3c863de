import { describe, expect, it } from 'vitest';
import { PassthroughAuthenticator, type PresentedCredential } from '../../src/auth/passthrough-authenticator.ts';
import { headers } from './headers.ts';

class Upstream {
  readonly asked: PresentedCredential[] = [];
  answer: (credential: PresentedCredential) => Promise<string | undefined> = async () => 'alice';
  nowMs = 0;
  readonly auth = new PassthroughAuthenticator(
    (credential) => {
      this.asked.push(credential);
      return this.answer(credential);
    },
    () => this.nowMs,
  );
}

const alice = headers({ authorization: 'Bearer token-abc:secret' });

describe('access by what the upstream knows', () => {
  it('[ED1] takes a bearer token or the Rancher cookie, the header first', async () => {
    const { auth } = new Upstream();
    const bearer = { kind: 'bearer', token: 'token-abc:secret' };
    const cookie = { kind: 'rancher-cookie', value: 'token-def:hush' };
    expect((await auth.authenticate(alice))?.credential).toEqual(bearer);
    expect((await auth.authenticate(headers({ cookie: 'CSRF=1; R_SESS=token-def:hush' })))?.credential).toEqual(cookie);
    const both = headers({ authorization: 'Bearer token-abc:secret', cookie: 'R_SESS=token-def:hush' });
    expect((await auth.authenticate(both))?.credential).toEqual(bearer);
    expect(await auth.authenticate(headers({ authorization: 'Basic eA==', cookie: 'R_SESS=token-def:hush' }))).toBeUndefined();
    expect(await auth.authenticate(headers({ cookie: 'other=1' }))).toBeUndefined();
  });

  it('[ED1] names a user by a hash, the same for every credential of theirs', async () => {
    const upstream = new Upstream();
    const first = await upstream.auth.authenticate(alice);
    const second = await upstream.auth.authenticate(headers({ cookie: 'R_SESS=x' }));
    upstream.answer = async () => 'bob';
    const third = await upstream.auth.authenticate(headers({ cookie: 'R_SESS=y' }));
    expect(first?.subject).toBe(second?.subject);
    expect(first?.subject).not.toBe(third?.subject);
    expect(first?.subject).not.toContain('alice');
  });

  it('[ED1] believes an answer for 30 s, and asks once for many at a time', async () => {
    const upstream = new Upstream();
    await Promise.all([upstream.auth.authenticate(alice), upstream.auth.authenticate(alice)]);
    upstream.nowMs = 29_999;
    await upstream.auth.authenticate(alice);
    expect(upstream.asked.length).toBe(1);
    upstream.nowMs = 30_000;
    upstream.answer = async () => undefined;
    expect(await upstream.auth.authenticate(alice)).toBeUndefined();
    expect(await upstream.auth.authenticate(alice)).toBeUndefined();
    expect(upstream.asked.length).toBe(3);
  });

  it('[ED1] tells an upstream that cannot be asked from one that says no', async () => {
    const upstream = new Upstream();
    upstream.answer = async () => Promise.reject(new Error('down'));
    await expect(upstream.auth.authenticate(alice)).rejects.toMatchObject({ code: 'auth-unavailable' });
    upstream.answer = async () => 'alice';
    expect(await upstream.auth.authenticate(alice)).toBeDefined();
  });

  it('[ED1] keeps a bounded number of answers', async () => {
    const upstream = new Upstream();
    for (let i = 0; i < 10_001; i++) await upstream.auth.authenticate(headers({ cookie: `R_SESS=${i}` }));
    await upstream.auth.authenticate(headers({ cookie: 'R_SESS=10000' }));
    expect(upstream.asked.length).toBe(10_001);
    await upstream.auth.authenticate(headers({ cookie: 'R_SESS=0' }));
    expect(upstream.asked.length).toBe(10_002);
  });
});
