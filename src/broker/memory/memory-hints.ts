import type { SessionId, WorkerId } from '../../protocol/ids.ts';
import type { TicketContent } from '../broker.ts';
import type { Lifetimes } from '../lifetimes.ts';
import { MemoryOpens } from './memory-opens.ts';

/** What lies outside the sessions' own slots: queue, leases, index, tickets. A fail-over may lose these alone; `meta` decides. */
export class MemoryHints {
  readonly opens: MemoryOpens;
  readonly #lifetimes: Lifetimes;
  readonly #leases = new Map<WorkerId, { counter: number; expiresAtMs: number }>();
  readonly #workers = new Map<WorkerId, number>();
  readonly #index = new Map<WorkerId, Set<SessionId>>();
  readonly #tickets = new Map<string, { content: TicketContent; expiresAtMs: number }>();

  constructor(lifetimes: Lifetimes, opens = new MemoryOpens(lifetimes.redeliverMs)) {
    this.#lifetimes = lifetimes;
    this.opens = opens;
  }

  renew(worker: WorkerId, nowMs: number): number {
    const counter = (this.lease(worker, nowMs) ?? 0) + 1;
    this.#leases.set(worker, { counter, expiresAtMs: nowMs + this.#lifetimes.leaseMs });
    this.#workers.set(worker, nowMs);
    return counter;
  }

  lease(worker: WorkerId, nowMs: number): number | undefined {
    const lease = this.#leases.get(worker);
    return lease && lease.expiresAtMs > nowMs ? lease.counter : undefined;
  }

  giveUp(worker: WorkerId): void {
    this.#leases.delete(worker);
    this.#workers.delete(worker);
  }

  workers(nowMs: number): readonly WorkerId[] {
    const newestMs = nowMs - this.#lifetimes.workerMs;
    return [...this.#workers].filter(([, renewedMs]) => renewedMs > newestMs).map(([worker]) => worker);
  }

  index(id: SessionId, worker: WorkerId): void {
    const sessions = this.#index.get(worker);
    if (sessions) sessions.add(id);
    else this.#index.set(worker, new Set([id]));
  }

  forget(id: SessionId, worker: WorkerId): void {
    const sessions = this.#index.get(worker);
    sessions?.delete(id);
    if (sessions?.size === 0) this.#index.delete(worker);
  }

  ofWorker(worker: WorkerId): readonly SessionId[] {
    return [...(this.#index.get(worker) ?? [])];
  }

  putTicket(ticket: string, content: TicketContent, expiresAtMs: number): void {
    this.#tickets.set(ticket, { content, expiresAtMs });
  }

  takeTicket(ticket: string, nowMs: number): TicketContent | undefined {
    const kept = this.#tickets.get(ticket);
    this.#tickets.delete(ticket);
    return kept && kept.expiresAtMs > nowMs ? kept.content : undefined;
  }

  /** Removes what has expired. */
  sweep(nowMs: number): void {
    for (const [ticket, { expiresAtMs }] of this.#tickets) if (expiresAtMs <= nowMs) this.#tickets.delete(ticket);
    for (const [worker, { expiresAtMs }] of this.#leases) if (expiresAtMs <= nowMs) this.#leases.delete(worker);
    for (const [worker, renewedMs] of this.#workers) if (renewedMs + this.#lifetimes.workerMs <= nowMs) this.#workers.delete(worker);
  }

  copy(): MemoryHints {
    const copy = new MemoryHints(this.#lifetimes, this.opens.copy());
    for (const [worker, lease] of this.#leases) copy.#leases.set(worker, { ...lease });
    for (const [worker, renewedMs] of this.#workers) copy.#workers.set(worker, renewedMs);
    for (const [worker, sessions] of this.#index) copy.#index.set(worker, new Set(sessions));
    for (const [ticket, kept] of this.#tickets) copy.#tickets.set(ticket, kept);
    return copy;
  }
}
