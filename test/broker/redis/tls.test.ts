import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/bin/system.ts';
import { RedisBroker } from '../../../src/broker/redis/redis-broker.ts';
import { platformRandom, startRedisTwin } from '../../contract/broker/twins.ts';
import { RedisCluster } from '../../support/redis-cluster.ts';
import { RedisSentinel } from '../../support/redis-sentinel.ts';
import type { RedisServer } from '../../support/redis-server.ts';
import { until } from '../../support/until.ts';
import { SteadyLog, unharmed } from './steady-log.ts';

describe('Redis where everything is TLS', () => {
  it('[LG8] behind Sentinel: sessions ride through a fail-over', async () => {
    const set = await RedisSentinel.start({ tls: true });
    await using twin = startRedisTwin(set);
    const [writing, reading] = await Promise.all([twin.client(), twin.client()]);
    await using log = await SteadyLog.start(writing, reading);
    await log.goesOn();
    const primary = await set.primary();
    await primary.kill();
    await set.failedOver(primary);
    await log.goesOn(200);
    const end = await log.finish();
    expect(end).toEqual(unharmed(end));
    await until(() => writing.health.up() && reading.health.up());
  }, 120_000);

  it('[LG8] a Cluster: sessions ride through a moved slot and a fail-over', async () => {
    const cluster = await RedisCluster.start({ tls: true, replicas: true });
    await using twin = startRedisTwin(cluster);
    const [writing, reading] = await Promise.all([twin.client(), twin.client()]);
    await using log = await SteadyLog.start(writing, reading);
    await log.goesOn();
    const holder = await cluster.holder(log.id);
    const others = await Promise.all(
      cluster.servers.map(async (server) => (await server.cli('ROLE')).startsWith('master') && server !== holder),
    );
    await cluster.moveSlot(log.id, cluster.servers[others.indexOf(true)] as RedisServer);
    await log.goesOn(200);
    await (await cluster.holder(log.id)).kill();
    await log.goesOn(200);
    const end = await log.finish();
    expect(end).toEqual(unharmed(end));
  }, 180_000);

  it('refuses a server whose certificate nobody vouches for', async () => {
    await using cluster = await RedisCluster.start({ tls: true });
    const stranger = { url: cluster.url, clock: systemClock, random: platformRandom, startWithinMs: 1_000 };
    await expect(RedisBroker.open(stranger)).rejects.toMatchObject({ code: 'broker-unavailable' });
  }, 120_000);
});
