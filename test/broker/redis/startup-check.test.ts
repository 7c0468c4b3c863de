import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/bin/system.ts';
import { RedisBroker } from '../../../src/broker/redis/redis-broker.ts';
import { claimedSession, outputWriter } from '../../contract/broker/material.ts';
import { platformRandom } from '../../contract/broker/twins.ts';
import { freePort, RedisServer } from '../../support/redis-server.ts';
import { until } from '../../support/until.ts';

const open = (url: string, part: { startWithinMs?: number; ca?: string } = {}) =>
  RedisBroker.open({ url, clock: systemClock, random: platformRandom, ...part });

describe('opening the broker on Redis', () => {
  it('[LG9] refuses a server that may evict keys', async () => {
    await using server = await RedisServer.start({ args: ['--maxmemory-policy', 'allkeys-lru'] });
    await expect(open(server.url)).rejects.toMatchObject({ code: 'broker-refused', message: expect.stringContaining('noeviction') });
  });

  it('refuses a server older than 7.0', async () => {
    const info = 'redis_version:6.2.14\r\nrole:master\r\nloading:0\r\nmaxmemory_policy:noeviction\r\n';
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        for (const command of chunk.toString().split(/(?=\*\d+\r\n\$)/)) {
          socket.write(/\r\ninfo\r\n/i.test(command) ? `$${info.length}\r\n${info}\r\n` : '+OK\r\n');
        }
      });
    });
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    await expect(open(`redis://127.0.0.1:${port}`)).rejects.toMatchObject({
      code: 'broker-refused',
      message: expect.stringContaining('6.2.14'),
    });
    server.close();
  });

  it('waits for a server that is not there yet, but not for ever', async () => {
    const url = `redis://127.0.0.1:${await freePort()}`;
    await expect(open(url, { startWithinMs: 500 })).rejects.toMatchObject({ code: 'broker-unavailable' });
    await using server = await RedisServer.start();
    await server.kill();
    const opening = open(server.url);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await server.restart();
    await using broker = await opening;
    await until(() => broker.health.up());
  });

  it('logs in with user, password and database of the URL, and refuses a wrong password at once', async () => {
    await using server = await RedisServer.start({ args: ['--requirepass', 'p@ss/word'] });
    const secret = encodeURIComponent('p@ss/word');
    for (const login of [`:${secret}`, `default:${secret}`]) {
      await using broker = await open(`redis://${login}@127.0.0.1:${server.port}/3`);
      const writer = await outputWriter(broker, await claimedSession(broker));
      expect(await broker.logs.append(writer.log, writer.data('x'))).toBe('stored');
    }
    const failure = await open(`redis://:wrong@127.0.0.1:${server.port}`).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'broker-refused' });
    expect(String(failure)).not.toContain('wrong@');
  });

  it('speaks TLS to a server with a certificate of a private authority', async () => {
    const tls = new URL('../../support/tls/', import.meta.url).pathname;
    const port = await freePort();
    const files = ['cert', 'key'].flatMap((name) => [`--tls-${name}-file`, `${tls}${name}.pem`]);
    await using _server = await RedisServer.start({ args: ['--tls-port', String(port), '--tls-auth-clients', 'no', ...files] });
    const ca = readFileSync(`${tls}cert.pem`, 'utf8');
    await using broker = await open(`rediss://localhost:${port}`, { ca });
    const writer = await outputWriter(broker, await claimedSession(broker));
    expect(await broker.logs.append(writer.log, writer.data('x'))).toBe('stored');
    await expect(open(`rediss://localhost:${port}`, { startWithinMs: 300 })).rejects.toMatchObject({ code: 'broker-unavailable' });
  });

  it('[LG9] says which settings lose data, each in one line', async () => {
    const told = async (server: { readonly url: string }) => {
      const lines: string[] = [];
      const events = { advice: ({ level, text }: { level: string; text: string }) => void lines.push(`${level}: ${text}`) };
      await using _broker = await RedisBroker.open({ url: server.url, clock: systemClock, random: platformRandom, events });
      return lines.sort();
    };
    await using bare = await RedisServer.start({ args: ['--client-output-buffer-limit', 'pubsub 1mb 512kb 10'] });
    expect(await told(bare)).toEqual([
      expect.stringMatching(/^info: .*append-only/),
      expect.stringMatching(/^warn: .*524288 bytes.*32mb 8mb 60/),
    ]);
    await using primary = await RedisServer.start({ durable: true });
    expect(await told(primary)).toEqual([]);
    await using _replica = await RedisServer.start({ args: ['--replicaof', '127.0.0.1', String(primary.port)] });
    await until(async () => (await primary.cli('INFO', 'replication')).includes('state=online'));
    expect(await told(primary)).toEqual([expect.stringMatching(/^warn: .*min-replicas-to-write/)]);
  });

  it('starts on a server that does not let its settings be read', async () => {
    await using server = await RedisServer.start();
    await server.cli('ACL', 'SETUSER', 'default', '-config');
    await using broker = await open(server.url);
    await claimedSession(broker);
  });

  it('refuses text that is no Redis URL, without repeating it', async () => {
    for (const url of ['', 'http://a', 'redis://', 'redis://:secret@host:port', 'redis://host/db']) {
      const failure = await open(url).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(TypeError);
      expect(String(failure)).not.toContain('secret');
    }
  });
});
