import { beforeEach, describe, expect, it } from 'vitest';
import { BrokerUnavailable, type LeaseStore } from '../../src/broker/broker.ts';
import type { WorkerId } from '../../src/protocol/ids.ts';
import { LeaseKeeper } from '../../src/worker/lease-keeper.ts';
import { FakeClock } from '../support/fake-clock.ts';

let clock: FakeClock;
let counter: number;
let answering: boolean;
let regained: number;
let slept: boolean;
let keeper: LeaseKeeper;

beforeEach(() => {
  clock = new FakeClock();
  counter = 0;
  answering = true;
  regained = 0;
  const leases: LeaseStore = {
    renew: async () => {
      if (!answering) throw new BrokerUnavailable();
      return ++counter;
    },
    read: async () => counter,
    giveUp: async () => {
      counter = -1;
    },
    workers: async () => [],
  };
  keeper = new LeaseKeeper(leases, 'worker-0' as WorkerId, clock, (itSlept) => {
    regained++;
    slept = itSlept;
  });
});

describe("the keeper of a worker's lease", () => {
  it('[LS1] raises the counter every third of the lease time, and is valid all the while', async () => {
    await keeper.start();
    regained = 0;
    for (let second = 0; second < 60; second++) {
      await clock.advance(1_000);
      expect(keeper.valid()).toBe(true);
    }
    expect(counter).toBe(13);
    expect(regained).toBe(0);
  });

  it('[LS1] is no longer valid ten seconds after the last answered renewal was sent, and tries on', async () => {
    await keeper.start();
    answering = false;
    await clock.advance(9_999);
    expect(keeper.valid()).toBe(true);
    await clock.advance(1);
    expect(keeper.valid()).toBe(false);
    answering = true;
    await clock.advance(500);
    expect(keeper.valid()).toBe(true);
    expect(slept).toBe(false);
  });

  it('[LS1] tells once that the lease is back, also when nobody had asked while it was lapsed', async () => {
    await keeper.start();
    regained = 0;
    clock.sleepThrough(60_000);
    await clock.advance(1);
    expect(keeper.valid()).toBe(true);
    expect(regained).toBe(1);
    expect(slept).toBe(true);
    await clock.advance(20_000);
    expect(regained).toBe(1);
  });

  it('[LS1] gives the lease up when its worker stops, and renews no more', async () => {
    await keeper.start();
    await keeper.stop();
    expect(counter).toBe(-1);
    await clock.advance(60_000);
    expect(counter).toBe(-1);
    expect(clock.timers).toBe(0);
  });
});
