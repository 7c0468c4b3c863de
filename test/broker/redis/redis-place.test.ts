import { describe, expect, it } from 'vitest';
import { slotOf, slotOfKey } from '../../../src/broker/redis/key-slot.ts';
import { parseRedisPlace, placeText } from '../../../src/broker/redis/redis-place.ts';

const plain = { tls: false, username: '', password: '', db: 0 };

describe('where Redis is', () => {
  it.each([
    ['redis://h', { kind: 'standalone', address: { ...plain, host: 'h', port: 6379 } }],
    ['redis+cluster://a:1,[::1]:2', { kind: 'cluster', seeds: [at('a', 1), at('::1', 2)], login: plain }],
    ['rediss+cluster://a', { kind: 'cluster', seeds: [at('a', 6379)], login: { ...plain, tls: { ca: 'PEM' } } }],
    [
      'redis+sentinel://a:1,b/main/3',
      { kind: 'sentinel', sentinels: [at('a', 1), at('b', 26379)], name: 'main', login: { ...plain, db: 3 }, sentinelLogin: plain },
    ],
    [
      'redis+sentinel://me:p%40ss:word@a/main?sentinel-user=s&sentinel-password=t',
      {
        kind: 'sentinel',
        sentinels: [at('a', 26379)],
        name: 'main',
        login: { ...plain, username: 'me', password: 'p@ss:word' },
        sentinelLogin: { ...plain, username: 's', password: 't' },
      },
    ],
  ])('%s', (text, place) => {
    expect(parseRedisPlace(text, 'PEM')).toEqual(place);
  });

  it.each(['redis+sentinel://a:1', 'redis+cluster://a/name', 'redis+cluster://', 'redis+other://a', 'redis+cluster://:secret@a b'])(
    'refuses %s without repeating it',
    (text) => {
      expect(() => parseRedisPlace(text)).toThrow(TypeError);
      expect(() => parseRedisPlace(text)).not.toThrow(/secret/);
    },
  );

  it('is told without its login', () => {
    expect(placeText(parseRedisPlace('redis+sentinel://me:secret@a:1,b:2/main'))).toBe('a:1,b:2 (main)');
    expect(placeText(parseRedisPlace('redis+cluster://me:secret@a:1,[::1]:2'))).toBe('a:1,[::1]:2');
  });

  it('knows the slot of a key by its hash tag', () => {
    expect(slotOf('123456789')).toBe(0x31c3);
    expect(slotOf('foo')).toBe(12182);
    expect(slotOfKey('p:{foo}:meta')).toBe(12182);
    expect(slotOfKey('foo')).toBe(12182);
  });
});

function at(host: string, port: number) {
  return { host, port };
}
