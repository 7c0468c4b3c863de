import type { Broker } from '../../src/broker/broker.ts';
import { FaultyLink, type LinkFaults } from '../../src/broker/memory/faulty-link.ts';
import { MemoryBroker } from '../../src/broker/memory/memory-broker.ts';
import { MemoryServer } from '../../src/broker/memory/memory-server.ts';
import { clientOffset, contentBytes } from '../../src/protocol/entry.ts';
import { FrameType } from '../../src/protocol/frame-type.ts';
import type { SessionId } from '../../src/protocol/ids.ts';
import { GatedLink } from './gated-link.ts';
import type { SimProcess } from './sim-process.ts';
import type { Truth } from './truth.ts';
import type { World } from './world.ts';

/** Writes of a session that a fail-over may lose. */
const rememberedWrites = 64;

/** The broker's servers, past and present, and every process's link to them. */
export class SimBroker {
  readonly #world: World;
  /** The server's clocks; its wall clock can jump. */
  readonly process: SimProcess;
  readonly #links = new Map<SimProcess, { link: GatedLink; server: MemoryServer | undefined }>();
  #server: MemoryServer;
  #out = false;
  #emptied = false;
  #failedOver = 0;
  #failedOverAtMs = Number.NEGATIVE_INFINITY;

  constructor(world: World) {
    this.#world = world;
    this.process = world.newProcess('broker', 0);
    this.#server = new MemoryServer({ clock: this.process.clock, rememberedWrites });
  }

  /** The server that decides now. */
  get server(): MemoryServer {
    return this.#server;
  }

  get emptied(): boolean {
    return this.#emptied;
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
      state.server = this.#out || process.stopped ? undefined : this.#server;
      return state.server;
    };
    const random = this.#world.random.fork();
    const below = new FaultyLink({ clock, random, route, faults: this.#faults() });
    state.link = new GatedLink(process, below, this.#world.planted);
    this.#links.set(process, state);
    // Expiry is counted by the server's clock; sleeping is the process's own business.
    return new MemoryBroker(state.link, { ...process.clock, now: clock.now });
  }

  /** As the HTTP door of an edge does it. @returns false when no server answers */
  putTicket(ticket: string): boolean {
    if (this.#out) return false;
    const target = { kind: 'exec', cluster: 'local', namespace: 'default', pod: 'pod', container: '', command: ['sh'], tty: true } as const;
    const { detached } = this.#world.profile;
    const content = { target, subject: 'user', credential: '', detached, graceMs: 900_000 };
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
    this.#emptied = true;
    this.#server.clear();
    for (const link of this.links) link.below.break();
  }

  /** A replica becomes the primary without the newest writes; the old one goes on answering whoever is still connected, for a moment. */
  failOver(writesLost: (session: SessionId) => number, hintsLost: boolean): void {
    const { scheduler, random } = this.#world;
    const old = this.#server;
    this.#failedOver++;
    this.#failedOverAtMs = scheduler.nowMs;
    this.#server = old.copyWithout(writesLost);
    if (hintsLost) this.#server.loseHints();
    for (const state of this.#links.values()) {
      if (state.server !== old) continue;
      scheduler.after(random.chance(0.3) ? 0 : random.between(0, 1500), () => state.server === old && state.link.below.break());
    }
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

  #faults(): LinkFaults {
    const { random, profile } = this.#world;
    return {
      delayMs: () => {
        const spike = this.#world.faulty && random.chance(profile.brokerSpikes);
        return spike ? random.between(50, 1_500) : random.between(0.1, 3);
      },
      append: () => {
        if (!this.#world.faulty) return 'stored';
        if (random.chance(profile.appendRefused)) return random.chance(0.5) ? 'refused' : 'refused-unpushed';
        if (profile.appendUnpushed && random.chance(profile.appendUnpushed)) return 'unpushed';
        return random.chance(profile.appendAnswerLost) ? 'answer-lost' : 'stored';
      },
      arrivesLate: () => random.chance(0.5),
    };
  }
}
