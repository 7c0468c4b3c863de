import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Broker } from '../../../src/broker/broker.ts';
import type { SessionId } from '../../../src/protocol/ids.ts';
import {
  allEntries,
  claimedSession,
  inputRequest,
  inputWriter,
  newSessionId,
  newStream,
  sessionOf,
  TestWriter,
  taken,
} from './material.ts';
import { type TwinServer, twins } from './twins.ts';

describe.each(twins)('taking the input log: $name', (twin) => {
  let server: TwinServer;
  let broker: Broker;
  beforeAll(async () => {
    server = await twin.start();
    broker = await server.client();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const kindOf = async (id: SessionId, ...asked: Parameters<typeof inputRequest>) =>
    (await broker.logs.takeInput(id, inputRequest(...asked))).kind;

  it('[LS4] an edge may take it before a worker has claimed the session', async () => {
    const id = newSessionId();
    await broker.sessions.create(sessionOf(id));
    const stream = newStream();
    const { fence } = taken(await broker.logs.takeInput(id, inputRequest(stream)));
    expect(fence.base).toEqual({ fence: 0, seq: 0, offset: 0, crc: 0 });
    expect(fence.driver).toEqual({
      stream,
      connection: 1,
      next: 0,
      cols: 100,
      rows: 40,
      credit: { outputFence: 0, offset: 0, windowBytes: 65_536 },
    });
  });

  it('[DR1] stream, size and credit ride in the fence entry', async () => {
    const id = await claimedSession(broker);
    const credit = { outputFence: 281_474_976_710_655, offset: Number.MAX_SAFE_INTEGER, windowBytes: 4_294_967_295 };
    const driver = { stream: newStream(), connection: 4_294_967_295, cols: 65_535, rows: 1, credit };
    const answer = taken(await broker.logs.takeInput(id, inputRequest(driver.stream, { kind: 'resume' }, { driver, typed: 2 ** 53 - 1 })));
    expect(answer.fence.driver).toEqual({ ...driver, next: Number.MAX_SAFE_INTEGER });
  });

  it('[RS4] the next client offset is behind what the log has accepted of the stream', async () => {
    const id = await claimedSession(broker);
    const stream = newStream();
    const writer = await inputWriter(broker, id, inputRequest(stream));
    await broker.logs.append(writer.log, writer.data('ls -l\r'));
    await broker.logs.append(writer.log, writer.data('pwd'));
    const { fence } = taken(await broker.logs.takeInput(id, inputRequest(stream, { kind: 'resume' }, {}, 2)));
    expect(fence.driver?.next).toBe(9);
    expect(fence.position.offset).toBe(9);
  });

  it('[LG9] the answer says where the log begins, so that the taker knows what lies in front', async () => {
    const id = await claimedSession(broker);
    const stream = newStream();
    const request = inputRequest(stream);
    const first = taken(await broker.logs.takeInput(id, request));
    expect(first).toMatchObject({ front: { seq: 0, offset: 0 } });
    const writer = new TestWriter({ session: id, log: 'in' }, first);
    for (const text of ['abc', 'de', 'f']) await broker.logs.append(writer.log, writer.data(text));
    broker.logs.trim(writer.log, { fence: first.fence.position.fence, seq: 3 });
    expect(taken(await broker.logs.takeInput(id, inputRequest(stream, { kind: 'resume' }, {}, 2)))).toMatchObject({
      front: { seq: 2, offset: 3 },
    });
  });

  it('[RS4] … also when the tail is a fence entry, and through several takes', async () => {
    const id = await claimedSession(broker);
    const stream = newStream();
    const writer = await inputWriter(broker, id, inputRequest(stream));
    await broker.logs.append(writer.log, writer.data('abc'));
    for (let connection = 2; connection < 5; connection++) {
      const { fence } = taken(await broker.logs.takeInput(id, inputRequest(stream, { kind: 'resume' }, {}, connection)));
      expect(fence.driver?.next).toBe(3);
    }
  });

  it('[RS4] … and never below what the client knows to be typed', async () => {
    const id = await claimedSession(broker);
    const stream = newStream();
    const writer = await inputWriter(broker, id, inputRequest(stream));
    await broker.logs.append(writer.log, writer.data('abc'));
    const { fence } = taken(await broker.logs.takeInput(id, inputRequest(stream, { kind: 'resume' }, { typed: 7 }, 2)));
    expect(fence.driver?.next).toBe(7);
  });

  it('[RS5] an older connection of the stream is refused, the same one may take again', async () => {
    const id = await claimedSession(broker);
    const stream = newStream();
    expect(await kindOf(id, stream, { kind: 'resume' }, {}, 5)).toBe('taken');
    expect(await kindOf(id, stream, { kind: 'resume' }, {}, 4)).toBe('old-connection');
    expect(await kindOf(id, stream, { kind: 'force' }, {}, 4)).toBe('old-connection');
    expect(await kindOf(id, stream, { kind: 'resume' }, {}, 5)).toBe('taken');
  });

  it('[RS5] a stream after which another has driven never drives again', async () => {
    const id = await claimedSession(broker);
    const [first, second] = [newStream(), newStream()];
    await inputWriter(broker, id, inputRequest(first));
    expect(await kindOf(id, second, { kind: 'force' })).toBe('taken');
    for (const mode of ['resume', 'force'] as const) expect(await kindOf(id, first, { kind: mode }, {}, 9)).toBe('old-connection');
  });

  it('[RS5] what the log accepted of the previous stream is written down when another takes', async () => {
    const id = await claimedSession(broker);
    const [first, second] = [newStream(), newStream()];
    const writer = await inputWriter(broker, id, inputRequest(first));
    await broker.logs.append(writer.log, writer.data('12345'));
    const { fence } = taken(await broker.logs.takeInput(id, inputRequest(second, { kind: 'force' })));
    expect(fence.driver?.next).toBe(0);
    expect(fence.position.offset).toBe(5);
  });

  it('[DR1] resume: only if nobody drives, or this stream does, or one that this client had before', async () => {
    const id = await claimedSession(broker);
    const [first, second, third] = [newStream(), newStream(), newStream()];
    const { fence } = taken(await broker.logs.takeInput(id, inputRequest(first)));
    expect(await broker.logs.takeInput(id, inputRequest(second))).toEqual({
      kind: 'driven-by-another',
      stream: first,
      fence: fence.position.fence,
    });
    const former = [newStream(), newStream(), first];
    expect(await kindOf(id, second, { kind: 'resume', former: former.slice(0, 2) })).toBe('driven-by-another');
    expect(await kindOf(id, second, { kind: 'resume', former })).toBe('taken');
    expect(await kindOf(id, third, { kind: 'resume', former })).toBe('driven-by-another');
  });

  it('[DR1] a person takes control from whoever drives', async () => {
    const id = await claimedSession(broker);
    await inputWriter(broker, id, inputRequest(newStream()));
    expect(await kindOf(id, newStream(), { kind: 'force' })).toBe('taken');
  });

  it('[DR1] of several watchers that replace a silent driver one wins', async () => {
    const id = await claimedSession(broker);
    const silent = await inputWriter(broker, id, inputRequest(newStream()));
    const watchers = [newStream(), newStream(), newStream()];
    const answers = await Promise.all(watchers.map((stream) => kindOf(id, stream, { kind: 'if-fence', fence: silent.fence })));
    expect(answers.sort()).toEqual(['driven-by-another', 'driven-by-another', 'taken']);
  });

  it('[DR2] after leave nobody drives, unless somebody newer does', async () => {
    const id = await claimedSession(broker);
    const [first, second, third] = [newStream(), newStream(), newStream()];
    const one = await inputWriter(broker, id, inputRequest(first));
    await broker.logs.leave(id, one.fence);
    await broker.logs.leave(id, one.fence);
    const two = await inputWriter(broker, id, inputRequest(second));
    await broker.logs.leave(id, one.fence);
    expect(await kindOf(id, third)).toBe('driven-by-another');
    await broker.logs.leave(id, two.fence);
    expect(await kindOf(id, third)).toBe('taken');
    await broker.logs.leave(newSessionId(), 1);
  });

  it('[LG1] the same nonce gets the same answer and writes nothing', async () => {
    const id = await claimedSession(broker);
    const asked = inputRequest(newStream());
    const first = taken(await broker.logs.takeInput(id, asked));
    const again = taken(await broker.logs.takeInput(id, asked));
    expect(again.fence).toEqual(first.fence);
    expect(await allEntries(broker, { session: id, log: 'in' })).toHaveLength(1);
  });

  it('[LG1] a repeated take whose entry was trimmed does not take again', async () => {
    const id = await claimedSession(broker);
    const log = { session: id, log: 'in' } as const;
    const asked = inputRequest(newStream());
    await broker.logs.takeInput(id, asked);
    const next = new TestWriter(log, await broker.logs.takeInput(id, inputRequest(newStream(), { kind: 'force' })));
    broker.logs.trim(log, next.claim.fence.position);
    expect(await kindOf(id, asked.driver.stream, asked.mode, asked)).toBe('old-connection');
  });

  it('[LG1] the newest 16 streams are remembered', async () => {
    const id = await claimedSession(broker);
    const streams = Array.from({ length: 18 }, newStream);
    for (const stream of streams) expect(await kindOf(id, stream, { kind: 'force' })).toBe('taken');
    expect(await kindOf(id, streams[2] as never, { kind: 'force' }, {}, 9)).toBe('old-connection');
    expect(await kindOf(id, streams[1] as never, { kind: 'force' }, {}, 9)).toBe('taken');
  });

  it('[LG1] an unknown session has no log to take', async () => {
    expect(await kindOf(newSessionId(), newStream())).toBe('unknown');
  });
});
