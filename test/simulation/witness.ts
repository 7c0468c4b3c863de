import type { LogName, LogStore, TakeAnswer, TakeInput } from '../../src/broker/log-store.ts';
import type { MemoryServer } from '../../src/broker/memory/memory-server.ts';
import { clientOffset, contentBytes, decodeEntry, type Entry } from '../../src/protocol/entry.ts';
import { decodeEphemeral } from '../../src/protocol/ephemeral.ts';
import { decodeFence, type FenceEntry } from '../../src/protocol/fence-entry.ts';
import { FrameType } from '../../src/protocol/frame-type.ts';
import type { ClientStream, SessionId, WorkerId } from '../../src/protocol/ids.ts';
import { inputUntypedBytes } from '../../src/protocol/limits.ts';
import { contentOf, LogHistory } from './log-history.ts';
import { heirStops, takeLost } from './process-faults.ts';
import type { Incarnation } from './truth.ts';
import type { World } from './world.ts';

/** Control goes back and forth faster than anybody can be told. */
const quickMs = 100;

/** Sees every operation of every server and who asked for it, and counts the scenes that they make; the answers stay as they are. */
export class Witness {
  readonly #world: World;
  readonly #logs = new Map<string, LogHistory>();
  readonly #stale = new WeakMap<Uint8Array, 'replaced' | 'failed'>();
  readonly #stored = new WeakSet<Uint8Array>();
  readonly #refused = new WeakSet<Uint8Array>();
  readonly #refusing = new Set<LogHistory>();
  /** Sessions and their owners when queue and index were lost. */
  readonly #hintless = new Map<SessionId, WorkerId | undefined>();
  /** Of a worker and a session. */
  readonly #drivers = new Map<string, ClientStream>();
  #primary: MemoryServer | undefined;
  #who: string | undefined;

  constructor(world: World) {
    this.#world = world;
  }

  /** Runs a process's command. */
  as<Answer>(process: string, command: () => Answer): Answer {
    this.#who = process;
    try {
      return command();
    } finally {
      this.#who = undefined;
    }
  }

  /** @returns the server, from here on the primary */
  watch(server: MemoryServer): MemoryServer {
    this.#primary = server;
    this.#watchTakes(server);
    this.#watchAppends(server);
    this.#watchPushes(server);
    this.#watchReads(server);
    this.#watchOwners(server);
    return server;
  }

  failedOver(old: MemoryServer, server: MemoryServer): MemoryServer {
    for (const history of this.#logs.values()) history.failedOver(old, server, this.#world.scheduler.nowMs);
    return this.watch(server);
  }

  hintsLost(server: MemoryServer): void {
    for (const { saved } of this.#world.sessions) {
      const record = saved && server.readSession(saved.session as SessionId);
      if (record && record.state !== 'ended') this.#hintless.set(record.id, record.owner);
    }
  }

  /** A worker says who drives, as soon as it has delivered that driver's fence entry. */
  hears(worker: string, logs: LogStore): void {
    const publish = logs.publish.bind(logs);
    logs.publish = (log, frame) => {
      const told = frame[0] === FrameType.workerStatus ? decodeEphemeral(frame) : undefined;
      if (told?.kind === 'workerStatus' && told.status.driver) this.#drivers.set(`${worker} ${log.session}`, told.status.driver.stream);
      if (told?.kind === 'workerStatus')
        this.#world.window.drives(worker, log.session, told.status.driver?.fence, told.status.driver?.stream);
      publish(log, frame);
    };
  }

  /** Input of this stream was lost that nobody but its client may have had any more: its worker finds a hole (LG8, RS6). */
  mayHaveHole(session: SessionId, stream: ClientStream): boolean {
    return this.#of({ session, log: 'in' }).lostOld.has(stream);
  }

  driverOf({ worker, session }: Incarnation): ClientStream | undefined {
    return this.#drivers.get(`${worker} ${session}`);
  }

  /** The next append of this log meets an error. */
  refuses(log: LogName): void {
    this.#refusing.add(this.#of(log));
  }

  /** An append was answered by anything but its id. */
  doubted(log: LogName, frame: Uint8Array): void {
    if (this.#refusing.delete(this.#of(log))) this.#refused.add(frame);
  }

  subscribed(process: string, log: LogName): void {
    const history = this.#of(log);
    history.hasRead.delete(process);
    history.pushedFence.delete(process);
  }

  pushed(process: string, log: LogName, frame: Uint8Array): void {
    const entry = decodeEntry(frame);
    if (!entry) return;
    const history = this.#of(log);
    history.pushedFence.set(process, Math.max(history.pushedFence.get(process) ?? 0, entry.fence));
    const stale = this.#stale.get(frame);
    if (!stale) return;
    this.#world.saw(stale === 'replaced' ? 'the push of a replaced writer’s append arrives' : 'the push of an append that failed arrives');
    if (!history.hasRead.has(process)) this.#world.saw('such a push arrives before the first page was read');
  }

  #watchTakes(server: MemoryServer): void {
    const world = this.#world;
    const takeInput = server.takeInput.bind(server);
    server.takeInput = (session, request) => {
      const log = { session, log: 'in' } as const;
      const known = knownOf(contentOf(server, log).entries);
      const answer = takeInput(session, request);
      if (answer.kind === 'taken') this.#inputTaken(server, log, request, answer.fence, known);
      else this.#inputRefused(log, request, answer);
      return answer;
    };
    const takeOutput = server.takeOutput.bind(server);
    server.takeOutput = (session, request) => {
      const answer = takeOutput(session, request);
      if (answer.kind !== 'taken') return answer;
      this.#taken(server, this.#of({ session, log: 'out' }), answer.fence);
      takeLost(world, this.#who);
      if (request.expectedOwner !== request.newOwner) {
        world.saw('a session is taken from a dead worker');
        if (this.#who !== undefined) heirStops(world, this.#who);
        if (this.#hintless.get(session) === request.expectedOwner)
          world.saw('a session is taken from a dead worker after the index was lost');
      }
      return answer;
    };
    const reassert = server.reassert.bind(server);
    server.reassert = (log, claim) => {
      const { fence } = claim.fence.position;
      const isThere = () => contentOf(server, log).table.some((row) => row.fence === fence);
      const was = isThere();
      const answer = reassert(log, claim);
      if (!was && isThere()) world.saw('a lost take is put back');
      if (!was && answer.kind === 'replaced') world.saw('a writer whose take was lost finds another one');
      if (answer.kind === 'take-again') world.saw('an input writer whose predecessor’s entries were lost takes again');
      const owner = server.readSession(log.session)?.owner;
      if (log.log === 'out' && (answer.kind === 'replaced' || answer.kind === 'ended') && owner !== this.#who)
        world.saw('a worker wakes up and its session is another’s');
      return answer;
    };
  }

  /** @returns false when it was taken before: the same take was asked for again */
  #taken(server: MemoryServer, history: LogHistory, { position, nonce }: FenceEntry): boolean {
    const known = history.fences.get(position.fence);
    if (known === nonce) return false;
    if (known !== undefined) {
      history.doubleFences.add(position.fence);
      this.#world.saw('two primaries give one fence to two takes');
    }
    history.fences.set(position.fence, nonce);
    if (position.seq <= history.highestSeq) this.#world.saw('a new fence continues below what was stored');
    history.highestSeq = Math.max(history.highestSeq, position.seq);
    if (server !== this.#primary) history.lostFences.add(position.fence);
    return true;
  }

  #inputTaken(server: MemoryServer, log: LogName, request: TakeInput, fence: FenceEntry, known: Known | undefined): void {
    const world = this.#world;
    const history = this.#of(log);
    const { stream, connection, credit } = request.driver;
    history.streams.set(fence.position.fence, stream);
    if (!this.#taken(server, history, fence)) return;
    history.connections.set(stream, Math.max(connection, history.connections.get(stream) ?? 0));
    const nowMs = world.scheduler.nowMs;
    const { lastTake } = history;
    if (lastTake && lastTake.stream !== stream && nowMs - lastTake.atMs < quickMs)
      world.saw('clients take control from each other within 100 ms');
    history.lastTake = { stream, atMs: nowMs };
    const before = known && world.truth.streams.get(history.streams.get(known.fence) ?? stream);
    if (known && before && before.typed > known.accepted) world.saw('the log knows less of a stream than was typed');
    const next = fence.driver?.next ?? 0;
    if (world.inputUnderWay(this.#who, stream) > next) world.saw('a take gives back less than its client has under way');
    const first = contentOf(server, { ...log, log: 'out' }).entries[0];
    if (first && credit.offset < first.offset) world.saw('a driver comes from behind the start of the log');
  }

  #inputRefused(log: LogName, { driver }: TakeInput, answer: TakeAnswer): void {
    if (answer.kind !== 'old-connection') return;
    const known = this.#of(log).connections.get(driver.stream);
    if (known !== undefined && driver.connection < known) this.#world.saw('a resume comes after a newer one');
    else this.#world.saw('a superseded stream asks for control');
  }

  #watchAppends(server: MemoryServer): void {
    const world = this.#world;
    const store = server.store.bind(server);
    server.store = (log, frame) => {
      const record = server.readSession(log.session);
      const stored = store(log, frame);
      const entry = decodeEntry(frame);
      if (!entry) return stored;
      const history = this.#of(log);
      if (!history.named(entry)) world.truth.fail(`${entry.fence}-${entry.seq} of ${log.session}:${log.log} names two frames (LG2)`);
      if (!record) world.saw('an append finds no keys');
      else if (record.state === 'ended') world.saw('an append comes after the end');
      if (stored) this.#entryStored(server, history, entry);
      return stored;
    };
    const trim = server.trim.bind(server);
    server.trim = (log, first) => {
      const before = contentOf(server, log).entries.length;
      trim(log, first);
      if (before > 1 && contentOf(server, log).entries.length === 1) world.saw('a trim leaves the newest entry alone');
    };
  }

  #entryStored(server: MemoryServer, history: LogHistory, entry: Entry): void {
    const world = this.#world;
    const { frame } = entry;
    this.#stored.add(frame);
    history.highestSeq = Math.max(history.highestSeq, entry.seq);
    if (server !== this.#primary) return history.lose(entry);
    if (history.log.log === 'out' && this.#who !== undefined) world.window.wrote(this.#who, history.log.session, entry);
    if (this.#refused.delete(frame)) world.saw('an append is stored that had been refused');
    if (history.wasLost(entry)) {
      world.saw('frames are sent again under their old ids');
      if (world.profile.replica) world.saw('what no replica had is lost, and sent again from the ring');
    }
    history.stored(entry, world.scheduler.nowMs);
    const stream = history.streams.get(entry.fence);
    if (entry.type !== FrameType.inputData || stream === undefined || contentBytes(entry) === 0) return;
    const typed = world.truth.streams.get(stream)?.typed ?? 0;
    const lost = history.lostInput.get(stream);
    if (lost && clientOffset(entry) < lost.end) {
      if (clientOffset(entry) < typed) world.saw('input that was typed is lost, and comes again');
      if (entry.fence !== lost.fence) world.saw('input that was accepted is lost, and comes again by another edge');
    }
    if (clientOffset(entry) + contentBytes(entry) - typed > (3 / 4) * inputUntypedBytes) world.saw('the input log is full');
  }

  #watchPushes(server: MemoryServer): void {
    const listeners = new Map<LogHistory, number>();
    const publish = server.publish.bind(server);
    server.publish = (log, frame) => {
      const history = this.#of(log);
      if (frame[0] === FrameType.credit && !listeners.get(history)) this.#world.saw('credit is told while the worker does not listen');
      const type = frame[0] ?? 0;
      if ((type === FrameType.outputData || type === FrameType.inputData) && !this.#stored.has(frame)) {
        const newest = contentOf(server, log).table.at(-1)?.fence ?? 0;
        this.#stale.set(frame, (decodeEntry(frame)?.fence ?? 0) < newest ? 'replaced' : 'failed');
      }
      publish(log, frame);
    };
    const subscribe = server.subscribe.bind(server);
    server.subscribe = (log, sink) => {
      const history = this.#of(log);
      listeners.set(history, (listeners.get(history) ?? 0) + 1);
      subscribe(log, sink);
    };
    const unsubscribe = server.unsubscribe.bind(server);
    server.unsubscribe = (log, sink) => {
      const history = this.#of(log);
      listeners.set(history, Math.max(0, (listeners.get(history) ?? 0) - 1));
      unsubscribe(log, sink);
    };
  }

  #watchReads(server: MemoryServer): void {
    const world = this.#world;
    const read = server.read.bind(server);
    server.read = (log, from, count) => {
      const answer = read(log, from, count);
      const who = this.#who;
      if (who === undefined || answer.kind !== 'page') return answer;
      const history = this.#of(log);
      history.hasRead.add(who);
      const pushed = history.pushedFence.get(who) ?? 0;
      if (answer.entries.some(({ fence, seq }) => fence < pushed && (fence > from.fence || (fence === from.fence && seq > from.seq))))
        world.saw('entries of a lower fence are read after a higher one was pushed');
      if (history.wasLost(from)) {
        world.saw('a reader comes from an entry that was lost');
        if ((answer.entries[0]?.seq ?? 0) > from.seq) world.saw('a reader comes from a lost entry, and the log was trimmed past it');
      }
      if (history.lostFences.has(from.fence) && !answer.table.some(({ fence }) => fence === from.fence))
        world.saw('a reader comes from a fence that nobody knows');
      return answer;
    };
  }

  #watchOwners(server: MemoryServer): void {
    const world = this.#world;
    const claim = server.claim.bind(server);
    server.claim = (session, worker) => {
      const waiting = server.readSession(session)?.state === 'waiting';
      const answer = claim(session, worker);
      if (waiting && answer.kind === 'claimed' && this.#hintless.has(session))
        world.saw('an open that a fail-over lost from the queue is claimed');
      return answer;
    };
    const create = server.create.bind(server);
    server.create = (session) => {
      const { profile, faulty, random, scheduler, broker } = world;
      if (profile.hintsLostAtOpen && faulty && random.chance(0.5)) scheduler.after(random.between(0, 20), () => broker.loseHints());
      return create(session);
    };
    const restore = server.restore.bind(server);
    server.restore = (session, request) => {
      const answer = restore(session, request);
      if (answer.kind === 'restored') world.saw('a worker restores a session');
      return answer;
    };
    const leave = server.leave.bind(server);
    server.leave = (session, ifFence) => {
      if (this.#who?.startsWith('worker')) world.saw('a worker gives up a silent driver');
      leave(session, ifFence);
    };
  }

  #of(log: LogName): LogHistory {
    const key = `${log.session}:${log.log}`;
    const known = this.#logs.get(key);
    if (known) return known;
    const history = new LogHistory({ session: log.session, log: log.log });
    this.#logs.set(key, history);
    return history;
  }
}

interface Known {
  readonly fence: number;
  readonly accepted: number;
}

/** How far the log knows the stream of its last entry, and under which fence that was written. */
function knownOf(input: readonly Entry[]): Known | undefined {
  const last = input.at(-1);
  if (!last) return undefined;
  if (last.type === FrameType.inputFence) return { fence: last.fence, accepted: decodeFence(last)?.driver?.next ?? 0 };
  return { fence: last.fence, accepted: clientOffset(last) + contentBytes(last) };
}
