import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Broker } from '../../../src/broker/broker.ts';
import type { Counted, Limit } from '../../../src/broker/limit-store.ts';
import { claimedSession, newSessionId, sessionOf, worker } from './material.ts';
import { type TwinServer, twins } from './twins.ts';

let subjects = 0;
const newSubject = (): Counted => ({ kind: 'subject', subject: `subject-${++subjects}` });
const most = (of: Counted, sessions?: number, opensPerMinute?: number): Limit => ({ of, sessions, opensPerMinute });

describe.each(twins)('limits: $name', (twin) => {
  let server: TwinServer;
  let broker: Broker;
  let other: Broker;
  beforeAll(async () => {
    server = await twin.start();
    [broker, other] = await Promise.all([server.client(), server.client()]);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const enter = async (at: Broker, limits: readonly Limit[], id = newSessionId()) => {
    const reached = await at.limits.enter(id, limits);
    if (!reached) await at.sessions.create(sessionOf(id));
    return { id, reached };
  };

  it('[FC10] any edge counts the same, and says which limit is reached', async () => {
    const limit = most(newSubject(), 2);
    expect((await enter(broker, [limit])).reached).toBeUndefined();
    expect((await enter(other, [limit])).reached).toBeUndefined();
    expect(await broker.limits.look([limit])).toMatchObject({ limit, what: 'sessions' });
    expect((await enter(other, [limit])).reached).toEqual({ limit, what: 'sessions', retryAfterMs: 5_000 });
    expect((await enter(other, [most(newSubject(), 2)])).reached).toBeUndefined();
  });

  it('[FC10] counts a session once, however often it is asked', async () => {
    const limit = most(newSubject(), 1, 1);
    const { id } = await enter(broker, [limit]);
    expect(await other.limits.enter(id, [limit])).toBeUndefined();
    expect(await other.limits.enter(newSessionId(), [limit])).toBeDefined();
  });

  it('[FC10] of many that enter at once no more than the limit do', async () => {
    const limit = most(newSubject(), 5);
    const answers = await Promise.all(Array.from({ length: 30 }, (_, index) => enter(index % 2 ? broker : other, [limit])));
    expect(answers.filter(({ reached }) => !reached)).toHaveLength(5);
  });

  it('[FC10] an ended session, and one whose record is gone, counts no more: nobody counts down', async () => {
    const limit = most(newSubject(), 1);
    const id = await claimedSession(broker);
    expect(await broker.limits.enter(id, [limit])).toBeUndefined();
    expect(await broker.limits.look([limit])).toBeDefined();
    await broker.logs.takeOutput(id, { nonce: 1, writer: worker, expectedOwner: worker, newOwner: worker });
    await broker.logs.end(id, { owner: worker, nonce: 2, reason: { kind: 'ended', message: '' }, keepMs: 60_000 });
    // A client that has not just looked: the record decides.
    const fresh = await server.client();
    expect((await enter(fresh, [limit])).reached).toBeUndefined();
  });

  it('[FC10] a session that is refused by one limit counts under none', async () => {
    const [free, full] = [most(newSubject(), 1), most(newSubject(), 1)];
    await enter(broker, [full]);
    expect((await enter(broker, [free, full])).reached).toMatchObject({ limit: full });
    expect((await enter(broker, [free])).reached).toBeUndefined();
  });

  it('[FC10] opens in a minute are counted apart, and say when the minute is over', async () => {
    const limit = most(newSubject(), undefined, 3);
    for (let opened = 0; opened < 3; opened++) expect((await enter(opened % 2 ? broker : other, [limit])).reached).toBeUndefined();
    for (const reached of [(await enter(broker, [limit])).reached, await other.limits.look([limit])]) {
      expect(reached).toMatchObject({ limit, what: 'opens' });
      expect(reached?.retryAfterMs).toBeGreaterThan(0);
      expect(reached?.retryAfterMs).toBeLessThanOrEqual(60_000);
    }
  });

  it('[FC10] pods and all are counted by themselves', async () => {
    const pod = { kind: 'pod', cluster: 'c', namespace: 'n', pod: `p-${twin.name}` } as const;
    await enter(broker, [most(pod, 1), most({ kind: 'all' }, 2)]);
    expect((await enter(broker, [most(pod, 1)])).reached).toMatchObject({ limit: { of: pod } });
    expect((await enter(broker, [most({ ...pod, pod: 'other' }, 1), most({ kind: 'all' }, 2)])).reached).toBeUndefined();
    expect((await enter(broker, [most({ kind: 'all' }, 2)])).reached).toMatchObject({ limit: { of: { kind: 'all' } } });
  });
});
