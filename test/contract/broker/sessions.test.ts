import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Broker } from '../../../src/broker/broker.ts';
import type { WorkerId } from '../../../src/protocol/ids.ts';
import { until } from '../../support/until.ts';
import { claimedSession, newSessionId, otherWorker, outputWriter, sessionOf, worker } from './material.ts';
import { type TwinServer, twins } from './twins.ts';

describe.each(twins)('sessions: $name', (twin) => {
  let server: TwinServer;
  let broker: Broker;
  let other: Broker;
  beforeAll(async () => {
    server = await twin.start();
    [broker, other] = await Promise.all([server.client(), server.client()]);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it('[LS4] a new session waits, and reads as it was written', async () => {
    const session = sessionOf(newSessionId(), { detached: 'pause', size: { cols: 213, rows: 57 } });
    expect(await broker.sessions.create(session)).toBe(true);
    expect(await other.sessions.read(session.id)).toEqual({ ...session, state: 'waiting', owner: undefined, started: false });
    expect(await other.sessions.read(newSessionId())).toBeUndefined();
  });

  it('[LS4] an id is given once; its creator may repeat itself', async () => {
    const session = sessionOf(newSessionId());
    expect(await broker.sessions.create(session)).toBe(true);
    expect(await broker.sessions.create(session)).toBe(true);
    expect(await other.sessions.create({ ...session, keyHash: '0'.repeat(64) })).toBe(false);
    expect((await other.sessions.read(session.id))?.keyHash).toBe(session.keyHash);
  });

  it('[LS2] one worker claims it, and may ask again', async () => {
    const session = sessionOf(newSessionId());
    await broker.sessions.create(session);
    const owned = { kind: 'claimed', session: { ...session, state: 'owned', owner: worker, started: false } };
    expect(await broker.sessions.claim(session.id, worker)).toEqual(owned);
    expect(await broker.sessions.claim(session.id, worker)).toEqual(owned);
    expect(await other.sessions.claim(session.id, otherWorker)).toEqual({ kind: 'not-waiting' });
    expect(await other.sessions.claim(newSessionId(), otherWorker)).toEqual({ kind: 'unknown' });
  });

  it('[LS2] of many claims one wins', async () => {
    const id = newSessionId();
    await broker.sessions.create(sessionOf(id));
    const claims = Array.from({ length: 8 }, (_, index) => (index % 2 ? broker : other).sessions.claim(id, `worker-${index}` as WorkerId));
    expect((await Promise.all(claims)).filter(({ kind }) => kind === 'claimed')).toHaveLength(1);
  });

  it('[LS2] a claimed session is in the index of its worker, one that was not claimed is not', async () => {
    const [mine, theirs] = ['worker-index' as WorkerId, 'worker-other-index' as WorkerId];
    const id = newSessionId();
    await broker.sessions.create(sessionOf(id));
    await broker.sessions.claim(id, mine);
    await broker.sessions.claim(id, theirs);
    expect(await other.sessions.ofWorker(mine)).toEqual([id]);
    expect(await other.sessions.ofWorker(theirs)).toEqual([]);
    await broker.sessions.adopt(id, theirs);
    expect(await other.sessions.ofWorker(theirs)).toEqual([id]);
    await broker.sessions.forget(id, mine);
    expect(await other.sessions.ofWorker(mine)).toEqual([]);
  });

  it('[LS2] started is for the owner, and a started session is never queued again', async () => {
    const id = await claimedSession(broker);
    expect(await broker.sessions.started(id, otherWorker)).toBe(false);
    expect(await broker.sessions.started(id, worker)).toBe(true);
    expect(await broker.sessions.started(id, worker)).toBe(true);
    expect((await broker.sessions.read(id))?.started).toBe(true);
    expect(await broker.sessions.release(id, worker, 'unstarted')).toBe(false);
    expect(await broker.sessions.started(newSessionId(), worker)).toBe(false);
  });

  it('[LS2] one that was started waits again only if another worker can go on with it, and counts as not started then', async () => {
    const id = await claimedSession(broker);
    expect(await broker.sessions.started(id, worker)).toBe(true);
    expect(await broker.sessions.release(id, otherWorker, 'started')).toBe(false);
    expect(await broker.sessions.release(id, worker, 'unstarted')).toBe(false);
    expect(await broker.sessions.release(id, worker, 'started')).toBe(true);
    expect(await broker.sessions.release(id, worker, 'started')).toBe(true);
    const claimed = await broker.sessions.claim(id, otherWorker);
    expect(claimed).toMatchObject({ kind: 'claimed', session: { owner: otherWorker, started: false } });
  });

  it('[LS2] a session that was not started waits again after release, for any worker', async () => {
    const id = await claimedSession(broker);
    expect(await broker.sessions.release(id, otherWorker, 'unstarted')).toBe(false);
    expect(await broker.sessions.release(id, worker, 'unstarted')).toBe(true);
    expect(await broker.sessions.release(id, worker, 'unstarted')).toBe(true);
    expect(await broker.sessions.read(id)).toMatchObject({ state: 'waiting', owner: undefined });
    expect(await broker.sessions.claim(id, otherWorker)).toMatchObject({ kind: 'claimed' });
    expect(await broker.sessions.release(newSessionId(), worker, 'unstarted')).toBe(false);
  });

  it('[LG9] touch says for each session whether meta names the worker', async () => {
    const [mine, waiting] = [await claimedSession(broker), newSessionId()];
    await broker.sessions.create(sessionOf(waiting));
    expect(await broker.sessions.touch([mine, waiting, newSessionId()], worker)).toEqual([true, false, false]);
    expect(await broker.sessions.touch([mine], otherWorker)).toEqual([false]);
    expect(await broker.sessions.touch([], worker)).toEqual([]);
  });

  it('[RS2] lists the live sessions of a subject, newest first', async () => {
    const subject = `subject ${newSessionId()}`;
    const ids = [newSessionId(), newSessionId(), newSessionId()] as const;
    for (const [index, id] of ids.entries()) await broker.sessions.create(sessionOf(id, { subject, createdAtMs: 1000 + index }));
    await broker.sessions.claim(ids[1], worker);
    await broker.logs.end(ids[1], { owner: worker, nonce: 1, reason: { kind: 'ended', message: '' }, keepMs: 60_000 });
    expect(await other.sessions.ofSubject(subject, 10)).toEqual([ids[2], ids[0]]);
    expect(await other.sessions.ofSubject(subject, 1)).toEqual([ids[2]]);
    expect(await other.sessions.ofSubject('nobody', 10)).toEqual([]);
  });
});

describe.each(twins)('times to live: $name', (twin) => {
  it('[LG9] an unclaimed session expires, a claimed one lives while it is touched, all its keys together', async () => {
    await using server = await twin.start({ waitingMs: 150, sessionMs: 400 });
    const broker = await server.client();
    const [unclaimed, claimed] = [newSessionId(), newSessionId()];
    await broker.sessions.create(sessionOf(unclaimed));
    await broker.sessions.create(sessionOf(claimed));
    await broker.sessions.claim(claimed, worker);
    const writer = await outputWriter(broker, claimed);
    await until(async () => (await broker.sessions.read(unclaimed)) === undefined);
    const untilMs = performance.now() + 600;
    while (performance.now() < untilMs) {
      expect(await broker.sessions.touch([claimed], worker)).toEqual([true]);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(await broker.logs.append(writer.log, writer.data('alive'))).toBe('stored');
    await until(async () => (await broker.sessions.read(claimed)) === undefined);
    expect(await broker.logs.append(writer.log, writer.data('gone'))).toBe('doubt');
    expect(await broker.logs.reassert(writer.log, writer.claim)).toMatchObject({ kind: 'unknown' });
  });
});
