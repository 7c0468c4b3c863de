import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Broker, QueuedItem } from '../../../src/broker/broker.ts';
import type { WorkerId } from '../../../src/protocol/ids.ts';
import { until } from '../../support/until.ts';
import { newSessionId, otherWorker, worker } from './material.ts';
import { type TwinServer, twins } from './twins.ts';

describe.each(twins)('opens, leases, tickets: $name', (twin) => {
  let server: TwinServer;
  let broker: Broker;
  let other: Broker;
  beforeAll(async () => {
    server = await twin.start({ redeliverMs: 300 });
    [broker, other] = await Promise.all([server.client(), server.client()]);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const never = new AbortController().signal;

  async function pullAll(by: Broker, as: WorkerId, count: number): Promise<QueuedItem[]> {
    const items: QueuedItem[] = [];
    while (items.length < count) items.push(...(await by.opens.pull(as, count - items.length, never)));
    return items;
  }

  it('[LS2] every item is delivered to one worker and is gone once it is acknowledged', async () => {
    const sessions = Array.from({ length: 20 }, newSessionId);
    for (const session of sessions) await broker.opens.push({ kind: 'open', session });
    const items = [...(await pullAll(broker, worker, 10)), ...(await pullAll(other, otherWorker, 10))];
    expect(items.map(({ session }) => session).sort()).toEqual([...sessions].sort());
    await Promise.all(items.map((item) => broker.opens.acknowledge(item)));
    await broker.opens.push({ kind: 'check', session: sessions[0] as never });
    const [check] = await pullAll(other, otherWorker, 1);
    expect(check).toMatchObject({ kind: 'check', session: sessions[0] });
    await other.opens.acknowledge(check as QueuedItem);
  });

  it('[LS2] a pull waits for the next item and gives at most what was asked for', async () => {
    const waiting = broker.opens.pull(worker, 2, never);
    const sessions = Array.from({ length: 6 }, newSessionId);
    await Promise.all(sessions.map((session) => other.opens.push({ kind: 'open', session })));
    const first = await waiting;
    expect(first.length).toBeGreaterThan(0);
    expect(first.length).toBeLessThanOrEqual(2);
    const items = [...first];
    while (items.length < 6) {
      const more = await broker.opens.pull(worker, 2, never);
      expect(more.length).toBeLessThanOrEqual(2);
      items.push(...more);
    }
    expect(items.map(({ session }) => session).sort()).toEqual([...sessions].sort());
    await Promise.all(items.map((item) => broker.opens.acknowledge(item)));
  });

  it('[LS2] what was not acknowledged is delivered again, to another worker', async () => {
    const session = newSessionId();
    await broker.opens.push({ kind: 'open', session });
    const [pulled] = await pullAll(broker, worker, 1);
    const [again] = await pullAll(other, otherWorker, 1);
    expect(pulled?.session).toBe(session);
    expect(again?.session).toBe(session);
    await other.opens.acknowledge(again as QueuedItem);
    await other.opens.acknowledge(again as QueuedItem);
  });

  it('[LS2] a pull ends when it is told to', async () => {
    const stop = new AbortController();
    const waiting = broker.opens.pull(worker, 1, stop.signal);
    setTimeout(() => stop.abort(), 20);
    expect(await waiting).toEqual([]);
    expect(await broker.opens.pull(worker, 1, stop.signal)).toEqual([]);
    await broker.opens.push({ kind: 'open', session: newSessionId() });
    const [item] = await pullAll(broker, worker, 1);
    await broker.opens.acknowledge(item as QueuedItem);
  });

  it('[LS1] a lease is a counter that rises', async () => {
    const id = `worker-${newSessionId()}` as WorkerId;
    expect(await other.leases.read(id)).toBeUndefined();
    expect(await broker.leases.renew(id)).toBe(1);
    expect(await broker.leases.renew(id)).toBe(2);
    expect(await other.leases.read(id)).toBe(2);
    expect(await other.leases.workers()).toContain(id);
    await broker.leases.giveUp(id);
    expect(await other.leases.read(id)).toBeUndefined();
    expect(await other.leases.workers()).not.toContain(id);
  });

  it('[ED2] a ticket is used once, by one of many', async () => {
    const ticket = newSessionId();
    const content = {
      target: { kind: 'exec', cluster: 'c', namespace: 'n', pod: 'p', container: '', command: [], tty: true },
      subject: 'ü',
      user: 'ü',
      credential: '',
      detached: 'run',
      graceMs: 1,
    } as const;
    await broker.tickets.put(ticket, content, 60_000);
    const takes = await Promise.all([1, 2, 3].map(() => other.tickets.take(ticket)));
    expect(takes.filter((take) => take !== undefined)).toEqual([content]);
    await broker.tickets.put(ticket, content, 50);
    await new Promise((resolve) => setTimeout(resolve, 80));
    expect(await broker.tickets.take(ticket)).toBeUndefined();
  });

  it('tells whether it answers', async () => {
    await until(() => broker.health.up());
    expect(await broker.health.ping()).toBeGreaterThanOrEqual(0);
  });
});
