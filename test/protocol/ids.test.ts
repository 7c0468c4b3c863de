import { expect, it } from 'vitest';
import { isClientStream, isSessionId, isWorkerId, noStream } from '../../src/protocol/ids.ts';
import { compareIds, sameId, startOfLog } from '../../src/protocol/position.ts';

const bad = ['', ' ', 'a b', 'a/b', 'a\n', 'a:b', '{a}', 'a*', 'é', 7, null, undefined, {}, ['abcdefghijklmnop']];

it.each(bad)('[UP7] %j is no name of anything: it would not be safe in a Redis key or a URL', (name) => {
  for (const isName of [isSessionId, isWorkerId, isClientStream]) expect(isName(name)).toBe(false);
});

it('[RS2] a session id has 16 to 32 characters of A-Z a-z 0-9 _ -', () => {
  expect(isSessionId('V1StGXR8_Z5jdHi6B-myT')).toBe(true);
  expect([15, 16, 32, 33].map((length) => isSessionId('a'.repeat(length)))).toStrictEqual([false, true, true, false]);
});

it('[LG1] a writer has 1 to 63 characters of A-Z a-z 0-9 _ . -', () => {
  expect(isWorkerId('worker-7c9.node_1')).toBe(true);
  expect([1, 63, 64].map((length) => isWorkerId('a'.repeat(length)))).toStrictEqual([true, true, false]);
});

it('[RS4] a client stream is 32 hex digits in lower case', () => {
  expect(isClientStream(noStream)).toBe(true);
  expect(isClientStream('A'.repeat(32))).toBe(false);
  expect(isClientStream('0'.repeat(31))).toBe(false);
});

it('[LG2] ids are ordered by fence, then by seq, as Redis orders stream ids', () => {
  const ids = [startOfLog, { fence: 1, seq: 9 }, { fence: 2, seq: 1 }, { fence: 2, seq: 10 }, { fence: 10, seq: 2 }];
  ids.forEach((a, i) => {
    ids.forEach((b, j) => {
      expect(Math.sign(compareIds(a, b))).toBe(Math.sign(i - j));
      expect(sameId(a, b)).toBe(i === j);
    });
  });
});
