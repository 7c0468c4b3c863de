import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it } from 'vitest';
import type { UpgradeRequest } from '../../../src/edge/listener.ts';
import { until } from '../../support/until.ts';
import { fetchFrom, type Listeners, refusal, SocketProbe, text } from './listeners.ts';

/** How a request becomes a socket, or does not. */
export function upgradeContract(listeners: Listeners): void {
  it('upgrades after an asynchronous decision and echoes the chosen subprotocol', async () => {
    const seen: UpgradeRequest[] = [];
    const probe = new SocketProbe('two');
    const { port } = await listeners.start({
      upgrade: async (request) => {
        seen.push(request);
        await new Promise((resolve) => setImmediate(resolve));
        return probe;
      },
    });
    const client = listeners.connectTo(port, '/v1/attach?ticket=t', ['one', 'two', 'three'], { origin: 'https://there' });
    await once(client, 'open');
    expect(client.protocol).toBe('two');
    expect(seen[0]).toMatchObject({ path: '/v1/attach', subprotocols: ['one', 'two', 'three'], remoteAddress: '127.0.0.1' });
    expect(seen[0]?.query.get('ticket')).toBe('t');
    expect(seen[0]?.header('origin')).toBe('https://there');
    expect(probe.socket?.remoteAddress).toBe('127.0.0.1');
  });

  it('refuses an upgrade with the answer of the door, before the 101', async () => {
    const { port } = await listeners.start({ upgrade: async () => text(403, '{"code":"origin"}', { 'x-why': 'origin' }) });
    expect(await refusal(listeners.connectTo(port))).toMatchObject({ status: 403, body: '{"code":"origin"}' });
  });

  it('never takes a socket whose client left during the decision', async () => {
    const probe = new SocketProbe();
    let decide = () => {};
    let asked = false;
    const { port } = await listeners.start({
      upgrade: async () => {
        asked = true;
        await new Promise<void>((resolve) => {
          decide = resolve;
        });
        return probe;
      },
    });
    const client = listeners.connectTo(port);
    await until(() => asked);
    client.terminate();
    const after = connect(port, '127.0.0.1');
    await once(after, 'connect');
    after.destroy();
    decide();
    await until(() => probe.socket === undefined || probe.closes.length === 1);
    expect(await fetchFrom(port, '/')).toMatchObject({ status: 404 });
  });
}
