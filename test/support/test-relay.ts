import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Random } from '../../src/base/clock.ts';
import { type Broker, BrokerUnavailable, type SessionStore, type SessionTicket } from '../../src/broker/broker.ts';
import type { LogStore } from '../../src/broker/log-store.ts';
import { MemoryBroker } from '../../src/broker/memory/memory-broker.ts';
import { DirectLink } from '../../src/broker/memory/memory-link.ts';
import { MemoryServer } from '../../src/broker/memory/memory-server.ts';
import { RelayDoor, type RelayDoorOptions } from '../../src/edge/relay/relay-door.ts';
import { SharedParts, type SharedPartsOptions } from '../../src/edge/relay/shared-parts.ts';
import type { SessionId, WorkerId } from '../../src/protocol/ids.ts';
import type { Target } from '../../src/protocol/target.ts';
import type { AuditEvent } from '../../src/session/audit-event.ts';
import { WorkerPool } from '../../src/worker/pool.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeOpener } from './fake-upstream.ts';
import { TestBrowser } from './test-browser.ts';

export const shell: Target = {
  kind: 'exec',
  cluster: 'local',
  namespace: 'default',
  pod: 'web-0',
  container: 'app',
  command: [],
  tty: true,
};

/** A whole relay in one process: doors and workers over one in-memory broker, every one with its own link, all on one clock. */
export class TestRelay implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly random: Random = seeded(42);
  readonly server = new MemoryServer({ clock: this.clock });
  readonly opener = new FakeOpener();
  readonly audited: AuditEvent[] = [];
  readonly events: Array<{ readonly event: string; readonly [field: string]: unknown }> = [];
  readonly #doors: RelayDoor[] = [];
  readonly #shared: SharedParts[] = [];
  readonly #pools: TestWorker[] = [];
  #ids = 0;

  /** @returns a relay whose workers are running */
  static async start(options: { readonly workers?: number } = {}): Promise<TestRelay> {
    const relay = new TestRelay();
    for (let index = 0; index < (options.workers ?? 1); index++) await relay.worker(`worker-${index}`);
    return relay;
  }

  broker(): MemoryBroker {
    return new MemoryBroker(new DirectLink(this.server), this.clock);
  }

  /** A new edge. */
  door(edge = 'edge-a', options: Partial<RelayDoorOptions & SharedPartsOptions> = {}): RelayDoor {
    const tools = this.edgeTools(edge, options);
    const door = new RelayDoor({ ...tools, mayResume: async () => true, ...options });
    this.#doors.push(door);
    return door;
  }

  /** What the doors of one edge are made from. */
  edgeTools(edge: string, limits: Partial<SharedPartsOptions> = {}) {
    const log = (event: string, fields: Record<string, unknown>) => void this.events.push({ event, ...fields });
    const broker = this.broker();
    const { clock, random } = this;
    const shared = new SharedParts({ broker, clock, log, maxSockets: 100, maxSubjectSockets: 100, ...limits });
    this.#shared.push(shared);
    const newId = (length: number) => `id-${++this.#ids}-`.padEnd(length, 'x');
    const hash = (text: string) => createHash('sha256').update(text).digest('hex');
    return { broker, edge, clock, random, crc32, newId, hash, log, shared };
  }

  /** Starts a worker with its own lease. */
  async worker(name: string, maxSessions = 10, maxHeldBytes = 256 * 1024 * 1024): Promise<TestWorker> {
    const worker = new TestWorker(name as WorkerId, this, maxSessions, maxHeldBytes);
    this.#pools.push(worker);
    await worker.pool.start();
    return worker;
  }

  async ticket(content: Partial<SessionTicket> = {}): Promise<string> {
    const ticket = `ticket-${++this.#ids}`;
    const whole = { target: shell, subject: 'ann', user: 'Ann', credential: '', detached: 'run', graceMs: 300_000, ...content } as const;
    await this.broker().tickets.put(ticket, whole, 60_000);
    return ticket;
  }

  browser(door: RelayDoor, subject = 'ann'): TestBrowser {
    return new TestBrowser(this, door, subject);
  }

  /** A browser with a running session. */
  async openTerminal(door: RelayDoor, size = { cols: 80, rows: 24 }): Promise<TestBrowser> {
    const browser = this.browser(door);
    browser.client.start(size);
    await this.clock.settle();
    return browser;
  }

  /** What the doors of edges share has ended with them. */
  closeShared(): void {
    for (const shared of this.#shared) shared.close();
  }

  ownerOf(session: string | undefined): string | undefined {
    return session === undefined ? undefined : this.server.readSession(session as SessionId)?.owner;
  }

  stateOf(session: string | undefined): string | undefined {
    return session === undefined ? undefined : this.server.readSession(session as SessionId)?.state;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const door of this.#doors) door.close();
    this.closeShared();
    const closing = this.#pools.map((worker) => worker.pool.close());
    await this.clock.advance(5_000);
    await Promise.all(closing);
  }
}

/** One worker whose lease the test can let lapse. */
export class TestWorker {
  readonly pool: WorkerPool;
  /** The broker answers this worker's renewals. */
  renewing = true;
  /** What the broker's answers to this worker's `reassert` wait for. */
  reasserting: Promise<void> = Promise.resolve();
  /** What the broker's pages for this worker wait for. */
  reading: Promise<void> = Promise.resolve();
  /** What the broker's answers to this worker's appends wait for. */
  appending: Promise<void> = Promise.resolve();
  /** The broker answers this worker's claims. */
  claiming = true;
  /** What the broker waits for before it writes that one of this worker's sessions was started. */
  starting: Promise<void> = Promise.resolve();
  readonly #broker: MemoryBroker;

  constructor(name: WorkerId, relay: TestRelay, maxSessions: number, maxHeldBytes: number) {
    const broker = relay.broker();
    this.#broker = broker;
    const { logs: all, opens, tickets, limits, health } = broker;
    const logs: LogStore = {
      takeOutput: (session, request) => all.takeOutput(session, request),
      takeInput: (session, request) => all.takeInput(session, request),
      reassert: async (log, claim) => {
        await this.reasserting;
        return all.reassert(log, claim);
      },
      restore: (session, request) => all.restore(session, request),
      confirm: (log) => all.confirm(log),
      append: async (log, frame) => {
        await this.appending;
        return all.append(log, frame);
      },
      watchConnection: (log, lost) => all.watchConnection(log, lost),
      trim: (log, first) => all.trim(log, first),
      end: (session, request) => all.end(session, request),
      leave: (session, ifFence) => all.leave(session, ifFence),
      publish: (log, frame) => all.publish(log, frame),
      subscribe: (log, listener) => all.subscribe(log, listener),
      read: async (log, from, count) => {
        await this.reading;
        return all.read(log, from, count);
      },
    };
    const sessions: SessionStore = {
      ...broker.sessions,
      claim: async (id, worker) => {
        if (!this.claiming) throw new BrokerUnavailable();
        return broker.sessions.claim(id, worker);
      },
      started: async (id, worker) => {
        await this.starting;
        return broker.sessions.started(id, worker);
      },
    };
    const leases = {
      ...broker.leases,
      renew: async (worker: WorkerId) => {
        if (!this.renewing) throw new BrokerUnavailable();
        return broker.leases.renew(worker);
      },
    };
    const close = () => broker.close();
    const own: Broker = { logs, sessions, opens, tickets, limits, health, leases, close, [Symbol.asyncDispose]: close };
    this.pool = new WorkerPool({
      broker: own,
      opener: relay.opener,
      worker: name,
      clock: relay.clock,
      random: relay.random,
      crc32,
      unseal: () => undefined,
      audit: (event) => void relay.audited.push(event),
      log: (event, fields) => relay.events.push({ event, ...fields }),
      maxSessions,
      maxHeldBytes,
    });
  }

  /** The machine is gone: the broker never hears of this worker again, nor it of the broker. */
  async kill(): Promise<void> {
    this.renewing = false;
    await this.#broker.close();
  }
}

/** Numbers that are the same in every run (mulberry32). */
function seeded(seed: number): Random {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return { fraction: next, bytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(next() * 256)) };
}
