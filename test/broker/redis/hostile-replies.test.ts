import { Buffer } from 'node:buffer';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BrokerUnavailable } from '../../../src/broker/broker.ts';
import { mergedMap } from '../../../src/broker/redis/cluster-map.ts';
import { slotCount } from '../../../src/broker/redis/key-slot.ts';
import { endAnswer, pageAnswer, reassertAnswer, restoreAnswer, takeAnswer } from '../../../src/broker/redis/log-replies.ts';
import { infoOf } from '../../../src/broker/redis/node-info.ts';
import type { RespReply } from '../../../src/broker/redis/resp-decoder.ts';
import { namedPrimary } from '../../../src/broker/redis/sentinel-topology.ts';
import { Subscriptions } from '../../../src/broker/redis/subscriptions.ts';
import { encodeTable, rowOf } from '../../../src/log/fence-table.ts';
import { encodeFence } from '../../../src/protocol/fence-entry.ts';
import { fenceEntry } from '../../protocol/arbitraries.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { pinned } from '../../support/fuzz.ts';
import { reply } from './resp-arbitraries.ts';

const text = (value: string) => Buffer.from(value);
const words = ['taken', 'restored', 'exists', 'tail', 'replaced', 'ended', 'already', 'unknown', 'driven-by-another', 'superseded'];

/** Replies whose beginning is right: they get furthest. */
const almostAnswer: fc.Arbitrary<RespReply> = fc.oneof(
  reply,
  fc.tuple(fc.constantFrom(...words).map(text), reply, reply),
  fc.tuple(fc.constantFrom(...words).map(text), fc.maxSafeInteger().map(String).map(text), reply),
  fc.tuple(
    fc.constantFrom(...words).map(text),
    fenceEntry.map((fence) => Buffer.from(encodeFence(fence))),
    reply,
  ),
);

/** An answer of the right form, or BrokerUnavailable: nothing is known. */
function answerOf<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (failure) {
    expect(failure).toBeInstanceOf(BrokerUnavailable);
    return undefined;
  }
}

const safe = (...numbers: readonly number[]) => numbers.every((number) => Number.isSafeInteger(number) && number >= 0);

describe('[LG6] a reply that is none of a script', () => {
  it('[LG6] is no answer: take', () => {
    fc.assert(
      fc.property(almostAnswer, (part) => {
        const answer = answerOf(() => takeAnswer(part, 'not-owner', 7, false));
        if (answer?.kind === 'driven-by-another') expect(safe(answer.fence) && /^[0-9a-f]{32}$/.test(answer.stream)).toBe(true);
        // Nothing here has the nonce of the asker and the row of its fence.
        expect(answer?.kind).not.toBe('taken');
        expect(answerOf(() => restoreAnswer(part, 7))?.kind).not.toBe('restored');
      }),
      pinned(21, 1_000),
    );
  });

  it('[LG1] only a fence entry of this take, with its row, is one that was taken', () => {
    fc.assert(
      fc.property(fenceEntry, fc.nat(), (fence, nonce) => {
        const good = [text('taken'), Buffer.from(encodeFence(fence)), Buffer.from(encodeTable([rowOf(fence)]))];
        expect(answerOf(() => takeAnswer(good, 'not-owner', fence.nonce, false))).toMatchObject({ kind: 'taken', fence });
        if (nonce !== fence.nonce) expect(answerOf(() => takeAnswer(good, 'not-owner', nonce, false))).toBeUndefined();
        expect(answerOf(() => takeAnswer([...good.slice(0, 2), text('')], 'not-owner', fence.nonce, false))).toBeUndefined();
      }),
      pinned(22, 300),
    );
  });

  it('[LG6] is no answer: reassert, end', () => {
    fc.assert(
      fc.property(almostAnswer, (part) => {
        const answer = answerOf(() => reassertAnswer(part, false));
        if (answer?.kind === 'tail') expect(safe(answer.tail.fence, answer.tail.seq)).toBe(true);
        answerOf(() => endAnswer(part));
      }),
      pinned(23, 1_000),
    );
  });

  it('[LG5] is no page, and says of no session that it is unknown', () => {
    const shape = fc.oneof(reply, fc.tuple(reply, reply, reply), fc.tuple(fc.constant(text('owned')), fc.constant(null), reply));
    const element = fc.oneof(reply, fc.tuple(fc.constant(text('1-1')), fc.tuple(fc.constant(text('f')), reply)));
    fc.assert(
      fc.property(shape, fc.oneof(reply, fc.array(element, { maxLength: 3 })), (meta, range) => {
        const answer = answerOf(() => pageAnswer(meta, range, false));
        if (answer?.kind === 'unknown') expect((meta as readonly RespReply[])[0]).toBeNull();
        if (answer?.kind !== 'page') return;
        for (const entry of answer.entries) expect(safe(entry.fence, entry.seq, entry.offset)).toBe(true);
      }),
      pinned(24, 1_000),
    );
  });
});

describe('[LG4] a subscriber connection that says what none says', () => {
  it('[LG4] gives its listeners bytes, and only between a confirmation and the end', () => {
    const channel = text('c');
    const kinds = ['smessage', 'ssubscribe', 'sunsubscribe', 'pong', 'message', 'x'].map(text);
    const said = fc.oneof(
      reply,
      fc.tuple(fc.constantFrom(...kinds), fc.constantFrom(channel, text('d')), fc.oneof(reply, fc.constant(text('frame')))),
    );
    fc.assert(
      fc.property(fc.array(said, { maxLength: 12 }), (replies) => {
        let [sent, live, over, damaged] = [0, false, false, false];
        const subscriptions: Subscriptions = new Subscriptions(new FakeClock(), {
          send: (command) => {
            if (command === 'SSUBSCRIBE') sent++;
          },
          moved: () => {},
          damaged: () => {
            damaged = true;
            subscriptions.broken();
          },
        });
        subscriptions.subscribe(
          'c',
          {
            subscribed: () => {
              expect([live, over, sent]).toEqual([false, false, 1]);
              live = true;
            },
            push: (frame) => expect([frame instanceof Uint8Array, live, over]).toEqual([true, true, false]),
            broken: () => {
              expect(over).toBe(false);
              over = true;
            },
          },
          true,
        );
        for (const part of replies) subscriptions.reply(part);
        if (damaged) expect(over).toBe(true);
      }),
      pinned(25, 1_000),
    );
  });

  it.each([
    ['a push that is no bytes', [text('smessage'), text('c'), 7]],
    ['a push that is empty', [text('smessage'), text('c')]],
    ['a confirmation that nobody asked for', [text('ssubscribe'), text('d'), 1]],
    ['a kind that is none', [text('news'.repeat(9)), text('c'), text('x')]],
    ['a list of nothing', []],
    ['a number', 7],
    ['nil', null],
  ] satisfies [string, RespReply][])('[LG4] ends all subscriptions: %s', (_name, part) => {
    let damaged = 0;
    const subscriptions = new Subscriptions(new FakeClock(), { send: () => {}, moved: () => {}, damaged: () => damaged++ });
    subscriptions.subscribe('c', { subscribed: () => {}, push: () => {}, broken: () => {} }, true);
    subscriptions.reply(part);
    expect(damaged).toBe(1);
  });
});

describe('what nodes and sentinels say of each other', () => {
  const asked = { host: 'asked', port: 1 };
  const word = fc.constantFrom('a', '10.0.0.1:1@11', ':7@17', 'x:99999999@1', 'myself,master', 'slave', '-', '0', '1', 'NaN', 'connected');
  const range = fc.oneof(fc.constantFrom('0-16383', '0-99999999999999', '5-3', '[6->-b]', '-1'), fc.string({ maxLength: 8 }));
  const lines = fc.array(
    fc.oneof(
      fc.string({ maxLength: 60 }),
      fc.array(fc.oneof(word, range), { maxLength: 12 }).map((parts) => parts.join(' ')),
    ),
  );

  it('[LG5] a map of a Cluster has its slots and addresses, whatever was said', () => {
    fc.assert(
      fc.property(lines, (said) => {
        const { primaries, nodes } = mergedMap([{ text: said.join('\n'), asked }], false);
        expect(primaries).toHaveLength(slotCount);
        for (const { port } of nodes) expect(port > 0 && port <= 65_535).toBe(true);
      }),
      pinned(26, 300),
    );
  });

  it('[LG8] a sentinel names a primary with an address and an epoch, or none', () => {
    const field = fc.constantFrom('ip', 'port', 'config-epoch', 'name').map(text);
    const value = fc.oneof(reply, fc.constantFrom('10.0.0.1', '6379', '0', '-1', 'x', '').map(text));
    fc.assert(
      fc.property(fc.oneof(reply, fc.array(fc.oneof(field, value), { maxLength: 10 })), (part) => {
        const primary = namedPrimary(part);
        if (primary) expect(safe(primary.port, primary.epoch) && primary.host !== '').toBe(true);
      }),
      pinned(27, 1_000),
    );
  });

  it('[LG11] what a node does not say of itself does not make it old', () => {
    fc.assert(
      fc.property(fc.string(), (said) => {
        expect(infoOf(`uptime_in_seconds:${said}x`).uptimeMs).toBe(0);
      }),
      pinned(28, 200),
    );
  });
});
