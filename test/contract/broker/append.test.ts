import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Broker } from '../../../src/broker/broker.ts';
import { maxEntryPayloadBytes } from '../../../src/protocol/limits.ts';
import { until } from '../../support/until.ts';
import { allEntries, claimedSession, Heard, idOf, idsOf, newSessionId, outputWriter, TestWriter } from './material.ts';
import { breakableTwins, type TwinServer, twins } from './twins.ts';

describe.each(twins)('append, trim, read: $name', (twin) => {
  let server: TwinServer;
  let broker: Broker;
  let other: Broker;
  beforeAll(async () => {
    server = await twin.start();
    [broker, other] = await Promise.all([server.client(), server.client()]);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it('[LG4] stores the frame under its own id and pushes the same bytes, in order', async () => {
    const id = await claimedSession(broker);
    const writer = await outputWriter(broker, id);
    const heard = new Heard();
    other.logs.subscribe(writer.log, heard);
    await until(() => heard.confirmed === 1);
    const frames = Array.from({ length: 50 }, (_, index) => writer.data(`line ${index}\r\n`));
    for (const frame of frames) expect(await broker.logs.append(writer.log, frame)).toBe('stored');
    await until(() => heard.frames.length === frames.length);
    expect(heard.frames.map((frame) => Buffer.from(frame).toString('hex'))).toEqual(
      frames.map((frame) => Buffer.from(frame).toString('hex')),
    );
    expect(idsOf(await allEntries(broker, writer.log)).slice(1)).toEqual(frames.map(idOf));
  });

  it('[LG4] carries entries of the largest size', async () => {
    const id = await claimedSession(broker);
    const writer = await outputWriter(broker, id);
    const heard = new Heard();
    other.logs.subscribe(writer.log, heard);
    await until(() => heard.confirmed === 1);
    const frames = [1, 2, 3].map((digit) => writer.data(String(digit).repeat(maxEntryPayloadBytes)));
    for (const frame of frames) expect(await broker.logs.append(writer.log, frame)).toBe('stored');
    await until(() => heard.frames.length === 3);
    const entries = await allEntries(other, writer.log);
    for (const [index, frame] of frames.entries()) {
      expect(Buffer.compare(frame, heard.frames[index] as Uint8Array)).toBe(0);
      expect(Buffer.compare(frame, entries[index + 1]?.frame as Uint8Array)).toBe(0);
    }
  });

  it('[LG6] a repeated append is doubt, and changes nothing', async () => {
    const id = await claimedSession(broker);
    const writer = await outputWriter(broker, id);
    const frame = writer.data('once');
    expect(await broker.logs.append(writer.log, frame)).toBe('stored');
    expect(await broker.logs.append(writer.log, frame)).toBe('doubt');
    expect(await allEntries(broker, writer.log)).toHaveLength(2);
  });

  it('[LG4] the push of a refused append arrives', async () => {
    const id = await claimedSession(broker);
    const old = await outputWriter(broker, id);
    const heard = new Heard();
    other.logs.subscribe(old.log, heard);
    await until(() => heard.confirmed === 1);
    const taker = await outputWriter(other, id);
    const frame = old.data('too late');
    expect(await broker.logs.append(old.log, frame)).toBe('doubt');
    await until(() => heard.frames.length === 2);
    expect(heard.ids).toEqual([`${taker.fence}-2`, idOf(frame)]);
    expect(idsOf(await allEntries(broker, old.log))).toEqual([`${old.fence}-1`, `${taker.fence}-2`]);
  });

  it('[LG6] an append to a log that is not there (nil) is doubt and creates nothing', async () => {
    const id = await claimedSession(broker);
    const writer = await outputWriter(broker, id);
    const lost = new TestWriter({ session: newSessionId(), log: 'out' }, { kind: 'taken', ...writer.claim });
    expect(await broker.logs.append(lost.log, lost.data('x'))).toBe('doubt');
    expect(await broker.logs.read(lost.log, { fence: 0, seq: 0 }, 16)).toMatchObject({ kind: 'unknown' });
  });

  it('[LG2] fences order ids before sequence numbers do', async () => {
    const id = await claimedSession(broker);
    const writer = await outputWriter(broker, id);
    for (let entry = 0; entry < 12; entry++) await broker.logs.append(writer.log, writer.data(`${entry}`));
    const entries = await allEntries(broker, writer.log);
    expect(entries.map(({ seq }) => seq)).toEqual(Array.from({ length: 13 }, (_, index) => index + 1));
  });

  it('[LG9] trims from the front, and reads what is left', async () => {
    const id = await claimedSession(broker);
    const writer = await outputWriter(broker, id);
    for (let entry = 0; entry < 9; entry++) await broker.logs.append(writer.log, writer.data('0123456789'));
    broker.logs.trim(writer.log, { fence: writer.fence, seq: 6 });
    await until(async () => (await allEntries(broker, writer.log)).length === 5);
    const [first] = await allEntries(broker, writer.log);
    expect(first).toMatchObject({ seq: 6, offset: 40 });
    expect(await broker.logs.append(writer.log, writer.data('more'))).toBe('stored');
  });

  it('[LG9] never trims the newest entry', async () => {
    const id = await claimedSession(broker);
    const writer = await outputWriter(broker, id);
    await broker.logs.append(writer.log, writer.data('a'));
    broker.logs.trim(writer.log, { fence: writer.fence, seq: 99 });
    broker.logs.trim(writer.log, { fence: writer.fence + 1, seq: 1 });
    broker.logs.trim({ session: newSessionId(), log: 'out' }, { fence: 1, seq: 1 });
    expect(await allEntries(broker, writer.log)).toHaveLength(2);
    broker.logs.trim(writer.log, { fence: writer.fence, seq: 2 });
    await until(async () => (await allEntries(broker, writer.log)).length === 1);
    expect((await outputWriter(broker, id)).claim.fence.base).toMatchObject({ fence: writer.fence, seq: 2, offset: 1 });
  });

  it('[LG5] reads page by page, from an id on, that one included', async () => {
    const id = await claimedSession(broker);
    const writer = await outputWriter(broker, id);
    for (let entry = 0; entry < 40; entry++) await broker.logs.append(writer.log, writer.data('x'));
    const seen: number[] = [];
    let from = { fence: 0, seq: 0 };
    for (;;) {
      const page = await broker.logs.read(writer.log, from, 16);
      if (page.kind !== 'page') throw new Error(page.kind);
      expect(page.table).toHaveLength(1);
      seen.push(...page.entries.map(({ seq }) => seq));
      if (page.entries.length < 16) break;
      const last = page.entries.at(-1);
      from = { fence: last?.fence ?? 0, seq: (last?.seq ?? 0) + 1 };
    }
    expect(seen).toEqual(Array.from({ length: 41 }, (_, index) => index + 1));
    const one = await broker.logs.read(writer.log, { fence: writer.fence, seq: 7 }, 1);
    expect(one.kind === 'page' && one.entries.map(({ seq }) => seq)).toEqual([7]);
  });

  it('[LS4] a log without entries beside an existing meta is empty, not unknown', async () => {
    const id = await claimedSession(broker);
    expect(await broker.logs.read({ session: id, log: 'in' }, { fence: 0, seq: 0 }, 16)).toEqual({
      kind: 'page',
      table: [],
      entries: [],
      ended: false,
      owner: 'worker-1',
    });
    expect(await broker.logs.read({ session: newSessionId(), log: 'in' }, { fence: 0, seq: 0 }, 16)).toMatchObject({ kind: 'unknown' });
  });
});

describe.each(breakableTwins)('append over a link that breaks: $name', (twin) => {
  it('[LG6] what was un-answered is doubt, and the link heals by itself', async () => {
    await using server = await twin.start();
    const broker = await server.client();
    const writer = await outputWriter(broker, await claimedSession(broker));
    const frame = writer.data('x');
    const [answer] = await Promise.all([broker.logs.append(writer.log, frame), server.breakLinks()]);
    const tail = await until(() => broker.logs.reassert(writer.log, writer.claim).catch(() => undefined));
    if (answer === 'stored') expect(tail).toMatchObject({ kind: 'tail', tail: { seq: 2 } });
    else if (tail.kind === 'tail' && tail.tail.seq === 1) expect(await broker.logs.append(writer.log, frame)).toBe('stored');
    expect(await broker.logs.append(writer.log, writer.data('y'))).toBe('stored');
  });
});
