import { connect, createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/bin/system.ts';
import type { Broker } from '../../../src/broker/broker.ts';
import { parseRedisUrl } from '../../../src/broker/redis/redis-address.ts';
import { RedisLink } from '../../../src/broker/redis/redis-link.ts';
import { loadScripts, logScriptNames } from '../../../src/broker/redis/scripts.ts';
import { allEntries, claimedSession, Heard, inputRequest, newStream, outputWriter } from '../../contract/broker/material.ts';
import { platformRandom, startRedisTwin } from '../../contract/broker/twins.ts';
import { freePort, RedisServer } from '../../support/redis-server.ts';
import { until } from '../../support/until.ts';

describe('a link to Redis', () => {
  let server: RedisServer;
  let twin: ReturnType<typeof startRedisTwin>;
  let broker: Broker;
  beforeEach(async () => {
    server = await RedisServer.start();
    twin = startRedisTwin(server);
    broker = await twin.client();
  });
  afterEach(() => twin[Symbol.asyncDispose]());

  const call = (...command: [string, ...string[]]) => twin.control.redis.call(...command);

  it('[LG4] loses both sockets when the subscriber socket breaks', async () => {
    const writer = await outputWriter(broker, await claimedSession(broker));
    const heard = new Heard();
    broker.logs.subscribe(writer.log, heard);
    await until(() => heard.confirmed === 1);
    const before = String(await call('CLIENT', 'LIST', 'TYPE', 'normal')).match(/id=\d+ .* name=poseidon-data/g)?.length;
    expect(before).toBe(1);
    const id = /id=(\d+) .* name=poseidon-data/.exec(String(await call('CLIENT', 'LIST', 'TYPE', 'normal')))?.[1];
    await call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await until(() => heard.broke === 1);
    await until(async () => /name=poseidon-data/.test(String(await call('CLIENT', 'LIST', 'TYPE', 'normal'))));
    expect(String(await call('CLIENT', 'LIST', 'TYPE', 'normal'))).not.toContain(`id=${id} `);
    expect(await broker.logs.reassert(writer.log, writer.claim)).toMatchObject({ kind: 'tail' });
  });

  it('[LG4] breaks the subscriptions when the command socket breaks', async () => {
    const writer = await outputWriter(broker, await claimedSession(broker));
    const heard = new Heard();
    broker.logs.subscribe(writer.log, heard);
    await until(() => heard.confirmed === 1);
    const id = /id=(\d+) .* name=poseidon-data/.exec(String(await call('CLIENT', 'LIST', 'TYPE', 'normal')))?.[1] ?? '';
    await call('CLIENT', 'KILL', 'ID', id);
    await until(() => heard.broke === 1);
    const again = new Heard();
    broker.logs.subscribe(writer.log, again);
    await until(() => again.confirmed === 1);
    // The old subscriber socket is gone too: its pushes would come beside the new one's.
    await until(async () => String(await call('CLIENT', 'LIST')).match(/name=poseidon-data/g)?.length === 2, { withinMs: 2_000 });
    const stored = await broker.logs.append(writer.log, writer.data('x'));
    await until(() => again.frames.length === 1);
    expect([stored, heard.frames.length]).toEqual(['stored', 0]);
  });

  it('[LG6] a full server is doubt for an append, whose push still arrives, and no answer for a script', async () => {
    const id = await claimedSession(broker);
    const writer = await outputWriter(broker, id);
    const heard = new Heard();
    broker.logs.subscribe(writer.log, heard);
    await until(() => heard.confirmed === 1);
    await call('CONFIG', 'SET', 'maxmemory', '1');
    const frame = writer.data('x');
    expect(await broker.logs.append(writer.log, frame)).toBe('doubt');
    await until(() => heard.frames.length === 1);
    await expect(broker.logs.takeInput(id, inputRequest(newStream()))).rejects.toMatchObject({ code: 'broker-unavailable' });
    expect(await allEntries(broker, { session: id, log: 'in' })).toEqual([]);
    // Nor may it call the log well that it would refuse again: the writer would spin between the two.
    await expect(broker.logs.reassert(writer.log, writer.claim)).rejects.toMatchObject({ code: 'broker-unavailable' });
    await call('CONFIG', 'SET', 'maxmemory', '0');
    expect(await broker.logs.reassert(writer.log, writer.claim)).toEqual({ kind: 'tail', tail: { fence: writer.fence, seq: 1 } });
    expect(await broker.logs.append(writer.log, frame)).toBe('stored');
    expect(heard.broke).toBe(0);
  });

  it('[LG6] a primary without its replicas is doubt', async () => {
    const writer = await outputWriter(broker, await claimedSession(broker));
    await call('CONFIG', 'SET', 'min-replicas-to-write', '1');
    const frame = writer.data('x');
    expect(await broker.logs.append(writer.log, frame)).toBe('doubt');
    await call('CONFIG', 'SET', 'min-replicas-to-write', '0');
    expect(await broker.logs.append(writer.log, frame)).toBe('stored');
  });

  it('[LG6] a primary that became a replica is left, and found again as a primary', async () => {
    const writer = await outputWriter(broker, await claimedSession(broker));
    await using other = await RedisServer.start();
    const heard = new Heard();
    broker.logs.subscribe(writer.log, heard);
    await until(() => heard.confirmed === 1);
    await call('REPLICAOF', '127.0.0.1', String(other.port));
    expect(await broker.logs.append(writer.log, writer.data('x'))).toBe('doubt');
    await expect(broker.logs.reassert(writer.log, writer.claim)).rejects.toMatchObject({ code: 'broker-unavailable' });
    await until(() => heard.broke === 1);
    await expect(broker.logs.read(writer.log, { fence: 0, seq: 0 }, 1)).rejects.toMatchObject({ code: 'broker-unavailable' });
    await call('REPLICAOF', 'NO', 'ONE');
    await until(() => broker.health.up());
  });

  it('[LS3] works on when the server has forgotten the scripts', async () => {
    await call('SCRIPT', 'FLUSH');
    const id = await claimedSession(broker);
    const writer = await outputWriter(broker, id);
    for (let entry = 0; entry < 3; entry++) await broker.logs.append(writer.log, writer.data('x'));
    await call('SCRIPT', 'FLUSH');
    broker.logs.trim(writer.log, { fence: writer.fence, seq: 3 });
    await until(async () => (await allEntries(broker, writer.log)).length === 2);
  });

  it('[LG5] never confirms anything when its two sockets reach two servers', async () => {
    await using other = await RedisServer.start();
    let count = 0;
    const proxy = createServer((socket) => {
      const target = connect(count++ % 2 === 0 ? server.port : other.port, '127.0.0.1');
      for (const end of [socket, target]) end.on('error', () => undefined);
      socket.pipe(target).pipe(socket);
    });
    const port = await freePort();
    await new Promise<void>((resolve) => proxy.listen(port, '127.0.0.1', resolve));
    const causes: string[] = [];
    const link = new RedisLink({
      address: parseRedisUrl(`redis://127.0.0.1:${port}`),
      clock: systemClock,
      random: platformRandom,
      scripts: Object.values(loadScripts(logScriptNames)),
      timeoutMs: 2_000,
      events: { linkDown: (cause) => causes.push(cause.message) },
    });
    const heard = new Heard();
    link.subscribe('c', heard);
    link.open();
    await until(() => causes.length >= 2);
    expect(causes[0]).toBe('the connections reached different servers');
    expect([heard.confirmed, link.up]).toEqual([0, false]);
    link.close();
    proxy.close();
  });

  it('answers what is still open when it is closed', async () => {
    const writer = await outputWriter(broker, await claimedSession(broker));
    const append = broker.logs.append(writer.log, writer.data('x'));
    const read = broker.logs.read(writer.log, { fence: 0, seq: 0 }, 1).catch((failure: unknown) => failure);
    await broker.close();
    expect(await append).toBe('doubt');
    expect(await read).toMatchObject({ code: 'broker-unavailable' });
    expect(await broker.logs.append(writer.log, writer.data('y'))).toBe('doubt');
    await expect(broker.sessions.read(writer.log.session)).rejects.toMatchObject({ code: 'broker-unavailable' });
  });
});
