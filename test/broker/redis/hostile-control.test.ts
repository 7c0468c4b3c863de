import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BrokerUnavailable } from '../../../src/broker/broker.ts';
import { defaultLifetimes } from '../../../src/broker/lifetimes.ts';
import type { ControlClient } from '../../../src/broker/redis/control-client.ts';
import { RedisLeases } from '../../../src/broker/redis/redis-leases.ts';
import { RedisOpens } from '../../../src/broker/redis/redis-opens.ts';
import { RedisSessions } from '../../../src/broker/redis/redis-sessions.ts';
import { RedisTickets } from '../../../src/broker/redis/redis-tickets.ts';
import { loadScripts, sessionScriptNames } from '../../../src/broker/redis/scripts.ts';
import { recordFields } from '../../../src/broker/redis/session-fields.ts';
import { isSessionId, isWorkerId, type SessionId, type WorkerId } from '../../../src/protocol/ids.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { pinned } from '../../support/fuzz.ts';

const id = 'session-0123456789' as SessionId;
const worker = 'worker-0' as WorkerId;
const scripts = loadScripts(sessionScriptNames);

/** A client that is answered so, whatever it asks. */
const answered = (...replies: readonly unknown[]) => {
  let count = 0;
  const next = async () => replies[count++ % replies.length];
  return { answer: next, run: next } as unknown as ControlClient;
};

const text = fc.oneof(fc.string(), fc.constantFrom('claimed', 'touched', 'owned', '7', 'NaN', '{}', '{"', 'open', id, worker));
const reply = fc.letrec((tie) => ({
  part: fc.oneof(
    { depthSize: 'small' },
    text,
    fc.integer(),
    fc.constant(null),
    fc.constant(undefined),
    fc.array(tie('part'), { maxLength: 13 }),
  ),
})).part;
const record = fc.tuple(...recordFields.map(() => fc.oneof(text, fc.constant(null), reply)));
const replies = fc.array(fc.oneof(reply, record, fc.tuple(fc.constant('claimed'), record)), { minLength: 1, maxLength: 4 });

/** A value of the port, or BrokerUnavailable: nothing is known. */
async function answerOf<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (failure) {
    expect(failure).toBeInstanceOf(BrokerUnavailable);
    return undefined;
  }
}

describe('[LS3] a control plane that is answered what no Redis answers', () => {
  it('[LS3] sessions: a record has its form, and its ids are ids', async () => {
    await fc.assert(
      fc.asyncProperty(replies, async (told) => {
        const sessions = new RedisSessions(answered(...told), scripts, defaultLifetimes);
        const found = await answerOf(sessions.read(id));
        if (found) expect([typeof found.target, typeof found.subject, typeof found.keyHash]).toEqual(['object', 'string', 'string']);
        const claim = await answerOf(sessions.claim(id, worker));
        if (claim) expect(['claimed', 'not-waiting', 'unknown']).toContain(claim.kind);
        for (const ids of [await answerOf(sessions.ofWorker(worker)), await answerOf(sessions.ofSubject('ann', 5))])
          expect((ids ?? []).every(isSessionId)).toBe(true);
        for (const told of [await answerOf(sessions.started(id, worker)), await answerOf(sessions.release(id, worker, 'unstarted'))])
          expect(['boolean', 'undefined']).toContain(typeof told);
        await answerOf(sessions.touch([id], worker));
      }),
      pinned(51, 1_000),
    );
  });

  it('[LS1] leases: a counter is a number, or nothing is known', async () => {
    const counter = fc.oneof(reply, fc.constantFrom('12', '1e3', '-1', '1.5', ' 7'));
    await fc.assert(
      fc.asyncProperty(fc.oneof(counter, fc.tuple(fc.tuple(fc.tuple(fc.constant(null), counter)))), async (told) => {
        const leases = new RedisLeases(answered(told), new FakeClock(), defaultLifetimes);
        for (const asked of [leases.read(worker), leases.renew(worker)]) {
          const counted = await answerOf(asked);
          if (counted !== undefined) expect(Number.isSafeInteger(counted)).toBe(true);
        }
        expect((await answerOf(leases.workers()))?.every(isWorkerId) ?? true).toBe(true);
      }),
      pinned(52, 1_000),
    );
  });

  it('[LS2] opens: what is pulled names a session, a kind and a place to acknowledge it', async () => {
    const entry = fc.tuple(fc.oneof(text, fc.constant('1-1')), fc.oneof(reply, fc.tuple(fc.constant('open'), fc.constant(id))));
    const streams = fc.array(fc.tuple(fc.constantFrom('p:opens:0', 'p:opens:3', 'x'), fc.oneof(reply, fc.array(entry, { maxLength: 3 }))), {
      maxLength: 3,
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(reply, streams, fc.tuple(text, fc.array(entry))), { minLength: 1, maxLength: 6 }),
        async (told) => {
          const control = answered(...told);
          const stop = new AbortController();
          // Replies without items are asked again and again: one round is enough.
          const connect = () => {
            stop.abort();
            return { ...control, close: () => {} } as unknown as ControlClient;
          };
          const opens = new RedisOpens(control, connect, new FakeClock(), defaultLifetimes);
          for (const item of (await answerOf(opens.pull(worker, 16, stop.signal))) ?? []) {
            expect(isSessionId(item.session) && ['open', 'check'].includes(item.kind)).toBe(true);
            expect(item.token).toMatch(/^[0-3]\//);
          }
        },
      ),
      pinned(53, 500),
    );
  });

  it('[LS3] tickets: what was kept comes back as an object, or nothing is known', async () => {
    await fc.assert(
      fc.asyncProperty(reply, async (told) => {
        const content = await answerOf(new RedisTickets(answered(told)).take('t'));
        expect(['object', 'undefined']).toContain(typeof content);
      }),
      pinned(54, 500),
    );
  });
});
