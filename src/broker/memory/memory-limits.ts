import type { SessionId } from '../../protocol/ids.ts';
import type { SessionState } from '../../session/session-record.ts';
import { arrivingMs, countedKey, fullRetryMs, type Limit, minuteMs, type Reached } from '../limit-store.ts';

/** What is counted under one limit. */
interface Count {
  /** By when they were counted. */
  readonly open: Map<SessionId, number>;
  opens: number;
  minuteEndsMs: number;
}

/** The lists of open sessions and the counters of opens inside one process. */
export class MemoryLimits {
  readonly #counts = new Map<string, Count>();
  readonly #stateOf: (id: SessionId) => SessionState | undefined;

  constructor(stateOf: (id: SessionId) => SessionState | undefined) {
    this.#stateOf = stateOf;
  }

  enter(session: SessionId, limits: readonly Limit[], nowMs: number): Reached | undefined {
    const fresh = limits.filter(({ of }) => !this.#counts.get(countedKey(of))?.open.has(session));
    const reached = this.look(fresh, nowMs);
    if (!reached) for (const limit of fresh) this.#count(session, limit, nowMs);
    return reached;
  }

  look(limits: readonly Limit[], nowMs: number): Reached | undefined {
    for (const limit of limits) {
      const count = this.#counts.get(countedKey(limit.of));
      if (!count) continue;
      if (limit.opensPerMinute !== undefined && count.minuteEndsMs > nowMs && count.opens >= limit.opensPerMinute)
        return { limit, what: 'opens', retryAfterMs: count.minuteEndsMs - nowMs };
      if (limit.sessions === undefined || count.open.size < limit.sessions) continue;
      this.#lookThrough(count, nowMs);
      if (count.open.size >= limit.sessions) return { limit, what: 'sessions', retryAfterMs: fullRetryMs };
    }
    return undefined;
  }

  /** Removes what counts nothing any more. */
  sweep(nowMs: number): void {
    for (const [key, count] of this.#counts) {
      this.#lookThrough(count, nowMs);
      if (count.open.size === 0 && count.minuteEndsMs <= nowMs) this.#counts.delete(key);
    }
  }

  #count(session: SessionId, { of, sessions, opensPerMinute }: Limit, nowMs: number): void {
    const key = countedKey(of);
    const count = this.#counts.get(key) ?? { open: new Map(), opens: 0, minuteEndsMs: 0 };
    this.#counts.set(key, count);
    if (sessions !== undefined) count.open.set(session, nowMs);
    if (opensPerMinute === undefined) return;
    if (count.minuteEndsMs <= nowMs) Object.assign(count, { opens: 0, minuteEndsMs: nowMs + minuteMs });
    count.opens++;
  }

  #lookThrough({ open }: Count, nowMs: number): void {
    for (const [id, countedAtMs] of open) {
      const state = this.#stateOf(id);
      if (state === 'ended' || (state === undefined && nowMs - countedAtMs >= arrivingMs)) open.delete(id);
    }
  }
}
