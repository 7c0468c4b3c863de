import { type Clock, sleep } from '../../base/clock.ts';
import type { SessionId, WorkerId } from '../../protocol/ids.ts';
import type { Broker, BrokerHealth, LeaseStore, OpensQueue, QueuedItem, SessionStore, TicketStore } from '../broker.ts';
import type { LimitStore } from '../limit-store.ts';
import type { LogStore } from '../log-store.ts';
import type { MemoryLink } from './memory-link.ts';
import { MemoryLogStore } from './memory-log-store.ts';

/** A worker that waits for sessions looks again after so long, for those that another pulled and never acknowledged. */
const pollMs = 2_000;

/** A client of a {@link MemoryServer}: the broker inside one process, and in the simulation one for each edge and worker. */
export class MemoryBroker implements Broker {
  readonly logs: LogStore;
  readonly sessions: SessionStore;
  readonly opens: OpensQueue;
  readonly leases: LeaseStore;
  readonly tickets: TicketStore;
  readonly limits: LimitStore;
  readonly health: BrokerHealth;
  readonly #link: MemoryLink;
  readonly #clock: Clock;

  constructor(link: MemoryLink, clock: Clock) {
    this.#link = link;
    this.#clock = clock;
    this.logs = new MemoryLogStore(link);
    this.sessions = sessionStore(link);
    this.opens = {
      push: (item) => link.call((server) => server.hints.opens.push(item)),
      pull: (_worker, count, signal) => this.#pull(count, signal),
      acknowledge: ({ token }) => link.call((server) => server.hints.opens.acknowledge(token)),
    };
    this.leases = {
      renew: (worker) => link.call((server) => server.hints.renew(worker, clock.now())),
      read: (worker) => link.call((server) => server.hints.lease(worker, clock.now())),
      giveUp: (worker) => link.call((server) => server.hints.giveUp(worker)),
      workers: () => link.call((server) => server.hints.workers(clock.now())),
    };
    this.tickets = {
      put: (ticket, content, ttlMs) => link.call((server) => server.hints.putTicket(ticket, content, clock.now() + ttlMs)),
      take: (ticket) => link.call((server) => server.hints.takeTicket(ticket, clock.now())),
    };
    this.limits = {
      enter: (session, limits) => link.call((server) => server.enter(session, limits)),
      look: (limits) => link.call((server) => server.look(limits)),
    };
    this.health = { up: () => link.up(), ping: () => this.#ping() };
  }

  async close(): Promise<void> {
    this.#link.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Listens before it looks, so that nothing pushed in between is overlooked. */
  async #pull(count: number, signal: AbortSignal): Promise<readonly QueuedItem[]> {
    while (!signal.aborted) {
      const woken = new AbortController();
      const wake = () => woken.abort();
      signal.addEventListener('abort', wake, { once: true });
      let stop = () => {};
      try {
        stop = await this.#link.call((server) => server.hints.opens.onPush(wake));
        const items = await this.#link.call((server) => server.hints.opens.pull(count, this.#clock.now()));
        if (items.length > 0) return items;
        await sleep(this.#clock, pollMs, woken.signal);
      } finally {
        stop();
        signal.removeEventListener('abort', wake);
      }
    }
    return [];
  }

  async #ping(): Promise<number> {
    const sentMs = this.#clock.now();
    await this.#link.call(() => undefined);
    return this.#clock.now() - sentMs;
  }
}

function sessionStore(link: MemoryLink): SessionStore {
  return {
    create: (session) => link.call((server) => server.create(session)),
    read: (id) => link.call((server) => server.readSession(id)),
    claim: (id, worker) =>
      link.call((server) => {
        const answer = server.claim(id, worker);
        if (answer.kind === 'claimed') server.hints.index(id, worker);
        return answer;
      }),
    started: (id, worker) => link.call((server) => server.started(id, worker)),
    release: (id, worker, which) => link.call((server) => server.release(id, worker, which)),
    touch: (ids: readonly SessionId[], worker: WorkerId) => link.call((server) => ids.map((id) => server.touch(id, worker))),
    adopt: (id, worker) => link.call((server) => server.hints.index(id, worker)),
    ofWorker: (worker) => link.call((server) => server.hints.ofWorker(worker)),
    forget: (id, worker) => link.call((server) => server.hints.forget(id, worker)),
    ofSubject: (subject, limit) => link.call((server) => server.ofSubject(subject, limit)),
  };
}
