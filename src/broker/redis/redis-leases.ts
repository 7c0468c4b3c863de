import type { Clock } from '../../base/clock.ts';
import { isWorkerId, type WorkerId } from '../../protocol/ids.ts';
import { BrokerUnavailable, type LeaseStore } from '../broker.ts';
import type { Lifetimes } from '../lifetimes.ts';
import type { ControlClient } from './control-client.ts';
import { countOf, listOf, textsOf } from './control-replies.ts';
import { leaseKey, workerSessionsKey, workersKey } from './keys.ts';

/** One counter a worker. Its value is all that counts: nobody compares a clock with another's (LS1). */
export class RedisLeases implements LeaseStore {
  readonly #control: ControlClient;
  readonly #clock: Clock;
  readonly #lifetimes: Lifetimes;

  constructor(control: ControlClient, clock: Clock, lifetimes: Lifetimes) {
    this.#control = control;
    this.#clock = clock;
    this.#lifetimes = lifetimes;
  }

  /** The counter never without its TTL; the lists beside it are hints, so their age is by this process's wall clock. */
  async renew(worker: WorkerId): Promise<number> {
    const { leaseMs, workerMs } = this.#lifetimes;
    const nowMs = this.#clock.wallMs();
    const answers = await this.#control.answer((redis) =>
      Promise.all([
        redis.multi().incr(leaseKey(worker)).pexpire(leaseKey(worker), leaseMs).exec(),
        redis.pexpire(workerSessionsKey(worker), leaseMs),
        redis.zadd(workersKey, nowMs, worker),
        redis.zremrangebyscore(workersKey, '-inf', nowMs - workerMs),
      ]),
    );
    const [raised] = listOf(answers);
    const [failure, counter] = listOf(listOf(raised)[0]);
    if (failure) throw new BrokerUnavailable(failure);
    return countOf(counter);
  }

  async read(worker: WorkerId): Promise<number | undefined> {
    const counter = await this.#control.answer((redis) => redis.get(leaseKey(worker)));
    return counter === null ? undefined : countOf(counter);
  }

  async giveUp(worker: WorkerId): Promise<void> {
    await this.#control.answer((redis) => Promise.all([redis.del(leaseKey(worker)), redis.zrem(workersKey, worker)]));
  }

  async workers(): Promise<readonly WorkerId[]> {
    const since = this.#clock.wallMs() - this.#lifetimes.workerMs;
    return textsOf(await this.#control.answer((redis) => redis.zrangebyscore(workersKey, since, '+inf'))).filter(isWorkerId);
  }
}
