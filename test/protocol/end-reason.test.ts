import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type EndReason, endKinds, parseEndReason } from '../../src/protocol/end-reason.ts';
import { decodeJsonObject, encodeJson } from '../../src/protocol/json.ts';

const reason: fc.Arbitrary<EndReason> = fc.record(
  {
    kind: fc.constantFrom(...endKinds),
    message: fc.string({ unit: 'grapheme' }),
    code: fc.nat(255),
    reason: fc.string({ maxLength: 64 }),
    status: fc.string({ unit: 'grapheme', maxLength: 100 }),
  },
  { requiredKeys: ['kind', 'message'], noNullPrototype: true },
);

describe('[UP4] how a session ended', () => {
  it('[UP4] a reason is read as it was written', () => {
    fc.assert(
      fc.property(reason, (end) => {
        expect(parseEndReason(decodeJsonObject(encodeJson(end)))).toStrictEqual(end);
      }),
    );
  });

  it.each<[string, unknown]>([
    ['no kind', { message: 'x' }],
    ['an unknown kind', { kind: 'vanished', message: 'x' }],
    ['no message', { kind: 'exited' }],
    ['a message that is no text', { kind: 'exited', message: 1 }],
    ['a message above 4 KiB', { kind: 'exited', message: 'x'.repeat(4097) }],
  ])('[UP4] a reason with %s is none', (_what, value) => {
    expect(parseEndReason(value as { [key: string]: unknown })).toBeUndefined();
  });

  it('[UP4] nothing is no reason', () => {
    expect(parseEndReason(undefined)).toBeUndefined();
  });

  it('[UP4] details of the wrong form are left out, what is known stays', () => {
    const end = { kind: 'failed', message: 'x', code: 1.5, reason: 7, status: { kind: 'Status' }, more: true };
    expect(parseEndReason(end)).toStrictEqual({ kind: 'failed', message: 'x' });
  });
});
