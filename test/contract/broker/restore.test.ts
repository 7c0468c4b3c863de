import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Broker } from '../../../src/broker/broker.ts';
import type { RestoreRequest } from '../../../src/broker/log-store.ts';
import { rowOf } from '../../../src/log/fence-table.ts';
import { decodeEntry, type Entry, endOffset } from '../../../src/protocol/entry.ts';
import type { SessionId } from '../../../src/protocol/ids.ts';
import { until } from '../../support/until.ts';
import {
  allEntries,
  Heard,
  idsOf,
  inputRequest,
  inputWriter,
  newNonce,
  newSessionId,
  newStream,
  outputWriter,
  sessionOf,
  TestWriter,
  worker,
} from './material.ts';
import { type TwinServer, twins } from './twins.ts';

describe.each(twins)('restoring a session: $name', (twin) => {
  let server: TwinServer;
  let broker: Broker;
  /** Where the session is written first: what its owner remembers. */
  let past: TwinServer;
  beforeAll(async () => {
    [server, past] = await Promise.all([twin.start(), twin.start()]);
    broker = await server.client();
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await past[Symbol.asyncDispose]();
  });

  /** A session that lives on the other server, and what its worker would restore of it. */
  async function remembered(): Promise<{ id: SessionId; out: TestWriter; input: TestWriter; request: RestoreRequest }> {
    const before = await past.client();
    const id = newSessionId();
    const session = sessionOf(id);
    await before.sessions.create(session);
    await before.sessions.claim(id, worker);
    const out = await outputWriter(before, id);
    const stream = newStream();
    const input = await inputWriter(before, id, inputRequest(stream));
    const frames = ['a', 'bc', 'def'].map((text) => out.data(text));
    for (const frame of frames) await before.logs.append(out.log, frame);
    const typed = input.data('xy');
    await before.logs.append(input.log, typed);
    const last = decodeEntry(frames[2] as Uint8Array) as Entry;
    const request = {
      nonce: newNonce(),
      record: { ...session, state: 'owned', owner: worker, started: true } as const,
      out: { frames: frames.slice(1), table: out.claim.table, head: { ...idOf(last), offset: endOffset(last), crc: last.crc } },
      in: { frames: [typed], table: [rowOf(input.claim.fence)] },
      streams: [{ stream, connection: 1, accepted: 2 }],
      driver: { stream, fence: input.fence },
    };
    return { id, out, input, request };
  }
  const idOf = ({ fence, seq }: Entry) => ({ fence, seq });

  it('[LG11] writes the record and what is left of both logs, under a new fence that continues the head, and pushes it', async () => {
    const { id, out, input, request } = await remembered();
    const heard = new Heard();
    broker.logs.subscribe(out.log, heard);
    await until(() => heard.confirmed === 1);
    const answer = await broker.logs.restore(id, request);
    if (answer.kind !== 'restored') throw new Error(answer.kind);
    const { position, base } = answer.fence;
    expect(base).toEqual(request.out.head);
    expect(position.fence).toBeGreaterThan(out.fence);
    expect(await broker.sessions.read(id)).toEqual(request.record);
    expect(idsOf(await allEntries(broker, out.log))).toEqual([`${out.fence}-3`, `${out.fence}-4`, `${position.fence}-5`]);
    expect(idsOf(await allEntries(broker, input.log))).toEqual([`${input.fence}-2`]);
    await until(() => heard.frames.length === 1);
    expect(heard.ids).toEqual([`${position.fence}-5`]);
    const page = await broker.logs.read(out.log, { fence: 0, seq: 0 }, 1);
    expect(page.kind === 'page' && page.table).toEqual(answer.table);
    expect(answer.table.map((row) => row.fence)).toEqual([out.fence, position.fence]);
  });

  it('[LG11] the writers go on: the worker under its new fence, the edge under its own behind what was delivered', async () => {
    const { id, out, input, request } = await remembered();
    const answer = await broker.logs.restore(id, request);
    if (answer.kind !== 'restored') throw new Error(answer.kind);
    expect(await broker.logs.append(out.log, out.data('under the old fence'))).toBe('doubt');
    expect(await broker.logs.reassert(out.log, out.claim)).toEqual({ kind: 'replaced' });
    const writer = new TestWriter(out.log, { ...answer, kind: 'taken' });
    expect(await broker.logs.append(writer.log, writer.data('on'))).toBe('stored');
    expect(await broker.logs.reassert(input.log, input.claim)).toEqual({ kind: 'tail', tail: { fence: input.fence, seq: 2 } });
    expect(await broker.logs.append(input.log, input.data('z'))).toBe('stored');
    const next = await inputWriter(broker, id, inputRequest(request.streams[0]?.stream as never, { kind: 'resume' }, {}, 2));
    expect(next.claim.fence.driver?.next).toBe(3);
  });

  it('[LG11] keeps who drives and which streams are spent', async () => {
    const { id, request } = await remembered();
    const spent = newStream();
    await broker.logs.restore(id, { ...request, streams: [{ stream: spent, connection: 0, accepted: 5 }, ...request.streams] });
    const kind = async (...asked: Parameters<typeof inputRequest>) => (await broker.logs.takeInput(id, inputRequest(...asked))).kind;
    expect(await kind(newStream())).toBe('driven-by-another');
    expect(await kind(spent, { kind: 'force' }, {}, 9)).toBe('old-connection');
    expect(await kind(request.streams[0]?.stream as never, { kind: 'resume' }, {}, 0)).toBe('old-connection');
  });

  it('[LG11] is the same answer for the same nonce, and refused while meta exists', async () => {
    const { id, out, request } = await remembered();
    const first = await broker.logs.restore(id, request);
    expect(await broker.logs.restore(id, request)).toEqual(first);
    expect(await broker.logs.restore(id, { ...request, nonce: newNonce() })).toEqual({ kind: 'exists' });
    expect(await allEntries(broker, out.log)).toHaveLength(3);
  });

  it('[LG11] a session of which nothing but its head is left: the fence alone', async () => {
    const { id, out, input, request } = await remembered();
    const bare = { ...request, out: { ...request.out, frames: [] }, in: { frames: [], table: [] }, streams: [], driver: undefined };
    expect((await broker.logs.restore(id, bare)).kind).toBe('restored');
    expect(await allEntries(broker, out.log)).toHaveLength(1);
    expect(await allEntries(broker, input.log)).toEqual([]);
    expect((await broker.logs.takeInput(id, inputRequest(newStream()))).kind).toBe('taken');
  });
});
