import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type EndReason, endKinds, parseEndReason, typedAtEnd } from '../../src/protocol/end-reason.ts';
import { type ClientStream, readStream } from '../../src/protocol/ids.ts';
import { decodeJsonObject, encodeJson } from '../../src/protocol/json.ts';

const stream = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => readStream(bytes, 0));

const reason: fc.Arbitrary<EndReason> = fc.record(
  {
    kind: fc.constantFrom(...endKinds),
    message: fc.string({ unit: 'grapheme' }),
    code: fc.nat(255),
    reason: fc.string({ maxLength: 64 }),
    status: fc.string({ unit: 'grapheme', maxLength: 100 }),
    typed: fc.record(
      { streams: fc.dictionary(stream, fc.maxSafeNat(), { maxKeys: 64, noNullPrototype: true }), all: fc.boolean() },
      { noNullPrototype: true },
    ),
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

describe('[RS6] what an end says of input', () => {
  const [known, other] = ['a'.repeat(32), 'b'.repeat(32)] as [ClientStream, ClientStream];
  const end = (typed: unknown) => parseEndReason({ kind: 'exited', message: 'x', typed });

  it.each<[string, unknown, number | undefined, number | undefined]>([
    ['nothing', undefined, undefined, undefined],
    ['a stream, of all', { streams: { [known]: 7 }, all: true }, 7, 0],
    ['a stream, and has forgotten others', { streams: { [known]: 7 }, all: false }, 7, undefined],
    ['a count that is none', { streams: { [known]: -1 }, all: true }, undefined, undefined],
    ['a stream that is none', { streams: { x: 1 }, all: true }, undefined, undefined],
    ['no list', { all: true }, undefined, undefined],
    [
      'too many streams',
      { streams: Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`${n}`.padStart(32, '0'), 0])), all: true },
      undefined,
      undefined,
    ],
  ])('[RS6] that tells %s', (_what, typed, ofKnown, ofOther) => {
    const reason = end(typed) as EndReason;
    expect([typedAtEnd(reason, known), typedAtEnd(reason, other)]).toStrictEqual([ofKnown, ofOther]);
  });
});
