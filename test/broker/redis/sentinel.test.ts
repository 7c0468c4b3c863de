import { describe, expect, it } from 'vitest';
import { startRedisTwin } from '../../contract/broker/twins.ts';
import { RedisSentinel } from '../../support/redis-sentinel.ts';
import type { RedisServer } from '../../support/redis-server.ts';
import { until } from '../../support/until.ts';
import { SteadyLog, unharmed } from './steady-log.ts';

async function running(): Promise<{ set: RedisSentinel; log: SteadyLog; primary: RedisServer; replica: RedisServer } & AsyncDisposable> {
  const set = await RedisSentinel.start();
  const twin = startRedisTwin(set);
  const [writing, reading] = await Promise.all([twin.client(), twin.client()]);
  const log = await SteadyLog.start(writing, reading);
  await log.goesOn();
  const primary = await set.primary();
  const replica = set.servers.find((server) => server !== primary) as RedisServer;
  const dispose = async () => {
    await log[Symbol.asyncDispose]();
    await twin[Symbol.asyncDispose]();
  };
  return { set, log, primary, replica, [Symbol.asyncDispose]: dispose };
}

describe('Redis behind Sentinel', () => {
  it('[LG8] a fail-over under appends, the replica in step: nothing lost, doubled or rewound', async () => {
    await using run = await running();
    const { set, log, primary } = run;
    await primary.kill();
    await set.failedOver(primary);
    await log.goesOn(200);
    const end = await log.finish();
    expect(end).toEqual(unharmed(end));
    expect(log.doubts).toBeGreaterThan(0);
  }, 120_000);

  it('[FC4] a primary dies with a tail that no replica has: its writer resends all of it, however old', async () => {
    await using run = await running();
    const { set, log, primary, replica } = run;
    replica.freeze();
    // More than the sockets between the two hold: what is written from here on never leaves the primary.
    await primary.cli('EVAL', "for i = 1, 24 do redis.call('SET', 'filler', string.rep('x', 1048576)) end", '0');
    // Longer than an answered frame is kept without replicas.
    const frozenAtMs = performance.now();
    await until(() => performance.now() - frozenAtMs > 3_000);
    const before = log.offers;
    expect(log.writer.remains.frames.length).toBeGreaterThan(100);
    await primary.kill();
    replica.thaw();
    await set.failedOver(primary);
    await log.goesOn(200);
    const end = await log.finish();
    expect(end).toEqual(unharmed(end));
    expect(log.offers).toBeGreaterThan(before);
    await until(() => log.writer.remains.frames.length < 50 || log.writer.settled);
  }, 120_000);

  it('[LG6] an old primary that stood still comes back: nobody listens to it', async () => {
    await using run = await running();
    const { set, log, primary } = run;
    primary.freeze();
    await set.failedOver(primary);
    await log.goesOn(200);
    primary.thaw();
    await until(
      () =>
        primary.cli('ROLE').then(
          (role) => role.startsWith('slave'),
          () => false,
        ),
      { withinMs: 30_000 },
    );
    await log.goesOn(200);
    const end = await log.finish();
    expect(end).toEqual(unharmed(end));
  }, 120_000);

  it('[LG6] a primary that stood still so shortly that its clients never noticed is left as soon as another is the primary', async () => {
    await using run = await running();
    const { set, log, primary, replica } = run;
    // The sentinels replace it although it lives: whoever is connected to it is answered on.
    await Promise.all(set.sentinels.slice(0, 1).map((sentinel) => sentinel.cli('SENTINEL', 'FAILOVER', 'poseidon')));
    await set.failedOver(primary);
    await log.goesOn(200);
    await until(async () => (await replica.cli('CLIENT', 'LIST')).includes('name=poseidon-data'), { withinMs: 20_000 });
    const end = await log.finish();
    expect(end).toEqual(unharmed(end));
  }, 120_000);

  it('finds the primary, whichever sentinels are there', async () => {
    await using set = await RedisSentinel.start();
    await set.sentinels[0]?.kill();
    const twin = startRedisTwin({ url: set.url, [Symbol.asyncDispose]: async () => undefined });
    const broker = await twin.client();
    await until(() => broker.health.up());
    await twin[Symbol.asyncDispose]();
  }, 60_000);
});
