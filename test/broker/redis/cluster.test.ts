import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/bin/system.ts';
import { type Broker, BrokerUnavailable } from '../../../src/broker/broker.ts';
import { RedisBroker } from '../../../src/broker/redis/redis-broker.ts';
import type { SessionId } from '../../../src/protocol/ids.ts';
import { claimedSession, Heard } from '../../contract/broker/material.ts';
import { platformRandom, startRedisTwin } from '../../contract/broker/twins.ts';
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

  it('[LG6] who watches a log that moves hears of it, and nobody else, though no connection breaks and nothing is said on it', async () => {
    const [moving, staying] = [await claimedSession(writing), await claimedSession(writing)];
    const lost = new Map<SessionId, number>([
      [moving, 0],
      [staying, 0],
    ]);
    const watches = [moving, staying].map((session) =>
      writing.logs.watchConnection({ session, log: 'out' }, () => lost.set(session, (lost.get(session) ?? 0) + 1)),
    );
    const connections = async () => {
      const lists = await Promise.all(cluster.servers.map((server) => server.cli('CLIENT', 'LIST')));
      return new Set(
        lists.flatMap((list, node) => [...list.matchAll(/^id=(\d+) .* name=poseidon-data /gm)].map(([, id]) => `${node}/${id}`)),
      );
    };
    const before = await connections();
    for (let move = 1; move <= 2; move++) {
      await cluster.moveSlot(moving, await another(moving));
      await until(() => lost.get(moving) === move);
    }
    expect(lost.get(staying)).toBe(0);
    expect(await connections()).toEqual(before);
    for (const watch of watches) watch.close();
  }, 60_000);

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

describe('a Redis Cluster that is away', () => {
  it('is known to be away: nothing of the control plane waits for it without end', async () => {
    const cluster = await RedisCluster.start();
    await using twin = startRedisTwin(cluster);
    const broker = await twin.client();
    const id = await claimedSession(broker);
    await Promise.all(cluster.servers.map((server) => server.kill()));
    const away = () =>
      broker.sessions.read(id).then(
        () => false,
        (failure: unknown) => failure instanceof BrokerUnavailable,
      );
    for (let asked = 0; asked < 4; asked++) expect(await away()).toBe(true);
    expect(broker.health.up()).toBe(false);
    const late = { url: cluster.url, clock: systemClock, random: platformRandom, startWithinMs: 1_000 };
    await expect(RedisBroker.open(late)).rejects.toMatchObject({ code: 'broker-unavailable' });
    await Promise.all(cluster.servers.map((server) => server.restart()));
    await until(
      () =>
        broker.sessions.read(id).then(
          () => true,
          () => false,
        ),
      { withinMs: 30_000 },
    );
  }, 120_000);
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

  it('[FC4] a primary dies with a tail that its replica does not have: its writers resend all of it, however old', async () => {
    const cluster = await RedisCluster.start({ replicas: true, args: ['--cluster-replica-validity-factor', '0'] });
    await using twin = startRedisTwin(cluster);
    const [writing, reading] = await Promise.all([twin.client(), twin.client()]);
    await using log = await SteadyLog.start(writing, reading);
    await log.goesOn();
    const primary = await cluster.holder(log.id);
    const replica = await cluster.replicaOf(primary);
    replica.freeze();
    // More than the sockets between the two hold: what is written from here on never leaves the primary.
    await primary.cli('EVAL', "for i = 1, 24 do redis.call('SET', KEYS[1], string.rep('x', 1048576)) end", '1', `{${log.id}}`);
    const before = log.offers;
    await until(() => log.offers > before + 300 && log.writer.remains.frames.length > 200);
    await primary.kill();
    replica.thaw();
    await log.goesOn(200);
    const end = await log.finish();
    expect(end).toEqual(unharmed(end));
    await until(() => log.writer.settled);
  }, 180_000);
});
