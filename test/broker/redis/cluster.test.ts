import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Broker } from '../../../src/broker/broker.ts';
import { Heard } from '../../contract/broker/material.ts';
import { startRedisTwin } from '../../contract/broker/twins.ts';
import { RedisCluster } from '../../support/redis-cluster.ts';
import type { RedisServer } from '../../support/redis-server.ts';
import { until } from '../../support/until.ts';
import { SteadyLog, unharmed } from './steady-log.ts';

describe('a Redis Cluster', () => {
  let cluster: RedisCluster;
  let twin: ReturnType<typeof startRedisTwin>;
  let writing: Broker;
  let reading: Broker;
  beforeAll(async () => {
    cluster = await RedisCluster.start();
    twin = startRedisTwin(cluster);
    [writing, reading] = await Promise.all([twin.client(), twin.client()]);
  }, 120_000);
  afterAll(() => twin[Symbol.asyncDispose]());

  const another = async (tag: string): Promise<RedisServer> => {
    const holder = await cluster.holder(tag);
    return cluster.servers.find((server) => server !== holder) as RedisServer;
  };

  it('spreads sessions over its primaries', async () => {
    const logs = await Promise.all(Array.from({ length: 12 }, () => SteadyLog.start(writing, reading)));
    const holders = new Set(await Promise.all(logs.map(({ id }) => cluster.holder(id))));
    expect(holders.size).toBeGreaterThan(1);
    for (const log of logs) {
      await log.goesOn();
      const end = await log.finish();
      expect(end).toEqual(unharmed(end));
      await log[Symbol.asyncDispose]();
    }
  }, 60_000);

  it('[LG5] a slot that moves while its session is live: the writer goes on there, the reader follows, nothing is lost', async () => {
    await using log = await SteadyLog.start(writing, reading);
    await log.goesOn();
    for (let move = 0; move < 3; move++) {
      await cluster.moveSlot(log.id, await another(log.id));
      await log.goesOn(200);
    }
    const end = await log.finish();
    expect(end).toEqual(unharmed(end));
    expect(log.doubts).toBeGreaterThanOrEqual(3);
  }, 120_000);

  it('[LG6] while a slot is on its way nothing is followed: the session waits, then goes on', async () => {
    await using log = await SteadyLog.start(writing, reading);
    await log.goesOn();
    const to = await another(log.id);
    await cluster.moveSlot(log.id, to, async () => {
      // The keys are asked for on both nodes meanwhile.
      const key = `p:{${log.id}}:out`;
      const from = await cluster.holder(log.id);
      await from.cli('MIGRATE', '127.0.0.1', String(to.port), key, '0', '5000');
      await until(() => log.writer.inDoubt);
      expect(await to.cli('XLEN', key)).toContain('MOVED');
    });
    await log.goesOn(200);
    const end = await log.finish();
    expect(end).toEqual(unharmed(end));
  }, 120_000);

  it('[LG4] a subscription ends when its slot leaves, also when nothing is said on it', async () => {
    await using log = await SteadyLog.start(writing, reading);
    const heard = new Heard();
    reading.logs.subscribe({ session: log.id, log: 'in' }, heard);
    await until(() => heard.confirmed === 1);
    await cluster.moveSlot(log.id, await another(log.id));
    await until(() => heard.broke === 1);
    const again = new Heard();
    await until(() => {
      reading.logs.subscribe({ session: log.id, log: 'in' }, again);
      return again.confirmed > 0;
    });
  }, 60_000);
});

describe('a Redis Cluster with replicas', () => {
  it('[LG8] a primary dies: its replica takes over, nothing lost, doubled or rewound; other primaries do not notice', async () => {
    const cluster = await RedisCluster.start({ replicas: true });
    await using twin = startRedisTwin(cluster);
    const [writing, reading] = await Promise.all([twin.client(), twin.client()]);
    const logs = await Promise.all(Array.from({ length: 6 }, () => SteadyLog.start(writing, reading)));
    for (const log of logs) await log.goesOn();
    const victim = await cluster.holder(logs[0]?.id ?? '');
    const hit = await Promise.all(logs.map(async ({ id }) => (await cluster.holder(id)) === victim));
    await victim.kill();
    for (const log of logs) await log.goesOn(200);
    for (const [index, log] of logs.entries()) {
      const end = await log.finish();
      expect(end).toEqual(unharmed(end));
      expect(log.doubts > 0, `session ${index}`).toBe(hit[index]);
      await log[Symbol.asyncDispose]();
    }
  }, 180_000);
});
