import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FaultProxy } from './fault-proxy.ts';
import { until } from './until.ts';

describe('the proxy that makes a line bad', () => {
  let server: Server;
  let proxy: FaultProxy;
  let heard: Buffer[];
  let ends: string[];
  let client: Socket;

  beforeEach(async () => {
    [heard, ends] = [[], []];
    server = createServer((socket) => {
      socket.on('data', (bytes: Buffer) => heard.push(bytes));
      socket.on('error', (failure: NodeJS.ErrnoException) => ends.push(`server ${failure.code}`));
      socket.on('end', () => ends.push('server end'));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    proxy = await FaultProxy.start(typeof address === 'object' && address ? address.port : 0);
    client = connect(proxy.port, '127.0.0.1');
    client.on('error', (failure: NodeJS.ErrnoException) => ends.push(`client ${failure.code}`));
    await new Promise((resolve) => client.once('connect', resolve));
  });

  afterEach(async () => {
    client.destroy();
    await proxy[Symbol.asyncDispose]();
    server.close();
  });

  const bytes = () => heard.reduce((sum, piece) => sum + piece.length, 0);

  it('[RS1] delays, limits the rate and stalls one way; everything arrives, and what it holds is bounded', async () => {
    proxy.set({ delayMs: 200 });
    const sent = performance.now();
    client.write('x');
    await until(() => bytes() === 1);
    expect(performance.now() - sent).toBeGreaterThan(190);
    proxy.set({ bytesPerSecond: 100_000 });
    const limited = performance.now();
    client.write(Buffer.alloc(50_000));
    await until(() => bytes() === 50_001);
    expect(performance.now() - limited).toBeGreaterThan(400);
    proxy.set({ stalled: 'up' });
    client.write(Buffer.alloc(4_000_000));
    await until(() => proxy.heldBytes >= 256 * 1024);
    expect(proxy.heldBytes).toBeLessThan(512 * 1024);
    proxy.heal();
    await until(() => bytes() === 4_050_001);
  });

  it('[RS1] cuts with a reset at both ends', async () => {
    client.write('x');
    await until(() => bytes() === 1);
    expect(proxy.cut()).toBe(1);
    await until(() => ends.includes('client ECONNRESET') && ends.includes('server ECONNRESET'));
    expect(proxy.open).toBe(0);
  });

  it('[RS1] swallows without telling anybody, and passes the end of a good connection on', async () => {
    client.write('x');
    await until(() => bytes() === 1);
    proxy.halfOpen();
    client.write('y');
    const second = connect(proxy.port, '127.0.0.1');
    second.end('z');
    await until(() => ends.includes('server end'));
    expect({ bytes: bytes(), ends }).toEqual({ bytes: 2, ends: ['server end'] });
  });
});
