import type { Clock } from '../../base/clock.ts';
import type { SessionId, WorkerId } from '../../protocol/ids.ts';
import { compareIds, type EntryId } from '../../protocol/position.ts';
import type { SessionRecord } from '../../session/session-record.ts';
import type { ClaimAnswer, NewSession, Releasable } from '../broker.ts';
import { defaultLifetimes, type Lifetimes, youngMs } from '../lifetimes.ts';
import type { Limit, Reached } from '../limit-store.ts';
import type {
  EndAnswer,
  EndRequest,
  LogName,
  PageAnswer,
  ReassertAnswer,
  RestoreAnswer,
  RestoreRequest,
  TakeAnswer,
  TakeInput,
  TakenInput,
  TakeOutput,
  Unknown,
  WriterClaim,
} from '../log-store.ts';
import { endSession, leave } from './end-session.ts';
import { entryOf } from './fencing.ts';
import { MemoryHints } from './memory-hints.ts';
import { MemoryLimits } from './memory-limits.ts';
import { MemorySession, type Step, type WriteHistory } from './memory-session.ts';
import { reassert } from './reassert.ts';
import { Replica } from './replica.ts';
import { restoredBefore, restoredSession } from './restore.ts';
import { claim, newMeta, release, started, touch } from './session-steps.ts';
import { takeInput, takeOutput } from './take.ts';

/** Receives what is published on a channel; it must not call back into the server. */
export type PushSink = (frame: Uint8Array) => void;

export interface MemoryServerOptions {
  readonly clock: Clock;
  readonly lifetimes?: Partial<Lifetimes>;
  /** Writes a session that a fail-over may lose (see {@link MemoryServer.copyWithout}); 0, the default, keeps no history. */
  readonly rememberedWrites?: number;
}

/** Expired sessions are removed when they are asked for, and all of them once in so long. */
const sweepEveryMs = 10_000;

/**
 * A broker's whole state: every method is one atomic operation that answers at once and pushes to the subscribers of the channel.
 * What stands between it and its clients (time, faults) is the clients' link.
 */
export class MemoryServer {
  readonly #clock: Clock;
  readonly #lifetimes: Lifetimes;
  readonly #history: WriteHistory;
  readonly #sessions = new Map<SessionId, MemorySession>();
  readonly #channels = new Map<string, Set<PushSink>>();
  #hints: MemoryHints;
  #limits = this.#newLimits();
  #replica: Replica | undefined;
  #sweptMs: number;
  /** Since when it may lack what another server had; inside one process, and in a first server, nothing is ever to come back. */
  #bornMs = Number.NEGATIVE_INFINITY;

  constructor(options: MemoryServerOptions) {
    this.#clock = options.clock;
    this.#lifetimes = { ...defaultLifetimes, ...options.lifetimes };
    this.#history = { remembered: options.rememberedWrites ?? 0, writes: 0 };
    this.#hints = new MemoryHints(this.#lifetimes);
    this.#sweptMs = options.clock.now();
  }

  get hints(): MemoryHints {
    return this.#hints;
  }

  // --- logs (the scripts and commands of design section 2) ---

  takeOutput(id: SessionId, request: TakeOutput): TakeAnswer {
    return this.#run(id, (session) => takeOutput(session, request, this.#clock.wallMs())) ?? this.#unknown();
  }

  takeInput(id: SessionId, request: TakeInput): TakeAnswer<TakenInput> {
    return this.#run(id, (session) => takeInput(session, request, this.#clock.wallMs())) ?? this.#unknown();
  }

  reassert({ session, log }: LogName, writer: WriterClaim): ReassertAnswer {
    return this.#run(session, (state) => reassert(state, log, writer)) ?? this.#unknown();
  }

  restore(id: SessionId, request: RestoreRequest): RestoreAnswer {
    const known = this.#session(id);
    if (known) return restoredBefore(known, request);
    const expiresAtMs = this.#clock.now() + this.#lifetimes.sessionMs;
    const { session, answer } = restoredSession(request, this.#history, this.#clock.wallMs(), expiresAtMs);
    this.#sessions.set(id, session);
    if (answer.kind === 'restored') this.publish({ session: id, log: 'out' }, answer.frame);
    return answer;
  }

  end(id: SessionId, request: EndRequest): EndAnswer {
    return this.#run(id, (session) => endSession(session, request, this.#clock.wallMs(), this.#clock.now())) ?? 'unknown';
  }

  leave(id: SessionId, ifFence: number): void {
    this.#run(id, (session) => leave(session, ifFence));
  }

  /** Stores the entry unless its id is not above the tail or the log has no entry yet (LG2, LG4). It does not push. */
  store({ session, log }: LogName, frame: Uint8Array): boolean {
    const state = this.#session(session);
    const entry = entryOf(frame);
    const last = state?.[log].last;
    if (!state || !last || compareIds(entry, last) <= 0) return false;
    state.apply({ [log]: [entry] });
    return true;
  }

  publish(log: LogName, frame: Uint8Array): void {
    for (const sink of this.#channels.get(channelOf(log)) ?? []) sink(frame);
  }

  trim({ session, log }: LogName, first: EntryId): void {
    this.#session(session)?.trim(log, first);
  }

  read({ session, log }: LogName, from: EntryId, count: number): PageAnswer {
    const state = this.#session(session);
    if (!state) return this.#unknown();
    const { tables, record } = state.meta;
    return {
      kind: 'page',
      table: tables[log],
      entries: state[log].page(from, count),
      ended: record.state === 'ended',
      owner: record.owner,
    };
  }

  subscribe(log: LogName, sink: PushSink): void {
    const sinks = this.#channels.get(channelOf(log));
    if (sinks) sinks.add(sink);
    else this.#channels.set(channelOf(log), new Set([sink]));
  }

  unsubscribe(log: LogName, sink: PushSink): void {
    const sinks = this.#channels.get(channelOf(log));
    sinks?.delete(sink);
    if (sinks?.size === 0) this.#channels.delete(channelOf(log));
  }

  // --- sessions ---

  /** The same creator (same resume key) may ask again. */
  create(session: NewSession): boolean {
    this.#sweep();
    const known = this.#session(session.id);
    if (known) return known.meta.record.keyHash === session.keyHash;
    const meta = newMeta(session, this.#clock.now() + this.#lifetimes.waitingMs);
    this.#sessions.set(session.id, new MemorySession(meta, this.#history));
    return true;
  }

  readSession(id: SessionId): SessionRecord | undefined {
    return this.#session(id)?.meta.record;
  }

  claim(id: SessionId, worker: WorkerId): ClaimAnswer {
    return this.#run(id, (session) => claim(session, worker, this.#clock.now(), this.#lifetimes)) ?? { kind: 'unknown' };
  }

  started(id: SessionId, worker: WorkerId): boolean {
    return this.#run(id, (session) => started(session, worker)) ?? false;
  }

  release(id: SessionId, worker: WorkerId, which: Releasable): boolean {
    return this.#run(id, (session) => release(session, worker, which, this.#clock.now(), this.#lifetimes)) ?? false;
  }

  touch(id: SessionId, worker: WorkerId): boolean {
    this.#sweep();
    return this.#run(id, (session) => touch(session, worker, this.#clock.now(), this.#lifetimes)) ?? false;
  }

  /** Newest first. */
  ofSubject(subject: string, limit: number): readonly SessionId[] {
    const records = [...this.#sessions.keys()].map((id) => this.readSession(id));
    const own = records.filter((record) => record?.subject === subject && record.state !== 'ended') as SessionRecord[];
    return own
      .sort((a, b) => b.createdAtMs - a.createdAtMs)
      .slice(0, limit)
      .map((record) => record.id);
  }

  // --- limits ---

  enter(session: SessionId, limits: readonly Limit[]): Reached | undefined {
    return this.#limits.enter(session, limits, this.#clock.now());
  }

  look(limits: readonly Limit[]): Reached | undefined {
    return this.#limits.look(limits, this.#clock.now());
  }

  // --- what can happen to a server ---

  /** A replica that is `writes` behind for each session and becomes the primary; this one still answers whoever is connected to it. */
  copyWithout(writes: (id: SessionId) => number = () => 0): MemoryServer {
    const copy = new MemoryServer({ clock: this.#clock, lifetimes: this.#lifetimes, rememberedWrites: this.#history.remembered });
    for (const [id, session] of this.#sessions) copy.#sessions.set(id, session.copyWithout(writes(id), copy.#history));
    copy.#hints = this.#hints.copy();
    copy.#bornMs = this.#clock.now();
    return copy;
  }

  /** It has a replica, which follows (see {@link Replica}). */
  get replica(): Replica | undefined {
    return this.#replica;
  }

  setReplica(is: boolean): void {
    this.#replica?.close();
    this.#replica = is ? new Replica(this.#history) : undefined;
  }

  /** Writes of a session that its replica does not have. */
  unreplicated(id: SessionId): number {
    return this.#replica ? (this.#sessions.get(id)?.writesAfter(this.#replica.writes) ?? 0) : 0;
  }

  /** Another server is the primary: what this one does not know may be there (LG11). */
  replaced(): void {
    this.#bornMs = this.#clock.now();
  }

  /** Queue, leases, index and tickets lie in other slots: a fail-over may lose them alone. */
  loseHints(): void {
    this.#hints = new MemoryHints(this.#lifetimes);
    this.#limits = this.#newLimits();
  }

  /** A restart without its data. Subscriptions stay: their links have to be broken by whoever plays this. */
  clear(): void {
    this.expire();
    this.#bornMs = this.#clock.now();
  }

  /** Its wall clock was set ahead, and every key is too old: no connection notices, and the server is not young. */
  expire(): void {
    this.#sessions.clear();
    this.loseHints();
  }

  #run<Answer>(id: SessionId, step: (session: MemorySession) => Step<Answer>): Answer | undefined {
    const session = this.#session(id);
    if (!session) return undefined;
    const { answer, change } = step(session);
    if (change) {
      session.apply(change);
      for (const entry of change.out ?? []) this.publish({ session: id, log: 'out' }, entry.frame);
      for (const entry of change.in ?? []) this.publish({ session: id, log: 'in' }, entry.frame);
    }
    return answer;
  }

  #newLimits(): MemoryLimits {
    return new MemoryLimits((id) => this.#session(id)?.meta.record.state);
  }

  #unknown(): Unknown {
    return { kind: 'unknown', young: this.#clock.now() - this.#bornMs < youngMs };
  }

  #session(id: SessionId): MemorySession | undefined {
    const session = this.#sessions.get(id);
    if (!session || session.meta.expiresAtMs > this.#clock.now()) return session;
    this.#sessions.delete(id);
    return undefined;
  }

  #sweep(): void {
    const nowMs = this.#clock.now();
    if (nowMs - this.#sweptMs < sweepEveryMs) return;
    this.#sweptMs = nowMs;
    for (const id of [...this.#sessions.keys()]) this.#session(id);
    this.#hints.sweep(nowMs);
    this.#limits.sweep(nowMs);
  }
}

function channelOf({ session, log }: LogName): string {
  return `${session}:${log}`;
}
