import { once } from 'node:events';
import { expect, it } from 'vitest';
import { hardSendBufferBytes, readableMessageBytes } from '../../../src/edge/listen/socket-core.ts';
import type { SocketAcceptor } from '../../../src/edge/listener.ts';
import { maxClientFrameBytes } from '../../../src/protocol/limits.ts';
import { until } from '../../support/until.ts';
import type { Listeners } from './listeners.ts';

/** What a socket carries, holds, and how it ends. */
export function socketContract(listeners: Listeners): void {
  it('passes binary messages both ways in order and keeps no hold on their bytes', async () => {
    const { probe, client, server } = await listeners.pair();
    const got: Buffer[] = [];
    client.on('message', (data) => void got.push(data as Buffer));
    for (let i = 0; i < 200; i++) {
      client.send(Buffer.alloc(1000, i));
      server.send(Buffer.alloc(1000, 255 - i));
    }
    await until(() => probe.messages.length === 200 && got.length === 200);
    expect(probe.messages.every((message, i) => message.length === 1000 && message.every((byte) => byte === i))).toBe(true);
    expect(got.every((message, i) => message.every((byte) => byte === 255 - i))).toBe(true);
  });

  it('[WP2] closes with protocol for a text message', async () => {
    const { probe, client } = await listeners.pair();
    client.send('text');
    expect((await once(client, 'close'))[0]).toBe(4500);
    await until(() => probe.closes.length === 1);
    expect(probe).toMatchObject({ closes: [4500], messages: [] });
  });

  it('[WP2] closes with protocol for a frame above the limit', async () => {
    const { probe, client } = await listeners.pair();
    client.send(Buffer.alloc(maxClientFrameBytes));
    await until(() => probe.messages.length === 1);
    client.send(Buffer.alloc(maxClientFrameBytes + 1));
    client.send(Buffer.alloc(1));
    expect((await once(client, 'close'))[0]).toBe(4500);
    await until(() => probe.closes.length === 1);
    expect(probe.closes).toEqual([4500]);
    expect(probe.messages.length).toBe(1);
  });

  it('[WP2] cuts the connection of a message that is far too long', async () => {
    const { probe, client } = await listeners.pair();
    client.send(Buffer.alloc(readableMessageBytes + 1));
    await once(client, 'close');
    await until(() => probe.closes.length === 1);
    expect(probe.messages).toEqual([]);
  });

  it('[FC1] reports what is buffered, and that it drains', async () => {
    const { probe, client, server } = await listeners.pair();
    client.pause();
    const frame = Buffer.alloc(64 * 1024, 1);
    let sent = 0;
    while (server.bufferedBytes() < 128 * 1024) {
      server.send(frame);
      sent += frame.length;
      if (sent % (1024 * 1024) === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(probe.drains).toBeLessThan(sent / frame.length);
    let got = 0;
    client.on('message', (data) => {
      got += (data as Buffer).length;
    });
    client.resume();
    const drainsBefore = probe.drains;
    await until(() => got === sent);
    await until(() => server.bufferedBytes() === 0);
    expect(probe.drains).toBeGreaterThan(drainsBefore);
    expect(probe.closes).toEqual([]);
  });

  it('[FC1] closes a socket with slow when its buffer would pass the hard bound, never drops', async () => {
    const { probe, client, server } = await listeners.pair();
    client.pause();
    let most = 0;
    for (let i = 0; i < 4000 && probe.closes.length === 0; i++) {
      server.send(Buffer.alloc(64 * 1024));
      most = Math.max(most, server.bufferedBytes());
      if (i % 8 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(probe.closes).toEqual([4006]);
    expect(most).toBeGreaterThan(hardSendBufferBytes / 2);
    expect(most).toBeLessThanOrEqual(hardSendBufferBytes + 64);
    expect(server.bufferedBytes()).toBe(0);
    server.send(Buffer.alloc(1));
  });

  it('closes with code and reason, never from within close', async () => {
    const { probe, client, server } = await listeners.pair();
    const closed = once(client, 'close');
    server.close(4506, 'ended');
    expect(probe.closes).toEqual([]);
    server.close(4500, 'again');
    server.send(Buffer.alloc(1));
    const [code, reason] = await closed;
    expect([code, String(reason)]).toEqual([4506, 'ended']);
    expect(probe.closes).toEqual([4506]);
  });

  it('a close within accept still reaches the client and the events', async () => {
    const closes: number[] = [];
    const acceptor: SocketAcceptor = {
      subprotocol: 'poseidon.v1',
      accept(socket) {
        socket.send(Buffer.from('last words'));
        socket.close(4505, 'used');
        return { message() {}, drained() {}, closed: (code) => void closes.push(code) };
      },
    };
    const { port } = await listeners.start({ upgrade: async () => acceptor });
    const client = listeners.connectTo(port);
    const got: string[] = [];
    client.on('message', (data) => void got.push(String(data)));
    expect((await once(client, 'close'))[0]).toBe(4505);
    expect(got).toEqual(['last words']);
    expect(closes).toEqual([4505]);
  });

  it('tells the code of a client that closes, and 1006 of one that breaks', async () => {
    const first = await listeners.pair();
    first.client.close(4321, 'bye');
    await until(() => first.probe.closes.length === 1);
    const second = await listeners.pair();
    second.client.close();
    await until(() => second.probe.closes.length === 1);
    const third = await listeners.pair();
    third.client.terminate();
    await until(() => third.probe.closes.length === 1);
    expect([first, second, third].map(({ probe }) => probe.closes)).toEqual([[4321], [1005], [1006]]);
  });

  it('never negotiates permessage-deflate', async () => {
    const { client } = await listeners.pair();
    expect(client.extensions).toBe('');
  });
}
