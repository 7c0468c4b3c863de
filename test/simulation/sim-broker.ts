import type { Broker } from '../../src/broker/broker.ts';
import { FaultyLink, type LinkFaults } from '../../src/broker/memory/faulty-link.ts';
import { MemoryBroker } from '../../src/broker/memory/memory-broker.ts';
import { MemoryServer } from '../../src/broker/memory/memory-server.ts';
import { clientOffset, contentBytes } from '../../src/protocol/entry.ts';
import { FrameType } from '../../src/protocol/frame-type.ts';
import type { SessionId } from '../../src/protocol/ids.ts';
import type { Target } from '../../src/protocol/target.ts';
import { GatedLink } from './gated-link.ts';
import type { SimProcess } from './sim-process.ts';
import type { Truth } from './truth.ts';
import type { World } from './world.ts';

/** Writes of a session that a fail-over may lose. */
const rememberedWrites = 64;

/** The same where a replica may be far behind. */
const rememberedBehind = 4096;

/** In which a worker that holds a session finds its keys gone and writes them again: at once where connections broke, else in its sweep. */
const emptiedMs = 5_000;
const expiredMs = 65_000;

/** The broker's servers, past and present, and every process's link to them. */
export class SimBroker {
  readonly #world: World;
  /** The server's clocks; its wall clock can jump. */
  readonly process: SimProcess;
  readonly #links = new Map<SimProcess, { link: GatedLink; server: MemoryServer | undefined }>();
  #server: MemoryServer;
  /** A primary that was replaced and does not know it: new connections may still reach it. */
  #stale: MemoryServer | undefined;
  #out = false;
  #timesEmptied = 0;
  #expired = false;
  #restoredByMs = Number.NEGATIVE_INFINITY;
  /** Sessions that had no upstream when the keys were gone: nobody can bring them back. */
  readonly #gone = new Set<SessionId>();
  #failedOver = 0;
  #failedOverAtMs = Number.NEGATIVE_INFINITY;

  constructor(world: World) {
    this.#world = world;
    this.process = world.newProcess('broker', 0);
    const rememberedWritesOf = world.profile.replica ? rememberedBehind : rememberedWrites;
    this.#server = world.witness.watch(
      world.steps.watch(
        new MemoryServer({
          clock: this.process.clock,
          rememberedWrites: rememberedWritesOf,
          lifetimes: world.profile.sessionMs === undefined ? {} : { sessionMs: world.profile.sessionMs },
        }),
      ),
    );
    if (!world.profile.replica) return;
    this.#server.setReplica(true);
    this.#replicate();
  }

  /** The server that decides now. */
  get server(): MemoryServer {
    return this.#server;
  }

  /** How often all keys were gone. */
  get timesEmptied(): number {
    return this.#timesEmptied;
  }

  /** Keys were gone on a server that is not young: to all but their workers that is an end (LG11). */
  get expired(): boolean {
    return this.#expired;
  }

  /** Whenever keys were gone, a worker had the session and has had the time to write it again (LG11). */
  wasHeld(session: SessionId): boolean {
    return !this.#gone.has(session) && this.#world.scheduler.nowMs > this.#restoredByMs;
  }

  /** How often the newest writes may have been lost. */
  get failOvers(): number {
    return this.#failedOver;
  }

  get failedOverAtMs(): number {
    return this.#failedOverAtMs;
  }

  get links(): readonly GatedLink[] {
    return [...this.#links.values()].map(({ link }) => link).filter((link) => link.process.alive);
  }

  connect(process: SimProcess): Broker {
    const state: { link: GatedLink; server: MemoryServer | undefined } = { link: undefined as never, server: undefined };
    const { clock } = this.process;
    const route = () => {
      // A stopped process opens no connection.
      const before = state.server;
      state.server = this.#out || process.stopped || process.cutOff ? undefined : this.#reached();
      if (state.server !== undefined && state.server === this.#stale && before === this.#server)
        this.#world.saw('a process comes to an old primary after it was on the new one');
      return state.server;
    };
    const random = this.#world.random.fork();
    const separate = this.#world.profile.twoPrimaries;
    const mismatched = () => this.#world.saw('the connections of one link reach two servers');
    const below = new FaultyLink({ clock, random, route, faults: this.#faults(process), separate, mismatched });
    state.link = new GatedLink(process, below, this.#world.planted, this.#world.witness);
    this.#links.set(process, state);
    // Expiry is counted by the server's clock; sleeping is the process's own business.
    const broker = new MemoryBroker(state.link, { ...process.clock, now: clock.now });
    this.#world.witness.hears(process.name, broker.logs);
    return broker;
  }

  /** As the HTTP door of an edge does it. @returns false when no server answers */
  putTicket(ticket: string, target: Target): boolean {
    if (this.#out) return false;
    const { detached } = this.#world.profile;
    const content = { target, subject: 'user', user: 'user', credential: '', detached, graceMs: 900_000 };
    this.#server.hints.putTicket(ticket, content, this.process.clock.now() + 60_000);
    return true;
  }

  /** The process is gone; what it had sent may still arrive. */
  died(process: SimProcess): void {
    this.#links.get(process)?.link.close();
    this.#links.delete(process);
  }

  /** Nobody reaches a server; what is there stays. */
  out(): void {
    this.#out = true;
    for (const link of this.links) link.below.break();
  }

  back(): void {
    this.#out = false;
    for (const link of this.links) link.below.thaw();
  }

  freeze(): void {
    for (const link of this.links) link.below.freeze();
  }

  empty(): void {
    this.#forgets(emptiedMs);
    this.#server.clear();
    for (const link of this.links) link.below.break();
  }

  /** Its wall clock is set ahead. Nobody's connection breaks, and for whoever asks before the worker has noticed the session is gone for good. */
  expire(): void {
    this.#forgets(expiredMs);
    this.#expired = true;
    this.#server.expire();
  }

  /** A session that a worker holds, and of which the server knows nothing. */
  missing(): string | undefined {
    const held = [...this.#world.upstreams].filter(({ alive }) => alive).map(({ incarnation }) => incarnation.session);
    const gone = held.find((session) => !this.#server.readSession(session));
    return gone && `${gone} is not restored (LG11)`;
  }

  #forgets(foundInMs: number): void {
    this.#timesEmptied++;
    this.#restoredByMs = this.#world.scheduler.nowMs + foundInMs;
    const held = new Set([...this.#world.upstreams].filter(({ alive }) => alive).map(({ incarnation }) => incarnation.session));
    for (const session of this.#world.knownSessions) if (!held.has(session)) this.#gone.add(session);
  }

  /** The newest writes are lost, and the process comes to the new server only after a while. */
  failOverWithout(process: SimProcess, writes: number, forMs: number): void {
    this.failOver(() => writes, false);
    process.cutOff = true;
    this.breakLink(process);
    this.#world.scheduler.after(forMs, () => {
      process.cutOff = false;
    });
  }

  breakLink(process: SimProcess): void {
    this.#links.get(process)?.link.below.break();
  }

  /** A replica becomes the primary without the newest writes; the old one goes on answering whoever is still connected, for a moment. */
  failOver(writesLost: (session: SessionId) => number, hintsLost: boolean): void {
    const { scheduler, random } = this.#world;
    const old = this.#server;
    this.#failedOver++;
    this.#failedOverAtMs = scheduler.nowMs;
    this.#server = this.#world.witness.failedOver(old, this.#world.steps.watch(old.copyWithout(writesLost)));
    if (hintsLost) this.loseHints();
    if (this.#world.profile.twoPrimaries) this.#leaveStale(old);
    for (const state of this.#links.values()) {
      if (state.server !== old) continue;
      scheduler.after(random.chance(0.3) ? 0 : random.between(0, 1500), () => state.server === old && state.link.below.break());
    }
  }

  /** For a while both take connections, and a process may come to the old one after it was on the new one. */
  #leaveStale(old: MemoryServer): void {
    const { scheduler, random } = this.#world;
    this.#stale = old;
    old.replaced();
    scheduler.after(random.between(200, 4_000), () => {
      if (this.#stale === old) this.#stale = undefined;
      for (const { link, server } of this.#links.values()) if (server === old) link.below.break();
    });
  }

  /** Queue, leases, index and tickets lie in other slots than the sessions. */
  loseHints(): void {
    this.#server.loseHints();
    this.#world.witness.hintsLost(this.#server);
  }

  /** The replica takes over with what it has: what had been confirmed is there (FC4). */
  failOverToReplica(): void {
    const old = this.#server;
    this.failOver((session) => old.unreplicated(session), false);
    this.#server.setReplica(true);
  }

  /** The replica follows, now and then far behind. */
  #replicate(): void {
    const { scheduler, random } = this.#world;
    const { replica } = this.#server;
    const stalls = this.#world.faulty && random.chance(0.02);
    const writes = replica?.written;
    scheduler.after(stalls ? random.between(100, 6_000) : random.between(0.5, 20), () => {
      if (replica && writes !== undefined) replica.follow(writes);
      this.#replicate();
    });
  }

  /** Where a new connection leads. */
  #reached(): MemoryServer {
    return this.#stale && this.#world.random.chance(0.4) ? this.#stale : this.#server;
  }

  /** Some of the oldest output leaves the log, as if its writer had trimmed early. */
  trimSome(session: string): void {
    const log = { session: session as SessionId, log: 'out' } as const;
    const page = this.#server.read(log, { fence: 0, seq: 0 }, 100_000);
    const first = page.kind === 'page' ? this.#world.random.pick(page.entries) : undefined;
    if (!first) return;
    this.#server.trim(log, first);
  }

  /** What the record says of a session, for a failure's text. */
  tell(session: SessionId | undefined): string {
    const record = session && this.#server.readSession(session);
    if (!record) return 'no record';
    const input = this.#server.read({ session, log: 'in' }, { fence: 0, seq: 0 }, 1_000_000);
    const entries = input.kind === 'page' ? input.entries.slice(-6) : [];
    const tail = entries.map((entry) => `${entry.type.toString(16)}:${entry.fence}-${entry.seq}@${entry.offset}`).join(' ');
    return `${record.state}, owner ${record.owner}, ${record.started ? '' : 'not '}started; input ends ${tail}`;
  }

  /** Behind the last byte of any stream of a session that is on its log or was typed; of a log that was trimmed nobody knows. */
  acceptedOf(session: SessionId, truth: Truth): number {
    const page = this.#server.read({ session, log: 'in' }, { fence: 0, seq: 0 }, 1_000_000);
    const entries = page.kind === 'page' ? page.entries : [];
    if (entries[0] && entries[0].seq > 1) return Number.POSITIVE_INFINITY;
    const stored = entries.map((entry) => (entry.type === FrameType.inputData ? clientOffset(entry) + contentBytes(entry) : 0));
    const typed = [...truth.streams.values()].map((stream) => (stream.session() === session ? stream.typed : 0));
    return stored.concat(typed).reduce((most, each) => Math.max(most, each), 0);
  }

  /** Where the output log begins. */
  firstOffset(session: SessionId): number | undefined {
    const page = this.#server.read({ session, log: 'out' }, { fence: 0, seq: 0 }, 1);
    return page.kind === 'page' ? page.entries[0]?.offset : undefined;
  }

  /** Bytes of frames in one log now. */
  logBytes(session: SessionId, log: 'out' | 'in'): number {
    const page = this.#server.read({ session, log }, { fence: 0, seq: 0 }, 1_000_000);
    return page.kind === 'page' ? page.entries.reduce((sum, entry) => sum + entry.frame.length, 0) : 0;
  }

  #faults(process: SimProcess): LinkFaults {
    const { random, profile } = this.#world;
    return {
      delayMs: (leg) => {
        if (leg === 'answer' && process.answersTakeMs !== undefined) return process.answersTakeMs;
        const spike = this.#world.faulty && random.chance(profile.brokerSpikes);
        return spike ? random.between(50, 1_500) : random.between(0.1, 3);
      },
      append: (log) => {
        if (!this.#world.faulty) return 'stored';
        if (random.chance(profile.appendRefused)) {
          this.#world.witness.refuses(log);
          return random.chance(0.5) ? 'refused' : 'refused-unpushed';
        }
        if (profile.appendUnpushed && random.chance(profile.appendUnpushed)) return 'unpushed';
        if (!random.chance(profile.appendAnswerLost)) return 'stored';
        this.#world.saw('the answer to an append is lost, and it was stored');
        return 'answer-lost';
      },
      arrivesLate: () => random.chance(0.5),
    };
  }
}
