import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { Backoff } from '../../src/base/backoff.ts';
import { sleep } from '../../src/base/clock.ts';
import { FakeClock } from '../support/fake-clock.ts';

const always = (fraction: number) => ({ fraction: () => fraction, bytes: (count: number) => new Uint8Array(count) });

it('[LG6] delays double up to their bound', () => {
  const backoff = new Backoff(always(1), 20, 1000);
  const delays = Array.from({ length: 8 }, () => backoff.nextMs());
  expect(delays).toStrictEqual([20, 40, 80, 160, 320, 640, 1000, 1000]);
});

it('[LG6] a success starts them over', () => {
  const backoff = new Backoff(always(1), 20, 1000);
  backoff.nextMs();
  backoff.nextMs();
  backoff.reset();
  expect(backoff.nextMs()).toBe(20);
});

it('[ED3] each delay is drawn between half and all of it, so that many do not come back together', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), fc.nat(2000), (fraction, tries) => {
      const backoff = new Backoff(always(fraction), 50, 4000);
      let delay = 0;
      for (let i = 0; i <= tries; i++) delay = backoff.nextMs();
      const full = Math.min(4000, 50 * 2 ** tries);
      expect(delay).toBeGreaterThanOrEqual(full / 2);
      expect(delay).toBeLessThanOrEqual(full);
    }),
    { numRuns: 50 },
  );
});

it('[LS1] a sleep ends at its time, or with its signal, and leaves no timer', async () => {
  const clock = new FakeClock();
  const woken: string[] = [];
  const stop = new AbortController();
  void sleep(clock, 100).then(() => woken.push('in time'));
  void sleep(clock, 10_000, stop.signal).then(() => woken.push('stopped'));
  await clock.advance(99);
  expect(woken).toStrictEqual([]);
  await clock.advance(1);
  expect(woken).toStrictEqual(['in time']);
  stop.abort();
  await clock.settle();
  expect(woken).toStrictEqual(['in time', 'stopped']);
  expect(clock.timers).toBe(0);
  await sleep(clock, 10_000, stop.signal);
});
