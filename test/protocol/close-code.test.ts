import { expect, it } from 'vitest';
import { CloseCode, mayComeBack } from '../../src/protocol/close-code.ts';

const comeBack = ['draining', 'silent', 'brokerLost', 'moved', 'busy', 'slow', 'notYet', 'signInOver'];
const final = ['protocol', 'flow', 'unauthorized', 'forbidden', 'unknownSession', 'badTicket', 'ended', 'internal'];

it('[WP4] every close code is in one of the two ranges, and each number is used once', () => {
  const codes = Object.values(CloseCode);
  expect(new Set(codes).size).toBe(codes.length);
  for (const code of codes) expect(code).toSatisfy((value: number) => value >= 4000 && value <= 4999);
});

it('[WP4] 4000 to 4499 say: come back', () => {
  const names = Object.entries(CloseCode).filter(([, code]) => code < 4500);
  expect(names.map(([name]) => name).sort()).toStrictEqual([...comeBack].sort());
  for (const [, code] of names) expect(mayComeBack(code)).toBe(true);
});

it('[WP4] 4500 to 4999 are final', () => {
  const names = Object.entries(CloseCode).filter(([, code]) => code >= 4500);
  expect(names.map(([name]) => name).sort()).toStrictEqual([...final].sort());
  for (const [, code] of names) expect(mayComeBack(code)).toBe(false);
});

it.each([1000, 1001, 1005, 1006, 1011, 1012, 4499])('[WP4] after %d a client connects again', (code) => {
  expect(mayComeBack(code)).toBe(true);
});
