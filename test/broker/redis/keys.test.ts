import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Broker } from '../../../src/broker/broker.ts';
import { kindOfKey, permanentKeys } from '../../../src/broker/redis/keys.ts';
import type { SessionId, WorkerId } from '../../../src/protocol/ids.ts';
import { inputRequest, inputWriter, newSessionId, newStream, outputWriter, sessionOf, worker } from '../../contract/broker/material.ts';
import { startRedisTwin } from '../../contract/broker/twins.ts';
import { RedisServer } from '../../support/redis-server.ts';

/** Everything that the project writes, once. */
async function useEverything(broker: Broker): Promise<void> {
  const ids = [newSessionId(), newSessionId(), newSessionId()] as const;
  for (const id of ids) {
    await broker.sessions.create(sessionOf(id));
    await broker.opens.push({ kind: 'open', session: id });
  }
  for (const id of [ids[0], ids[1]]) {
    await broker.sessions.claim(id, worker);
    const out = await outputWriter(broker, id);
    await broker.logs.append(out.log, out.data('x'));
    const input = await inputWriter(broker, id, inputRequest(newStream()));
    await broker.logs.append(input.log, input.data('y'));
  }
  await broker.logs.end(ids[1], { owner: worker, nonce: 1, reason: { kind: 'ended', message: '' }, keepMs: 60_000 });
  for (const item of await broker.opens.pull(worker, 1, new AbortController().signal)) await broker.opens.acknowledge(item);
  await broker.leases.renew(worker);
  await broker.limits.enter(ids[0], [{ of: { kind: 'subject', subject: 'user-a' }, sessions: 9, opensPerMinute: 9 }]);
  await broker.tickets.put(
    'ticket',
    { target: sessionOf(ids[0]).target, subject: '', user: '', credential: '', detached: 'run', graceMs: 0 },
    1000,
  );
}

describe('the keys in Redis', () => {
  let twin: ReturnType<typeof startRedisTwin>;
  beforeAll(async () => {
    twin = startRedisTwin(await RedisServer.start());
    await useEverything(await twin.client());
  });
  afterAll(() => twin[Symbol.asyncDispose]());

  it('every key is one of keys.ts, and all kinds are there', async () => {
    const keys = await twin.control.redis.keys('*');
    expect(keys.filter((key) => kindOfKey(key) === undefined)).toEqual([]);
    const kinds = ['in', 'lease', 'limit', 'meta', 'opens', 'out', 'subject', 'ticket', 'worker-sessions', 'workers'];
    expect([...new Set(keys.map(kindOfKey))].sort()).toEqual(kinds);
  });

  it('[LG9] every key without a time to live is declared permanent', async () => {
    for (const key of await twin.control.redis.keys('*')) {
      const ttl = await twin.control.redis.pttl(key);
      expect([key, ttl > 0]).toEqual([key, !permanentKeys.some((pattern) => pattern.test(key))]);
    }
  });

  it('[LG9] the keys of a session expire together, also after touch', async () => {
    const broker = await twin.client();
    const id = newSessionId();
    await broker.sessions.create(sessionOf(id));
    await broker.sessions.claim(id, worker);
    await outputWriter(broker, id);
    await inputWriter(broker, id, inputRequest(newStream()));
    const keys = await twin.control.redis.keys(`p:{${id}}:*`);
    const spreadMs = async () => {
      const ttls = await Promise.all(keys.map((key) => twin.control.redis.pttl(key)));
      return Math.max(...ttls) - Math.min(...ttls);
    };
    expect(keys).toHaveLength(3);
    expect(await spreadMs()).toBeLessThan(50);
    for (const key of keys) await twin.control.redis.pexpire(key, 1_000 * (1 + keys.indexOf(key)));
    await broker.sessions.touch([id], worker);
    expect(await spreadMs()).toBeLessThan(50);
  });

  it('[UP8] tickets and subjects are not to be read from the list of keys', async () => {
    const keys = (await twin.control.redis.keys('*')).join();
    expect(keys).not.toContain('user-');
    expect(keys).not.toContain('p:ticket:ticket');
  });

  it('a session id or worker id with a strange character has no key', () => {
    const [id, name] = ['a}b'.repeat(6) as SessionId, 'a:b' as WorkerId];
    expect(kindOfKey(`p:{${id}}:meta`)).toBeUndefined();
    expect(kindOfKey(`p:worker:${name}`)).toBeUndefined();
    expect(kindOfKey('p:opens:{4}')).toBeUndefined();
  });
});
