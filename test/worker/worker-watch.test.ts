import { beforeEach, describe, expect, it } from 'vitest';
import { type Broker, BrokerUnavailable } from '../../src/broker/broker.ts';
import type { SessionId, WorkerId } from '../../src/protocol/ids.ts';
import type { SessionRecord } from '../../src/session/session-record.ts';
import { WorkerWatch } from '../../src/worker/worker-watch.ts';
import { FakeClock } from '../support/fake-clock.ts';

const dead = 'worker-9' as WorkerId;
const sessions = (count: number) => Array.from({ length: count }, (_, index) => `session-${index}` as SessionId);

let clock: FakeClock;
let counters: Map<WorkerId, number>;
let listed: WorkerId[];
let index: SessionId[];
let taken: SessionId[];
/** The broker answers. */
let answers: boolean;
let refuse: (session: SessionId) => boolean;
let valid: boolean;
let watch: WorkerWatch;
let stop: AbortController;

beforeEach(() => {
  clock = new FakeClock();
  counters = new Map([[dead, 7]]);
  listed = [dead];
  index = sessions(40);
  taken = [];
  answers = true;
  refuse = () => false;
  valid = true;
  const answer = async <Value>(value: () => Value) => {
    if (!answers) throw new BrokerUnavailable();
    return value();
  };
  const broker = {
    leases: { workers: () => answer(() => listed), read: (worker: WorkerId) => answer(() => counters.get(worker)) },
    sessions: {
      ofWorker: () => answer(() => [...index]),
      read: () => answer(() => ({ state: 'owned', owner: dead }) as SessionRecord),
    },
  } as unknown as Broker;
  const tools = { broker, worker: 'worker-0' as WorkerId, clock, permit: () => valid, log: () => {} };
  watch = new WorkerWatch(tools, async (session) => {
    if (refuse(session)) throw new BrokerUnavailable();
    taken.push(session);
    index = index.filter((other) => other !== session);
  });
  stop = new AbortController();
  void watch.run(stop.signal);
});

describe('the watch of the other workers', () => {
  it('[LS2] takes every session of one whose counter stood still for the lease time, once', async () => {
    await clock.advance(14_900);
    expect(taken).toStrictEqual([]);
    await clock.advance(200);
    expect(new Set(taken)).toStrictEqual(new Set(sessions(40)));
    await clock.advance(120_000);
    expect(taken).toHaveLength(40);
  });

  it('[LS2] takes nothing of one whose counter moves', async () => {
    for (let round = 8; round < 30; round++) {
      counters.set(dead, round);
      await clock.advance(5_000);
    }
    expect(taken).toStrictEqual([]);
  });

  it('[LS2] asks again for those sessions of which nothing was answered, and for nothing else', async () => {
    refuse = (session) => session.endsWith('3');
    await clock.advance(16_000);
    expect(taken).toHaveLength(36);
    refuse = () => false;
    await clock.advance(2_500);
    expect(new Set(taken)).toStrictEqual(new Set(sessions(40)));
    expect(taken).toHaveLength(40);
  });

  it('[LS1] is delayed by an outage of the broker by its length and at most ten seconds', async () => {
    await clock.advance(12_000);
    answers = false;
    await clock.advance(5_000);
    answers = true;
    await clock.advance(10_000);
    expect(taken).toStrictEqual([]);
    await clock.advance(5_000);
    expect(taken).toHaveLength(40);
  });

  it('[LS1] takes nothing while its own lease is not valid', async () => {
    valid = false;
    await clock.advance(30_000);
    expect(taken).toStrictEqual([]);
    valid = true;
    await clock.advance(2_500);
    expect(taken).toHaveLength(40);
  });

  it('[LS1] goes on with what is left when its lease lapsed while it took', async () => {
    index = sessions(10);
    refuse = () => {
      valid = false;
      return false;
    };
    await clock.advance(16_000);
    expect(taken).toHaveLength(1);
    refuse = () => false;
    valid = true;
    await clock.advance(2_500);
    expect(taken).toHaveLength(10);
  });

  it('[LS2] takes the sessions that an edge names of a worker that is in no list and has no index', async () => {
    await watch.reported('session-lost' as SessionId);
    [listed, index] = [[], []];
    counters.clear();
    await clock.advance(20_000);
    expect(taken).toStrictEqual(['session-lost']);
    await watch.reported('session-later' as SessionId);
    await clock.advance(20_000);
    expect(taken).toStrictEqual(['session-lost', 'session-later']);
  });

  it('[LS2] stops taking when the counter moves after all', async () => {
    let asked = 0;
    refuse = () => {
      asked += 1;
      return true;
    };
    await clock.advance(18_000);
    expect(asked).toBeGreaterThan(40);
    counters.set(dead, 8);
    await clock.advance(2_500);
    const before = asked;
    await clock.advance(10_000);
    expect(asked).toBe(before);
  });

  it('[LS2] leaves no timer behind', async () => {
    stop.abort();
    await clock.settle();
    expect(clock.timers).toBe(0);
  });
});
