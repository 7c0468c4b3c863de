import { describe, expect, it } from 'vitest';
import type { Broker } from '../../../src/broker/broker.ts';
import type { EdgeTools } from '../../../src/edge/relay/relay-tools.ts';
import { Steering } from '../../../src/edge/relay/steering.ts';
import { RingBudget } from '../../../src/log/ring-budget.ts';
import { crc32 } from '../../../src/protocol/crc32.ts';
import { decodeEphemeral, type Ephemeral } from '../../../src/protocol/ephemeral.ts';
import { encodeFence, type FenceEntry } from '../../../src/protocol/fence-entry.ts';
import type { ClientStream, SessionId } from '../../../src/protocol/ids.ts';
import { startOfLog } from '../../../src/protocol/position.ts';
import type { Control } from '../../../src/protocol/session-status.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const own = 'a'.repeat(32) as ClientStream;
const viewport = { cols: 80, rows: 24, windowBytes: 65_536 };
const credit = { outputFence: 0, offset: 0, windowBytes: 65_536 };
const lostFence = 1000;
const recordFence = 900;

/** A client drives by a take that a fail-over loses: the record has gone back to a driver before it. */
async function takeLost() {
  const clock = new FakeClock();
  const published: Array<Ephemeral | undefined> = [];
  const told: Control[] = [];
  const driver = { stream: own, connection: 1, next: 0, cols: 80, rows: 24, credit };
  const fence: FenceEntry = { position: { ...startOfLog, fence: lostFence, seq: 1 }, base: startOfLog, nonce: 1, writer: 'edge', driver };
  const claim = { kind: 'taken', fence, frame: encodeFence(fence), table: [], front: { fence: 0, seq: 0, offset: 0 } } as const;
  const answers: unknown[] = [claim, { kind: 'driven-by-another', stream: 'd'.repeat(32), fence: recordFence }];
  const logs = {
    takeInput: async () => answers.shift(),
    append: async () => 'doubt',
    reassert: async () => ({ kind: 'replaced' }),
    confirm: () => undefined,
    watchConnection: () => ({ close() {} }),
    publish: (_log: unknown, frame: Uint8Array) => void published.push(decodeEphemeral(frame)),
    leave: async () => {},
  };
  const tools = {
    clock,
    random: { next: () => 0.5, bytes: (n: number) => new Uint8Array(n) },
    crc32,
    rings: new RingBudget(),
    edge: 'edge',
  };
  const host = { viewport: () => viewport, credit: () => credit, acknowledge() {}, control: (control: Control) => void told.push(control) };
  const steering = new Steering('s' as SessionId, { ...tools, broker: { logs } as unknown as Broker } as unknown as EdgeTools, host);
  expect(await steering.take({ stream: own, connection: 1, typed: 0 }, { kind: 'resume' })).toMatchObject({ driving: true });
  steering.input?.input(0, new Uint8Array(3));
  await clock.settle();
  const status = (driver?: { stream: ClientStream; fence: number }) =>
    steering.told({
      kind: 'workerStatus',
      fences: { input: 0, output: 0 },
      status: { worker: 'w', upstream: 'open', ...(driver && { driver }) },
    } as never);
  return { clock, published, told, status, steering };
}

describe('[DR2] an edge that finds the log another writer’s', () => {
  it('[DR2] takes it once more, and has the driver asked that the record names', async () => {
    const { published, told } = await takeLost();
    expect(told).toEqual([{ driving: false, cause: 'driven-by-another' }]);
    expect(published).toContainEqual(expect.objectContaining({ kind: 'probe', fences: { input: recordFence, output: 0 } }));
  });

  it('[DR2] tells its client to take over, when the worker’s driver is this client by the take that was lost', async () => {
    const { told, status } = await takeLost();
    status({ stream: own, fence: lostFence });
    expect(told.at(-1)).toEqual({ driving: false, cause: 'driver-silent', fence: recordFence });
  });

  it.each([
    ['another client', { stream: 'e'.repeat(32) as ClientStream, fence: lostFence }],
    ['a driver that the record knows better', { stream: own, fence: recordFence - 1 }],
  ])('[DR2] and not when the worker’s driver is %s', async (_who, driver) => {
    const { told, status } = await takeLost();
    status(driver);
    expect(told).toHaveLength(1);
  });

  it('[DR2] nor long after', async () => {
    const { clock, told, status } = await takeLost();
    await clock.advance(9_000);
    status({ stream: own, fence: lostFence });
    expect(told).toHaveLength(1);
  });
});
