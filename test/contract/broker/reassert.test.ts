import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Broker } from '../../../src/broker/broker.ts';
import type { LogName } from '../../../src/broker/log-store.ts';
import { isVoid } from '../../../src/log/fence-table.ts';
import { until } from '../../support/until.ts';
import {
  allEntries,
  claimedSession,
  Heard,
  idsOf,
  inputRequest,
  inputWriter,
  newNonce,
  newSessionId,
  newStream,
  otherWorker,
  outputWriter,
  sessionOf,
  TestWriter,
  worker,
} from './material.ts';
import { breakableTwins, type TwinServer, twins } from './twins.ts';

describe.each(twins)('reassert: $name', (twin) => {
  let server: TwinServer;
  let broker: Broker;
  beforeAll(async () => {
    server = await twin.start();
    broker = await server.client();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it('[LG6] tells the tail to whoever still is the writer', async () => {
    const writer = await outputWriter(broker, await claimedSession(broker));
    const tail = (seq: number) => ({ kind: 'tail', tail: { fence: writer.fence, seq } });
    expect(await broker.logs.reassert(writer.log, writer.claim)).toEqual(tail(1));
    await broker.logs.append(writer.log, writer.data('a'));
    const refused = writer.data('b');
    expect(await broker.logs.reassert(writer.log, writer.claim)).toEqual(tail(2));
    expect(await broker.logs.append(writer.log, refused)).toBe('stored');
    expect(await broker.logs.reassert(writer.log, writer.claim)).toEqual(tail(3));
  });

  it('[LG6] tells a writer that was replaced', async () => {
    const id = await claimedSession(broker);
    const old = await outputWriter(broker, id);
    const taker = await outputWriter(broker, id);
    expect(await broker.logs.reassert(old.log, old.claim)).toEqual({ kind: 'replaced' });
    expect(await broker.logs.reassert(taker.log, taker.claim)).toMatchObject({ kind: 'tail' });
    const stream = newStream();
    const edge = await inputWriter(broker, id, inputRequest(stream));
    await inputWriter(broker, id, inputRequest(stream, { kind: 'resume' }, {}, 2));
    expect(await broker.logs.reassert(edge.log, edge.claim)).toEqual({ kind: 'replaced' });
  });

  it('[LG1] the same fence with another nonce is another writer', async () => {
    const writer = await outputWriter(broker, await claimedSession(broker));
    const claim = { ...writer.claim, fence: { ...writer.claim.fence, nonce: newNonce() } };
    const frame = Uint8Array.from(writer.claim.frame);
    frame.set([1, 2, 3], 47);
    expect(await broker.logs.reassert(writer.log, { ...claim, frame })).toEqual({ kind: 'replaced' });
  });

  it('[LG6] tells that the session has ended, or is unknown', async () => {
    const id = await claimedSession(broker);
    const writer = await outputWriter(broker, id);
    await broker.logs.end(id, { owner: worker, nonce: 1, reason: { kind: 'ended', message: 'bye' }, keepMs: 60_000 });
    expect(await broker.logs.reassert(writer.log, writer.claim)).toEqual({ kind: 'ended' });
    expect(await broker.logs.reassert({ session: newSessionId(), log: 'out' }, writer.claim)).toMatchObject({ kind: 'unknown' });
  });
});

describe.each(breakableTwins)('reassert after a fail-over: $name', (twin) => {
  let server: TwinServer;
  let broker: Broker;
  let other: Broker;
  beforeAll(async () => {
    server = await twin.start();
    [broker, other] = await Promise.all([server.client(), server.client()]);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const reassert = (log: LogName, claim: TestWriter['claim'], by = broker) =>
    until(() => by.logs.reassert(log, claim).catch(() => undefined));

  it('[LG8] a lost tail is resent from the ring under the old ids', async () => {
    const id = await claimedSession(broker);
    const writer = await outputWriter(broker, id);
    await broker.logs.append(writer.log, writer.data('kept'));
    const failOver = await server.rememberSession(id);
    const ring = ['a', 'b', 'c'].map((text) => writer.data(text));
    for (const frame of ring) await broker.logs.append(writer.log, frame);
    await failOver();
    expect(await reassert(writer.log, writer.claim)).toEqual({ kind: 'tail', tail: { fence: writer.fence, seq: 2 } });
    for (const frame of ring) expect(await broker.logs.append(writer.log, frame)).toBe('stored');
    expect(await allEntries(broker, writer.log)).toHaveLength(5);
  });

  it('[LG8] a lost take is put back: fence entry, rows, owner, push', async () => {
    const id = await claimedSession(broker);
    const old = await outputWriter(broker, id);
    await broker.logs.append(old.log, old.data('a'));
    const failOver = await server.rememberSession(id);
    const request = { nonce: newNonce(), writer: otherWorker, expectedOwner: worker, newOwner: otherWorker };
    const taker = new TestWriter(old.log, await other.logs.takeOutput(id, request));
    await failOver();
    // The old writer does not know, and goes on until the new one has spoken: what it stores meanwhile is void (LG10).
    await reassert(old.log, old.claim);
    expect(await broker.logs.append(old.log, old.data('lost'))).toBe('stored');
    const heard = new Heard();
    broker.logs.subscribe(old.log, heard);
    await until(() => heard.confirmed === 1);
    expect(await reassert(taker.log, taker.claim, other)).toEqual({ kind: 'tail', tail: { fence: taker.fence, seq: 3 } });
    await until(() => heard.frames.length === 1);
    expect(heard.ids).toEqual([`${taker.fence}-3`]);
    const page = await broker.logs.read(old.log, { fence: 0, seq: 0 }, 16);
    if (page.kind !== 'page') throw new Error(page.kind);
    expect(page.table).toEqual(taker.claim.table);
    expect(idsOf(page.entries)).toEqual([`${old.fence}-1`, `${old.fence}-2`, `${old.fence}-3`, `${taker.fence}-3`]);
    expect(page.entries.filter((entry) => isVoid(page.table, entry)).map(({ seq }) => seq)).toEqual([3]);
    expect(await broker.sessions.read(id)).toMatchObject({ owner: otherWorker, state: 'owned', started: true });
    expect(await broker.logs.reassert(old.log, old.claim)).toEqual({ kind: 'replaced' });
  });

  it('[LG6] a take that was lost is replaced when another took on the new primary', async () => {
    const id = await claimedSession(broker);
    const failOver = await server.rememberSession(id);
    const lost = await outputWriter(broker, id);
    await failOver();
    const winner = await until(() => outputWriter(other, id).catch(() => undefined));
    expect(await reassert(lost.log, lost.claim)).toEqual({ kind: 'replaced' });
    expect(await reassert(winner.log, winner.claim, other)).toMatchObject({ kind: 'tail' });
  });

  it('[LG8] a claim that was lost with the take comes back with it: the session is not queued again', async () => {
    const id = newSessionId();
    await broker.sessions.create(sessionOf(id));
    const failOver = await server.rememberSession(id);
    await broker.sessions.claim(id, worker);
    const writer = await outputWriter(broker, id);
    await failOver();
    expect(await reassert(writer.log, writer.claim)).toMatchObject({ kind: 'tail' });
    expect(await broker.sessions.claim(id, otherWorker)).toEqual({ kind: 'not-waiting' });
    expect(await broker.sessions.release(id, worker, 'unstarted')).toBe(false);
  });

  it('[LG6] input: take again when what the predecessor stored is lost; its client sends it again', async () => {
    const id = await claimedSession(broker);
    const stream = newStream();
    const one = await inputWriter(broker, id, inputRequest(stream));
    await broker.logs.append(one.log, one.data('ab'));
    const failOver = await server.rememberSession(id);
    await broker.logs.append(one.log, one.data('cd'));
    const two = await inputWriter(other, id, inputRequest(stream, { kind: 'resume' }, {}, 2));
    expect(two.claim.fence.driver?.next).toBe(4);
    await failOver();
    expect(await reassert(two.log, two.claim, other)).toEqual({ kind: 'take-again' });
    const again = await inputWriter(other, id, inputRequest(stream, { kind: 'resume' }, {}, 2));
    expect(again.claim.fence.driver?.next).toBe(2);
  });

  it('[LG8] input: a lost take whose base is there is put back, with driver and streams', async () => {
    const id = await claimedSession(broker);
    const [first, second] = [newStream(), newStream()];
    const one = await inputWriter(broker, id, inputRequest(first));
    await broker.logs.append(one.log, one.data('ab'));
    const failOver = await server.rememberSession(id);
    const two = await inputWriter(other, id, inputRequest(second, { kind: 'force' }, {}, 7));
    await failOver();
    expect(await reassert(two.log, two.claim, other)).toEqual({ kind: 'tail', tail: { fence: two.fence, seq: 3 } });
    expect(await other.logs.append(two.log, two.data('x'))).toBe('stored');
    expect(await broker.logs.reassert(one.log, one.claim)).toEqual({ kind: 'replaced' });
    const kind = async (...asked: Parameters<typeof inputRequest>) => (await broker.logs.takeInput(id, inputRequest(...asked))).kind;
    expect(await kind(newStream())).toBe('driven-by-another');
    expect(await kind(first, { kind: 'force' }, {}, 9)).toBe('old-connection');
    expect(await kind(second, { kind: 'resume' }, {}, 6)).toBe('old-connection');
    const next = await inputWriter(broker, id, inputRequest(second, { kind: 'resume' }, {}, 8));
    expect(next.claim.fence.driver?.next).toBe(1);
  });

  it('[LG8] a repeated reassert changes nothing more', async () => {
    const id = await claimedSession(broker);
    const failOver = await server.rememberSession(id);
    const writer = await outputWriter(broker, id);
    await failOver();
    for (let time = 0; time < 3; time++) {
      expect(await reassert(writer.log, writer.claim)).toEqual({ kind: 'tail', tail: { fence: writer.fence, seq: 1 } });
    }
    expect(await allEntries(broker, writer.log)).toHaveLength(1);
  });
});
