import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signIn } from '../../loadtest/driver/relay-client.ts';
import { freePort, RedisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';
import { PoseidonProcess } from './poseidon-process.ts';
import { firstPlace, Shell } from './shell.ts';

let folder = '';
let redis: RedisServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'poseidon-processes-'));
  redis = await RedisServer.start();
});
afterAll(async () => {
  await redis[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

describe('edge, worker and demo cluster as processes over Redis', () => {
  it('give a shell, which outlives its edge', async () => {
    const secret = async (name: string, text: string) => {
      await writeFile(join(folder, name), text, { mode: 0o600 });
      return join(folder, name);
    };
    const accessToken = randomBytes(18).toString('base64url');
    const files = { token: await secret('upstream', 'demo-token'), access: await secret('access', accessToken) };
    await using demo = new PoseidonProcess(['demo-cluster', '--listen', '127.0.0.1:0', '--token-file', files.token]);
    const server = await demo.printed(/^(http:\S+)$/m);
    const environment = {
      POSEIDON_REDIS_URL: redis.url,
      POSEIDON_SERVER: server,
      POSEIDON_TOKEN_FILE: files.token,
      POSEIDON_ACCESS_TOKEN_FILE: files.access,
      POSEIDON_SEAL_KEY_FILE: await secret('seal', randomBytes(32).toString('hex')),
    };
    await using worker = new PoseidonProcess(['worker', '--worker-id', 'worker-1'], environment);
    await worker.printed(/"event":"worker takes sessions"/);
    const port = await freePort();
    const listen = ['--listen', `127.0.0.1:${port}`];
    const first = new PoseidonProcess(['edge', '--edge-id', 'edge-1', ...listen], environment);
    await first.printed(/"event":"edge listens"/);
    const url = `http://127.0.0.1:${port}`;
    const cookie = await signIn(url, accessToken);

    using shell = new Shell(url, cookie, await firstPlace(url, cookie));
    await until(() => shell.text !== '');
    shell.client.type('echo before-$((6*7))\r');
    await shell.shows(/before-42/);
    await first[Symbol.asyncDispose]();

    await using second = new PoseidonProcess(['edge', '--edge-id', 'edge-2', ...listen], environment);
    await second.printed(/"event":"edge listens"/);
    shell.client.type('echo after-$((6*7))\r');
    await shell.shows(/after-42/);
    expect(shell.client.state).toMatchObject({ connection: { kind: 'attached', edge: 'edge-2' }, faults: { mismatches: 0, gaps: 0 } });

    second.child.kill('SIGTERM');
    worker.child.kill('SIGTERM');
    expect(await Promise.all([second.exited(), worker.exited()])).toEqual([0, 0]);
    for (const { stderr } of [first, second, worker]) expect(stderr).not.toMatch(new RegExp(`${accessToken}|demo-token`));
  });

  it('say in one line that Redis does not answer', async () => {
    const files = { access: join(folder, 'access') };
    const edge = ['edge', '--server', 'http://127.0.0.1:1', '--access-token-file', files.access];
    await using started = new PoseidonProcess([...edge, '--redis-url', 'redis://:hush@127.0.0.1:1', '--log-level', 'silent']);
    expect(await started.exited()).toBe(1);
    expect(started.stderr).toBe('poseidon: Redis at 127.0.0.1:1 does not answer\n');
  });
});
