import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request as tlsRequest } from 'node:https';
import { expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { TlsFiles } from '../../../src/edge/listen/tls-files.ts';
import { until } from '../../support/until.ts';
import { fetchFrom, type Listeners, noDoors, SocketProbe, text } from './listeners.ts';

const testTls: TlsFiles = {
  certFile: new URL('../../support/tls/cert.pem', import.meta.url).pathname,
  keyFile: new URL('../../support/tls/key.pem', import.meta.url).pathname,
};

/** How a listener starts and ends. */
export function lifeContract(listeners: Listeners): void {
  it('reports a port in use, an address that is not ours', async () => {
    const { port } = await listeners.start({});
    await expect(listeners.create(noDoors).listen('127.0.0.1', port)).rejects.toMatchObject({ code: 'port-in-use' });
    await expect(listeners.create(noDoors).listen('203.0.113.7', 0)).rejects.toMatchObject({ code: 'address-not-available' });
  });

  it('[ED1] speaks TLS with the given certificate and key, on both doors', async () => {
    const probe = new SocketProbe();
    const { port } = await listeners.start({ http: async () => text(200, 'sealed'), upgrade: async () => probe }, testTls);
    const ca = readFileSync(testTls.certFile);
    const answer = await new Promise<string>((resolve, reject) => {
      const request = tlsRequest({ host: '127.0.0.1', port, ca }, (response) => {
        response.on('data', (chunk) => resolve(String(chunk)));
      });
      request.on('error', reject).end();
    });
    expect(answer).toBe('sealed');
    const client = listeners.owned(new WebSocket(`wss://127.0.0.1:${port}/`, 'poseidon.v1', { ca }));
    await once(client, 'open');
    client.send(Buffer.alloc(60_000, 7));
    await until(() => probe.messages.length === 1);
    probe.socket?.send(Buffer.alloc(60_000, 8));
    expect(((await once(client, 'message'))[0] as Buffer).length).toBe(60_000);
  });

  it('[ED1] reports certificate files that cannot be used', async () => {
    const absent = { ...testTls, certFile: '/nonexistent/cert.pem' };
    await expect(listeners.create(noDoors, absent).listen('127.0.0.1', 0)).rejects.toMatchObject({ code: 'tls-files' });
    const swapped = { certFile: testTls.keyFile, keyFile: testTls.certFile };
    await expect(listeners.create(noDoors, swapped).listen('127.0.0.1', 0)).rejects.toMatchObject({ code: 'tls-files' });
  });

  it('[ED3] closes 100 sockets with draining, then accepts nothing', async () => {
    const probes: SocketProbe[] = [];
    const { port, listener } = await listeners.start({
      upgrade: async () => {
        const probe = new SocketProbe();
        probes.push(probe);
        return probe;
      },
    });
    const sockets = await Promise.all(Array.from({ length: 100 }, () => listeners.openSocket(port)));
    const codes = Promise.all(sockets.map(async (client) => (await once(client, 'close'))[0]));
    await listener.close();
    expect(new Set(await codes)).toEqual(new Set([4000]));
    expect(probes.every((probe) => probe.closes.length === 1 && probe.closes[0] === 4000)).toBe(true);
    await expect(fetchFrom(port, '/')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await listener.close();
  });

  it('lets a request that is being answered finish when it closes', async () => {
    let answer = () => {};
    let asked = false;
    const { port, listener } = await listeners.start({
      http: async () => {
        asked = true;
        await new Promise<void>((resolve) => {
          answer = resolve;
        });
        return text(200, 'done');
      },
    });
    const fetched = fetchFrom(port, '/');
    await until(() => asked);
    const closed = listener.close();
    answer();
    expect(await fetched).toMatchObject({ status: 200, body: 'done' });
    await closed;
  });
}
