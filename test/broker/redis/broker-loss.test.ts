import { describe, expect, it } from 'vitest';
import type { Broker } from '../../../src/broker/broker.ts';
import { FrameType } from '../../../src/protocol/frame-type.ts';
import { Heard } from '../../contract/broker/material.ts';
import { startRedisTwin } from '../../contract/broker/twins.ts';
import { RedisServer, type RedisServerOptions } from '../../support/redis-server.ts';
import { until } from '../../support/until.ts';
import { SteadyLog, unharmed } from './steady-log.ts';

interface Running extends AsyncDisposable {
  readonly server: RedisServer;
  readonly reading: Broker;
  readonly log: SteadyLog;
}

/** One log that is written and read all the time, on a server that is about to misbehave. */
async function running(options: RedisServerOptions = {}): Promise<Running> {
  const server = await RedisServer.start(options);
  const twin = startRedisTwin(server);
  const [writing, reading] = await Promise.all([twin.client(), twin.client()]);
  const log = await SteadyLog.start(writing, reading);
  await log.goesOn();
  const dispose = async () => {
    await log[Symbol.asyncDispose]();
    await twin[Symbol.asyncDispose]();
  };
  return { server, reading, log, [Symbol.asyncDispose]: dispose };
}

async function ridesThrough(log: SteadyLog): Promise<void> {
  await log.goesOn(200);
  const end = await log.finish();
  expect(end).toEqual(unharmed(end));
}

describe('a Redis that is lost for a while', () => {
  it('[LG6] killed and back with its append-only file, right away and after some seconds', async () => {
    await using run = await running({ args: ['--appendonly', 'yes', '--appendfsync', 'everysec'] });
    for (const outMs of [0, 4_000]) {
      await run.server.kill();
      const killedMs = performance.now();
      await until(() => performance.now() - killedMs >= outMs);
      expect(run.log.writer.inDoubt || outMs === 0).toBe(true);
      await run.server.restart();
      await run.log.goesOn(100);
    }
    await ridesThrough(run.log);
  }, 90_000);

  it('[LG6] full: the writer waits, and goes on when there is room', async () => {
    await using run = await running();
    await run.server.cli('CONFIG', 'SET', 'maxmemory', '1');
    await until(() => run.log.writer.inDoubt);
    await run.server.cli('CONFIG', 'SET', 'maxmemory', '0');
    await ridesThrough(run.log);
  }, 60_000);

  it('[LG6] without the replicas it must have: the same', async () => {
    await using run = await running();
    await run.server.cli('CONFIG', 'SET', 'min-replicas-to-write', '1');
    await until(() => run.log.writer.inDoubt);
    await run.server.cli('CONFIG', 'SET', 'min-replicas-to-write', '0');
    await ridesThrough(run.log);
  }, 60_000);

  it('[LG4] a subscriber that is cut for its output buffer reads what it has missed', async () => {
    await using run = await running();
    await run.server.cli('CONFIG', 'SET', 'client-output-buffer-limit', 'pubsub 32kb 0 0');
    const log = { session: run.log.id, log: 'out' } as const;
    const heard = new Heard();
    run.reading.logs.subscribe(log, heard);
    await until(() => heard.confirmed === 1);
    // One push that is larger than the buffer may become.
    const frame = new Uint8Array(200_000);
    frame[0] = FrameType.workerStatus;
    run.reading.logs.publish(log, frame);
    await until(() => heard.broke === 1);
    await run.server.cli('CONFIG', 'SET', 'client-output-buffer-limit', 'pubsub 32mb 8mb 60');
    await ridesThrough(run.log);
  }, 60_000);

  it('[LG6] slow answers: within the time-out nobody doubts; beyond it everybody does, and goes on', async () => {
    await using run = await running();
    await run.server.cli('CLIENT', 'PAUSE', '700', 'ALL');
    await run.log.goesOn(100);
    expect(run.log.doubts).toBe(0);
    await run.server.cli('CLIENT', 'PAUSE', '3500', 'ALL');
    await until(() => run.log.writer.inDoubt, { withinMs: 20_000 });
    await ridesThrough(run.log);
  }, 90_000);

  it('[LG11] back empty, and nobody to restore it: the writer waits while the server is young', async () => {
    await using run = await running();
    await run.server.kill();
    await run.server.restart();
    await until(() => run.log.writer.inDoubt);
    const answer = await until(() =>
      run.reading.logs.read({ session: run.log.id, log: 'out' }, { fence: 0, seq: 0 }, 1).catch(() => undefined),
    );
    expect(answer).toEqual({ kind: 'unknown', young: true });
    expect(run.log.stopped).toBeUndefined();
  }, 60_000);
});
