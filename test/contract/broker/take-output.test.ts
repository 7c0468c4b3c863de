import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Broker } from '../../../src/broker/broker.ts';
import { decodeEntry } from '../../../src/protocol/entry.ts';
import { decodeFence } from '../../../src/protocol/fence-entry.ts';
import type { WorkerId } from '../../../src/protocol/ids.ts';
import { logCursorBytes } from '../../../src/protocol/log-cursor.ts';
import { until } from '../../support/until.ts';
import {
  allEntries,
  claimedSession,
  Heard,
  idsOf,
  newNonce,
  newSessionId,
  otherWorker,
  outputWriter,
  TestWriter,
  taken,
  worker,
} from './material.ts';
import { type TwinServer, twins } from './twins.ts';

describe.each(twins)('taking the output log: $name', (twin) => {
  let server: TwinServer;
  let broker: Broker;
  let other: Broker;
  beforeAll(async () => {
    server = await twin.start();
    [broker, other] = await Promise.all([server.client(), server.client()]);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const request = (nonce = newNonce(), expectedOwner: WorkerId = worker, newOwner = expectedOwner) => ({
    nonce,
    writer: newOwner,
    expectedOwner,
    newOwner,
  });

  it('[LG1] the first fence of a log continues 0-0 and is not below the wall clock', async () => {
    const id = await claimedSession(broker);
    const before = Date.now();
    const { fence, frame, table } = taken(await broker.logs.takeOutput(id, request(42)));
    expect(fence).toMatchObject({
      base: { fence: 0, seq: 0, offset: 0, crc: 0 },
      nonce: 42,
      writer: worker,
      position: { seq: 1, offset: 0, crc: 0 },
    });
    expect(fence.driver).toBeUndefined();
    expect(fence.position.fence).toBeGreaterThanOrEqual(before - 1);
    expect(table).toEqual([{ fence: fence.position.fence, base: fence.base, nonce: 42 }]);
    const [entry] = await allEntries(broker, { session: id, log: 'out' });
    expect(new Uint8Array(entry?.frame ?? [])).toEqual(new Uint8Array(frame));
  });

  it('[LG1] a later fence is higher, continues the tail and is pushed', async () => {
    const id = await claimedSession(broker);
    const heard = new Heard();
    other.logs.subscribe({ session: id, log: 'out' }, heard);
    await until(() => heard.confirmed === 1);
    const first = await outputWriter(broker, id);
    expect(await broker.logs.append(first.log, first.data('hällo'))).toBe('stored');
    const { fence, table } = taken(await other.logs.takeOutput(id, request()));
    const tail = decodeEntry(heard.frames[1] as Uint8Array);
    expect(fence.position.fence).toBeGreaterThan(first.fence);
    expect(fence.base).toEqual({ fence: first.fence, seq: 2, offset: 6, crc: tail?.crc });
    expect(fence.position).toMatchObject({ seq: 3, offset: 6, crc: tail?.crc });
    expect(table.map((row) => row.fence)).toEqual([first.fence, fence.position.fence]);
    await until(() => heard.frames.length === 3);
    expect(heard.ids[2]).toBe(`${fence.position.fence}-3`);
  });

  it('[LG3] bytes in front of the content (a log cursor) do not count', async () => {
    const id = await claimedSession(broker);
    const writer = await outputWriter(broker, id);
    expect(await broker.logs.append(writer.log, writer.data('abc', 2, new Uint8Array(logCursorBytes)))).toBe('stored');
    const { fence } = taken(await broker.logs.takeOutput(id, request()));
    expect(fence.base.offset).toBe(3);
  });

  it('[LG1] the same nonce gets the same answer and writes nothing', async () => {
    const id = await claimedSession(broker);
    const asked = request();
    const first = taken(await broker.logs.takeOutput(id, asked));
    const again = taken(await other.logs.takeOutput(id, asked));
    expect(again.fence).toEqual(first.fence);
    expect(again.table).toEqual(first.table);
    expect(await allEntries(broker, { session: id, log: 'out' })).toHaveLength(1);
  });

  it('[LG1] a repeated take does not replace who took after it', async () => {
    const id = await claimedSession(broker);
    const asked = request();
    const first = taken(await broker.logs.takeOutput(id, asked));
    const second = taken(await other.logs.takeOutput(id, request()));
    const again = taken(await broker.logs.takeOutput(id, asked));
    expect(again.table).toEqual(first.table);
    const page = await broker.logs.read({ session: id, log: 'out' }, { fence: 0, seq: 0 }, 16);
    expect(page.kind === 'page' && page.table.at(-1)?.fence).toBe(second.fence.position.fence);
  });

  it('[LG1] of two racing writers one is last, and only that one can append', async () => {
    const id = await claimedSession(broker);
    const log = { session: id, log: 'out' } as const;
    const writers = (await Promise.all([broker.logs.takeOutput(id, request()), other.logs.takeOutput(id, request())])).map(
      (answer) => new TestWriter(log, answer),
    );
    const answers = await Promise.all(writers.map((writer) => broker.logs.append(log, writer.data('x'))));
    const newest = (writers[0]?.fence ?? 0) > (writers[1]?.fence ?? 0) ? 0 : 1;
    expect(answers[newest]).toBe('stored');
    expect(answers[1 - newest]).toBe('doubt');
    const entries = await allEntries(broker, log);
    expect(decodeFence(entries[1] as never)?.base.fence).toBe(entries[0]?.fence);
  });

  it('[LS2] only the owner that meta names takes, and a taker that names a dead owner becomes the owner', async () => {
    const id = await claimedSession(broker);
    expect(await broker.logs.takeOutput(id, request(1, otherWorker))).toEqual({ kind: 'not-owner' });
    const asked = request(2, worker, otherWorker);
    expect(taken(await broker.logs.takeOutput(id, asked)).fence.writer).toBe(otherWorker);
    expect((await broker.sessions.read(id))?.owner).toBe(otherWorker);
    expect((await broker.logs.takeOutput(id, asked)).kind).toBe('taken');
    expect(await broker.logs.takeOutput(id, request(3, worker))).toEqual({ kind: 'not-owner' });
  });

  it('[LG1] the newest 32 rows of the fence table stay', async () => {
    const id = await claimedSession(broker);
    const fences: number[] = [];
    for (let takes = 0; takes < 40; takes++) fences.push(taken(await broker.logs.takeOutput(id, request())).fence.position.fence);
    const page = await broker.logs.read({ session: id, log: 'out' }, { fence: 0, seq: 0 }, 100);
    expect(page.kind === 'page' && page.table.map((row) => row.fence)).toEqual(fences.slice(-32));
    expect(idsOf(await allEntries(broker, { session: id, log: 'out' }))).toHaveLength(40);
  });

  it('[LG1] an unknown session has no log to take', async () => {
    expect(await broker.logs.takeOutput(newSessionId(), request())).toMatchObject({ kind: 'unknown' });
  });
});
