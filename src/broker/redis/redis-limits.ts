import { isSessionId, type SessionId } from '../../protocol/ids.ts';
import type { Lifetimes } from '../lifetimes.ts';
import { arrivingMs, type Counted, countedKey, fullRetryMs, type Limit, type LimitStore, type Reached } from '../limit-store.ts';
import type { ControlClient } from './control-client.ts';
import { countOf, textsOf, wordOf } from './control-replies.ts';
import { limitKeys, sessionKeys } from './keys.ts';
import type { Script } from './scripts.ts';

/** A list that was full a moment ago is not looked through again: refusing must not cost more than opening. */
const lookThroughEveryMs = 1_000;

/** Records that an edge asks for in a second because one list is full, at most: a long list is looked through less often. */
const recordsPerSecond = 2_000;

/** Records asked for in one go. */
const recordsAtOnce = 500;

/** Lists that were looked through lately, at most; the oldest are forgotten. */
const rememberedLists = 1_000;

/** Lists of open sessions and counters of opens, one each for all, a subject, a pod. */
export class RedisLimits implements LimitStore {
  readonly #control: ControlClient;
  readonly #enter: Script;
  readonly #keepMs: number;
  readonly #now: () => number;
  /** When each list may be looked through again. */
  readonly #restsUntil = new Map<string, number>();

  /** @param now monotonic milliseconds */
  constructor(control: ControlClient, enter: Script, { subjectMs }: Lifetimes, now: () => number) {
    this.#control = control;
    this.#enter = enter;
    this.#keepMs = subjectMs;
    this.#now = now;
  }

  async enter(session: SessionId, limits: readonly Limit[]): Promise<Reached | undefined> {
    const entered: Limit[] = [];
    for (const limit of limits) {
      const reached = await this.#enterOne(session, limit);
      if (reached) {
        for (const { of } of entered) await this.#control.answer((redis) => redis.zrem(keysOf(of).open, session));
        return reached;
      }
      entered.push(limit);
    }
    return undefined;
  }

  async look(limits: readonly Limit[]): Promise<Reached | undefined> {
    for (const limit of limits) {
      const { open, rate } = keysOf(limit.of);
      const [opens, pttl, size] = await this.#control.answer((redis) =>
        Promise.all([redis.get(rate), redis.pttl(rate), redis.zcard(open)]),
      );
      if (limit.opensPerMinute !== undefined && Number(opens ?? 0) >= limit.opensPerMinute)
        return { limit, what: 'opens', retryAfterMs: Math.max(1, pttl) };
      if (limit.sessions === undefined || size < limit.sessions) continue;
      await this.#lookThrough(open);
      const left = await this.#control.answer((redis) => redis.zcard(open));
      if (left >= limit.sessions) return { limit, what: 'sessions', retryAfterMs: fullRetryMs };
    }
    return undefined;
  }

  async #enterOne(session: SessionId, limit: Limit): Promise<Reached | undefined> {
    const { open, rate } = keysOf(limit.of);
    const args = [session, limit.sessions ?? 0, limit.opensPerMinute ?? 0, this.#keepMs];
    let reply = await this.#control.run(this.#enter, [open, rate], args);
    if (wordOf(reply) === 'sessions' && (await this.#lookThrough(open))) reply = await this.#control.run(this.#enter, [open, rate], args);
    switch (wordOf(reply)) {
      case 'counted':
        return undefined;
      case 'opens':
        return { limit, what: 'opens', retryAfterMs: countOf(reply[1]) };
      default:
        return { limit, what: 'sessions', retryAfterMs: fullRetryMs };
    }
  }

  /** The records decide: what has ended or expired is taken off the list. @returns whether that was anything */
  async #lookThrough(open: string): Promise<boolean> {
    if ((this.#restsUntil.get(open) ?? Number.NEGATIVE_INFINITY) > this.#now()) return false;
    this.#rest(open, lookThroughEveryMs);
    const sinceMs = (await this.#serverMs()) - arrivingMs;
    const ids = textsOf(await this.#control.answer((redis) => redis.zrevrange(open, 0, -1))).filter(isSessionId);
    this.#rest(open, Math.max(lookThroughEveryMs, (1000 * ids.length) / recordsPerSecond));
    const arriving = new Set(textsOf(await this.#control.answer((redis) => redis.zrangebyscore(open, sinceMs, '+inf'))));
    let gone = 0;
    for (let at = 0; at < ids.length; at += recordsAtOnce) {
      const some = ids.slice(at, at + recordsAtOnce);
      const states = await this.#control.answer((redis) => Promise.all(some.map((id) => redis.hget(sessionKeys(id).meta, 'state'))));
      const over = some.filter((id, index) => states[index] === 'ended' || (states[index] === null && !arriving.has(id)));
      gone += over.length;
      if (over.length > 0) await this.#control.answer((redis) => redis.zrem(open, ...over));
    }
    return gone > 0;
  }

  async #serverMs(): Promise<number> {
    const [seconds] = await this.#control.answer((redis) => redis.time());
    return Number(seconds) * 1000;
  }

  #rest(open: string, forMs: number): void {
    this.#restsUntil.delete(open);
    this.#restsUntil.set(open, this.#now() + forMs);
    for (const oldest of this.#restsUntil.keys()) {
      if (this.#restsUntil.size <= rememberedLists) break;
      this.#restsUntil.delete(oldest);
    }
  }
}

function keysOf(of: Counted): ReturnType<typeof limitKeys> {
  return limitKeys(countedKey(of));
}
