import { describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import type { ChannelUpstream } from '../../../src/upstream/kubernetes/channel-upstream.ts';
import type { GuardedUpstream } from '../../../src/upstream/kubernetes/guarded-upstream.ts';
import { until } from '../../support/until.ts';
import { OddServer } from '../odd-server.ts';

const status = (value: object) => JSON.stringify(value);
const frame = (channel: number, text = '') => Buffer.concat([Uint8Array.of(channel), Buffer.from(text)]);

async function connect(options: { tty?: boolean; kind?: 'exec' | 'attach' } = {}) {
  const server = await OddServer.start({});
  const opened = await server.open({ kind: options.kind ?? 'exec', tty: options.tty ?? true });
  const client = server.clients[0] as WebSocket;
  const received: Buffer[] = [];
  client.on('message', (data: Buffer) => received.push(data));
  return { ...opened, server, client, received, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

describe('an exec connection with an odd server', () => {
  it('[UP4] puts a status together that comes in two messages, before the close', async () => {
    await using line = await connect();
    const text = status({ status: 'Failure', reason: 'NonZeroExitCode', details: { causes: [{ reason: 'ExitCode', message: '42' }] } });
    line.client.send(frame(1, 'out'));
    line.client.send(frame(3, text.slice(0, 20)));
    line.client.send(frame(3, text.slice(20)));
    line.client.close(1000);
    expect(await line.events.ends()).toMatchObject({ kind: 'exited', code: 42 });
    expect(line.events.text()).toBe('out');
  });

  it('[UP4] waits five seconds for the close after the status, no longer', async () => {
    await using line = await connect();
    line.client.send(frame(3, status({ status: 'Success' })));
    // The heartbeat, the look at the pod, and this.
    await until(() => line.server.clock.pending === 3);
    line.server.clock.advance(4_999);
    expect(line.events.end).toBeUndefined();
    line.server.clock.advance(1);
    expect(line.events.end).toMatchObject({ kind: 'exited', code: 0 });
    expect(line.server.clock.pending).toBe(0);
  });

  it('[UP4] calls a cut connection broken', async () => {
    await using line = await connect();
    line.client.send(frame(1, 'last words'));
    await line.events.sees('last words');
    line.client.terminate();
    expect(await line.events.ends()).toMatchObject({ kind: 'broken', reason: 'close-1006' });
  });

  it('[UP4] calls a server that says nothing any more silent', async () => {
    await using line = await connect();
    line.client.pause();
    line.server.clock.advance(25_000);
    expect(line.events.end).toMatchObject({ kind: 'broken', reason: 'silent' });
    expect(line.events.end?.message).not.toContain('may not have reached');
  });

  it('[RS6] says of a broken connection how much of the input no heartbeat confirmed', async () => {
    await using line = await connect();
    line.upstream.write(Buffer.from('read'));
    const pinged = new Promise((resolve) => line.client.once('ping', resolve));
    line.server.clock.advance(5_000);
    await pinged;
    line.client.send(frame(1, 'after the pong'));
    await line.events.sees('after the pong');
    line.upstream.write(Buffer.from('and not'));
    line.client.terminate();
    expect((await line.events.ends()).message).toMatch(/ The last 7 typed bytes may not have reached it\.$/);
  });

  it('[UP2] ignores empty messages and unknown channels, and counts the latter', async () => {
    await using line = await connect();
    for (const message of [frame(1), Buffer.alloc(0), frame(2), frame(9, 'x'), frame(0, 'x'), frame(255, 'x')]) line.client.send(message);
    line.client.send(frame(1, 'here'));
    await line.events.sees('here');
    expect(line.events.text()).toBe('here');
    expect(((line.upstream as GuardedUpstream).guarded as ChannelUpstream).unknownMessages).toBe(3);
  });

  it('[UP2] takes text messages on a binary protocol for what they are', async () => {
    await using line = await connect();
    line.client.send('\u0001as text');
    await line.events.sees('as text');
  });

  it.each([1, 65_536, 1024 * 1024, 16 * 1024 * 1024])('[UP2] passes a message of %i bytes', async (size) => {
    await using line = await connect();
    line.client.send(Buffer.concat([Uint8Array.of(1), Buffer.alloc(size, 'x')]));
    await until(() => line.events.bytes === size);
  });

  it('[UP2] ends with a reason on a message above the limit', async () => {
    await using line = await connect();
    line.client.send(Buffer.alloc(32 * 1024 * 1024 + 1, 1));
    expect(await line.events.ends()).toMatchObject({ kind: 'broken', reason: 'too-large' });
  });

  it('[UP2] delivers every byte that came before the close, also within one TCP segment', async () => {
    await using line = await connect();
    for (let number = 0; number < 50; number += 1) line.client.send(frame(1, `${number} `));
    line.client.close(1000);
    expect(await line.events.ends()).toMatchObject({ kind: 'no-status' });
    expect(line.events.text().split(' ')).toHaveLength(51);
  });

  it('[UP2] sends the size first, then input in messages of at most 32 KiB, in order', async () => {
    await using line = await connect();
    const paste = Buffer.from(Array.from({ length: 100_000 }, (_, at) => at % 251));
    line.upstream.write(paste);
    await until(() => line.received.reduce((sum, { length }) => sum + length - 1, 0) >= paste.length + 24);
    const [size, ...input] = line.received;
    expect(size?.toString()).toBe('\u0004{"Width":80,"Height":24}');
    expect(Math.max(...input.map(({ length }) => length))).toBeLessThanOrEqual(32 * 1024);
    expect(Buffer.concat(input.map((message) => message.subarray(1))).equals(paste)).toBe(true);
  });

  it.each([true, false])('[UP2] sends data every 30 minutes (terminal: %s)', async (tty) => {
    await using line = await connect({ tty });
    if (tty) await until(() => line.received.length === 1);
    for (let round = 0; round < 90; round += 1) {
      line.server.clock.advance(20_000);
      let pong = false;
      line.client.once('pong', () => {
        pong = true;
      });
      line.client.ping();
      await until(() => pong);
    }
    await until(() => line.received.length === (tty ? 2 : 1));
    expect(line.received.at(-1)?.toString()).toBe(tty ? '\u0004{"Width":80,"Height":24}' : '');
  });

  it('[UP2] sends exactly two bytes for the end of input, once, and nothing after it', async () => {
    await using line = await connect({ tty: false });
    line.upstream.write(Buffer.from('x'));
    expect([line.upstream.endInput(), line.upstream.endInput()]).toEqual([true, true]);
    line.upstream.write(Buffer.from('late'));
    let ponged = false;
    line.client.on('pong', () => {
      ponged = true;
    });
    line.client.ping();
    await until(() => ponged);
    expect(line.received.map((message) => [...message])).toEqual([
      [0, 0x78],
      [255, 0],
    ]);
  });

  it('[FC5] counts what the network has not taken, up to its mark and the piece that passes it, and says when it is half', async () => {
    await using line = await connect();
    line.client.pause();
    const piece = Buffer.alloc(8 * 1024, 'x');
    let free = true;
    // The kernel takes some first: of a socket that is not read it takes no more than a few MiB.
    for (let sent = 0; free && sent < 256 * 1024 * 1024; sent += piece.length) {
      free = line.upstream.write(piece);
      if (free && line.upstream.unsentBytes > 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(free).toBe(false);
    expect(line.upstream.unsentBytes).toBeGreaterThanOrEqual(256 * 1024);
    expect(line.upstream.unsentBytes).toBeLessThan(256 * 1024 + 2 * piece.length);
    line.client.resume();
    await until(() => line.events.drains === 1);
    expect(line.upstream.unsentBytes).toBeLessThanOrEqual(128 * 1024);
    await until(() => line.upstream.unsentBytes === 0);
  });

  it('[FC2] once paused lets come what one read has brought in, at most 64 KiB, and then nothing', async () => {
    await using line = await connect();
    line.events.keep = false;
    const message = frame(1, 'x'.repeat(1023));
    for (let sent = 0; sent < 8 * 1024; sent++) line.client.send(message);
    await until(() => line.events.bytes > 0);
    const at = line.events.bytes;
    line.upstream.pause();
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(line.events.bytes - at).toBeLessThanOrEqual(64 * 1024);
    line.upstream.resume();
    await until(() => line.events.bytes === 8 * 1024 * 1023);
  });

  it('[UP2] lets nothing come before the opener has its upstream', async () => {
    await using server = await OddServer.start({ client: (client) => client.send(frame(1, 'early')) });
    const opened = await server.open({ kind: 'exec' });
    expect(opened.events.bytes).toBe(0);
    await opened.events.sees('early');
  });

  it('[UP4] calls a failure without output a refusal, one with output a failure', async () => {
    const failure = frame(3, status({ status: 'Failure', message: 'unable to upgrade connection: container not found ("app")' }));
    await using before = await connect();
    before.client.send(failure);
    before.client.close(1000);
    expect(await before.events.ends()).toMatchObject({ kind: 'refused', reason: 'container-not-running' });
    await using after = await connect();
    after.client.send(frame(1, 'x'));
    after.client.send(failure);
    after.client.close(1000);
    expect(await after.events.ends()).toMatchObject({ kind: 'failed' });
  });
});
