import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultLifetimes } from '../../../src/broker/lifetimes.ts';
import type { Limit } from '../../../src/broker/limit-store.ts';
import { limitKeys } from '../../../src/broker/redis/keys.ts';
import { RedisLimits } from '../../../src/broker/redis/redis-limits.ts';
import { limitScriptNames, loadScripts } from '../../../src/broker/redis/scripts.ts';
import { newSessionId, sessionOf } from '../../contract/broker/material.ts';
import { startRedisTwin } from '../../contract/broker/twins.ts';
import { RedisServer } from '../../support/redis-server.ts';
import { until } from '../../support/until.ts';

describe('limits in Redis', () => {
  let twin: ReturnType<typeof startRedisTwin>;
  beforeAll(async () => {
    twin = startRedisTwin(await RedisServer.start(), { waitingMs: 300 });
  });
  afterAll(() => twin[Symbol.asyncDispose]());

  const limit = (subject: string, sessions: number, opensPerMinute?: number): Limit => ({
    of: { kind: 'subject', subject },
    sessions,
    opensPerMinute,
  });

  it('[FC10] what an edge that was killed had counted is free again once its record has expired', async () => {
    const { redis } = twin.control;
    const broker = await twin.client();
    const killed = newSessionId();
    await broker.limits.enter(killed, [limit('ann', 1)]);
    await broker.sessions.create(sessionOf(killed));
    const { open } = limitKeys('subject ann');
    // As if it had been counted a minute ago: what has only just been counted may not be on the record yet.
    await redis.zadd(open, String(Date.now() - 60_000), killed);
    const refused = await (await twin.client()).limits.enter(newSessionId(), [limit('ann', 1)]);
    expect(refused).toBeDefined();
    await until(async () => (await redis.exists(`p:{${killed}}:meta`)) === 0);
    expect(await (await twin.client()).limits.enter(newSessionId(), [limit('ann', 1)])).toBeUndefined();
    expect(await redis.zrevrange(open, 0, -1)).not.toContain(killed);
  });

  it('[FC10] every list is as long as its limit at most, and expires by itself; a name is in no key', async () => {
    const { redis } = twin.control;
    const broker = await twin.client();
    for (let i = 0; i < 20; i++) await broker.limits.enter(newSessionId(), [limit('user-bob', 3, 5)]);
    const { open, rate } = limitKeys('subject user-bob');
    expect(await redis.zcard(open)).toBe(3);
    expect(Number(await redis.get(rate))).toBe(3);
    expect(await redis.pttl(open)).toBeGreaterThan(0);
    expect(await redis.pttl(rate)).toBeGreaterThan(0);
    expect((await redis.keys('*')).join()).not.toContain('bob');
  });

  it('[FC10] a full list is looked through once a second at most, a long one less often: 2,000 records a second', async () => {
    const { redis } = twin.control;
    let nowMs = 0;
    const limits = new RedisLimits(twin.control, loadScripts(limitScriptNames).enter, defaultLifetimes, () => nowMs);
    const calls = async () => Number(/cmdstat_hget:calls=(\d+)/.exec(await redis.info('commandstats'))?.[1] ?? 0);
    const full = async (subject: string, sessions: number) => {
      const before = await calls();
      expect(await limits.enter(newSessionId(), [limit(subject, sessions)])).toBeDefined();
      expect(await limits.look([limit(subject, sessions)])).toBeDefined();
      return (await calls()) - before;
    };
    for (const [subject, sessions, restMs] of [
      ['carl', 3, 1_000],
      ['dora', 5_000, 2_500],
    ] as const) {
      const now = String(Date.now());
      await redis.zadd(limitKeys(`subject ${subject}`).open, ...Array.from({ length: sessions }, () => [now, newSessionId()]).flat());
      expect(await full(subject, sessions)).toBe(sessions);
      nowMs += restMs - 1;
      expect(await full(subject, sessions)).toBe(0);
      nowMs += 1;
      expect(await full(subject, sessions)).toBe(sessions);
    }
  });
});
