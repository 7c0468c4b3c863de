import { describe, expect, it } from 'vitest';
import { credentialContext, newSealKey, parseSealKeys, Sealer } from '../../src/auth/seal.ts';

const bearer = { kind: 'bearer', token: 'token-abc:sécret' } as const;
const cookie = { kind: 'rancher-cookie', value: 'token-def:hush' } as const;

describe('sealed credentials', () => {
  it('[UP8] open with the same key and context', () => {
    const key = newSealKey();
    const sealed = new Sealer(key).seal(bearer, 'local/user-1');
    expect(sealed).toMatch(/^[\w-]+$/);
    expect(Buffer.from(sealed, 'base64url').toString('latin1')).not.toContain('token');
    expect(new Sealer(key).open(sealed, 'local/user-1')).toEqual(bearer);
    expect(new Sealer(key).open(new Sealer(key).seal(cookie, ''), '')).toEqual(cookie);
  });

  it('[UP8] no credential is an empty text', () => {
    const sealer = new Sealer(newSealKey());
    expect(sealer.seal(undefined, 'c')).toBe('');
    expect(sealer.open('', 'c')).toBeUndefined();
  });

  it('[UP8] open with no other key or context, nor when altered or cut', () => {
    const sealer = new Sealer(newSealKey());
    const sealed = sealer.seal(bearer, credentialContext('local', 'user-1'));
    const refused = { code: 'bad-seal' };
    const attempt = (text: string, context = credentialContext('local', 'user-1'), by = sealer) => {
      try {
        return by.open(text, context);
      } catch (failure) {
        return failure;
      }
    };
    expect(attempt(sealed)).toEqual(bearer);
    expect(attempt(sealed, credentialContext('local', 'user-2'))).toMatchObject(refused);
    expect(attempt(sealed, credentialContext('other', 'user-1'))).toMatchObject(refused);
    expect(attempt(sealed, undefined, new Sealer(newSealKey()))).toMatchObject(refused);
    const bytes = Buffer.from(sealed, 'base64url');
    for (let i = 0; i < bytes.length; i++) {
      const changed = Buffer.from(bytes);
      changed[i] = (changed[i] ?? 0) ^ 1;
      expect(attempt(changed.toString('base64url'))).toMatchObject(refused);
      expect(attempt(bytes.subarray(0, i).toString('base64url') || '!')).toMatchObject(refused);
    }
  });

  it('[UP8] the same credential is never sealed to the same text', () => {
    const sealer = new Sealer(newSealKey());
    expect(sealer.seal(bearer, 'c')).not.toBe(sealer.seal(bearer, 'c'));
  });

  it('[UP8] a key can be replaced while sessions live: the first one seals, each of them opens', () => {
    const [old, next] = [newSealKey(), newSealKey()];
    const before = new Sealer(old).seal(bearer, 'c');
    // First every process learns the new key, then it becomes the first, then the old one goes.
    const learnt = new Sealer(old, next);
    const moved = new Sealer(next, old);
    for (const sealer of [learnt, moved]) {
      expect(sealer.open(before, 'c')).toEqual(bearer);
      for (const other of [learnt, moved]) expect(other.open(sealer.seal(cookie, 'c'), 'c')).toEqual(cookie);
    }
    expect(new Sealer(next).open(moved.seal(bearer, 'c'), 'c')).toEqual(bearer);
    expect(() => new Sealer(next).open(before, 'c')).toThrow(/cannot be opened/);
    const text = `${Buffer.from(next).toString('base64')}\n\n  ${Buffer.from(old).toString('hex')}  \r\n`;
    expect(new Sealer(...parseSealKeys(text)).open(before, 'c')).toEqual(bearer);
    expect(() => parseSealKeys(`${text}short`)).toThrow(/32 bytes/);
    expect(() => new Sealer()).toThrow(/32 bytes/);
  });

  it('reads a key as hex or base64 of 32 bytes', () => {
    const key = newSealKey();
    const buffer = Buffer.from(key);
    for (const text of [buffer.toString('hex'), `${buffer.toString('base64')}\n`, buffer.toString('base64url')]) {
      expect(parseSealKeys(text).map((each) => Buffer.from(each).equals(buffer))).toEqual([true]);
    }
    for (const bad of ['', 'abc', buffer.subarray(1).toString('hex'), `${buffer.toString('hex')}00`]) {
      expect(() => parseSealKeys(bad)).toThrow(/32 bytes/);
    }
    expect(() => new Sealer(key.subarray(1))).toThrow(/32 bytes/);
  });
});
