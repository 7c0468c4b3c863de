import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Broker } from '../../../src/broker/broker.ts';
import { parseEndReason } from '../../../src/protocol/end-reason.ts';
import { clientOffset, entryPayload } from '../../../src/protocol/entry.ts';
import { decodeFence } from '../../../src/protocol/fence-entry.ts';
import { FrameType } from '../../../src/protocol/frame-type.ts';
import { noStream, type SessionId } from '../../../src/protocol/ids.ts';
import { decodeJsonObject } from '../../../src/protocol/json.ts';
import { until } from '../../support/until.ts';
import {
  allEntries,
  claimedSession,
  Heard,
  inputRequest,
  inputWriter,
  newNonce,
  newSessionId,
  newStream,
  otherWorker,
  outputWriter,
  worker,
} from './material.ts';
import { type TwinServer, twins } from './twins.ts';

describe.each(twins)('ending a session: $name', (twin) => {
  let server: TwinServer;
  let broker: Broker;
  beforeAll(async () => {
    server = await twin.start();
    broker = await server.client();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const reason = { kind: 'exited', message: 'the process ended – gut', code: 3 } as const;
  const end = (id: SessionId, nonce = newNonce(), owner = worker, keepMs = 60_000) => broker.logs.end(id, { owner, nonce, reason, keepMs });

  it('[LS3] fences both logs, writes exit and end, and pushes all of it', async () => {
    const id = await claimedSession(broker);
    const out = await outputWriter(broker, id);
    await broker.logs.append(out.log, out.data('abc'));
    const input = await inputWriter(broker, id, inputRequest(newStream()));
    await broker.logs.append(input.log, input.data('exit\r'));
    const [heardOut, heardIn] = [new Heard(), new Heard()];
    broker.logs.subscribe(out.log, heardOut);
    broker.logs.subscribe(input.log, heardIn);
    await until(() => heardOut.confirmed === 1 && heardIn.confirmed === 1);

    expect(await end(id)).toBe('ended');
    const outEntries = await allEntries(broker, out.log);
    const inEntries = await allEntries(broker, input.log);
    expect(outEntries.map(({ type, seq, offset }) => [type, seq, offset])).toEqual([
      [FrameType.outputFence, 1, 0],
      [FrameType.outputData, 2, 0],
      [FrameType.outputFence, 3, 3],
      [FrameType.outputExit, 4, 3],
    ]);
    expect(inEntries.map(({ type, seq, offset }) => [type, seq, offset])).toEqual([
      [FrameType.inputFence, 1, 0],
      [FrameType.inputData, 2, 0],
      [FrameType.inputFence, 3, 5],
      [FrameType.inputEnd, 4, 5],
    ]);
    const [, , outFence, exit] = outEntries;
    const [, , inFence, last] = inEntries;
    if (!outFence || !exit || !inFence || !last) throw new Error('missing');
    expect(parseEndReason(decodeJsonObject(entryPayload(exit)))).toEqual(reason);
    expect(exit.crc).toBe(outEntries[1]?.crc);
    expect(exit.fence).toBe(outFence.fence);
    expect(decodeFence(outFence)?.base).toMatchObject({ fence: out.fence, seq: 2 });
    expect(decodeFence(inFence)?.driver).toMatchObject({ stream: noStream, next: 0, cols: 80, rows: 24 });
    expect(clientOffset(last)).toBe(0);
    await until(() => heardOut.frames.length === 2 && heardIn.frames.length === 2);
    expect(heardOut.ids).toEqual([`${outFence.fence}-3`, `${exit.fence}-4`]);
    expect(heardIn.ids).toEqual([`${inFence.fence}-3`, `${last.fence}-4`]);
  });

  it('[LS3] nothing can be appended or taken after it', async () => {
    const id = await claimedSession(broker);
    const out = await outputWriter(broker, id);
    const input = await inputWriter(broker, id, inputRequest(newStream()));
    expect(await end(id)).toBe('ended');
    expect(await broker.logs.append(out.log, out.data('x'))).toBe('doubt');
    expect(await broker.logs.append(input.log, input.data('x'))).toBe('doubt');
    expect(await broker.logs.reassert(input.log, input.claim)).toEqual({ kind: 'ended' });
    expect(await broker.logs.takeInput(id, inputRequest(newStream(), { kind: 'force' }))).toEqual({ kind: 'ended' });
    const take = { nonce: newNonce(), writer: worker, expectedOwner: worker, newOwner: worker };
    expect(await broker.logs.takeOutput(id, take)).toEqual({ kind: 'ended' });
    const page = await broker.logs.read(out.log, { fence: 0, seq: 0 }, 16);
    expect(page).toMatchObject({ kind: 'page', ended: true, owner: worker });
    expect((await broker.sessions.read(id))?.state).toBe('ended');
  });

  it('[LS3] only the owner that meta names ends it, once', async () => {
    const id = await claimedSession(broker);
    expect(await end(id, 1, otherWorker)).toBe('not-yours');
    expect(await end(id, 2)).toBe('ended');
    expect(await end(id, 2)).toBe('ended');
    expect(await end(id, 3)).toBe('already');
    expect(await end(newSessionId())).toBe('unknown');
    expect(await allEntries(broker, { session: id, log: 'out' })).toHaveLength(2);
  });

  it('[LS3] a session that nobody drove and nothing was written of can end too', async () => {
    const id = await claimedSession(broker);
    expect(await end(id)).toBe('ended');
    expect((await allEntries(broker, { session: id, log: 'in' })).map(({ seq }) => seq)).toEqual([1, 2]);
  });

  it('[LG9] an ended session is kept for its grace time, whoever touches it', async () => {
    const id = await claimedSession(broker);
    await end(id, newNonce(), worker, 150);
    expect(await broker.sessions.touch([id], worker)).toEqual([true]);
    expect((await broker.sessions.read(id))?.state).toBe('ended');
    await until(async () => (await broker.sessions.read(id)) === undefined);
    expect(await broker.logs.read({ session: id, log: 'out' }, { fence: 0, seq: 0 }, 16)).toMatchObject({ kind: 'unknown' });
  });
});
