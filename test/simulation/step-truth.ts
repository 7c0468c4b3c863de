import type { LogName, TakeInput } from '../../src/broker/log-store.ts';
import type { MemoryServer } from '../../src/broker/memory/memory-server.ts';
import { clientOffset, contentBytes, decodeEntry } from '../../src/protocol/entry.ts';
import { FrameType } from '../../src/protocol/frame-type.ts';
import type { ClientStream, SessionId } from '../../src/protocol/ids.ts';
import { contentOf } from './log-history.ts';
import type { World } from './world.ts';

/** Streams whose order a server remembers (RS5). */
const rememberedStreams = 16;

/** Who drives a session by what was asked of one server, and answered. */
interface Driving {
  driver: { readonly stream: ClientStream; readonly fence: number } | undefined;
  /** In the order of their newest take, newest last, with the connection of that take. */
  streams: ReadonlyArray<{ readonly stream: ClientStream; readonly connection: number }>;
  /** Whose input the entries of a fence are, and how far each stream is on the log. */
  readonly ofFence: Map<number, ClientStream>;
  readonly stored: Map<ClientStream, number>;
}

/** What the atomic steps of a server may answer after what it has answered before: who may take, own, end, and restore a session. */
export class StepTruth {
  readonly #world: World;
  #first = true;

  constructor(world: World) {
    this.#world = world;
  }

  /** @returns the server. What a copy of another one has from before is not known here: it is judged from its first take on. */
  watch(server: MemoryServer): MemoryServer {
    const sessions = new Map<SessionId, Driving>();
    const known = this.#first;
    this.#first = false;
    const of = (session: SessionId) => {
      const driving = sessions.get(session);
      if (driving || !known) return driving;
      return begin(sessions, session);
    };
    this.#watchInput(server, sessions, of);
    this.#watchOwners(server);
    this.#watchEnds(server, of);
    this.#watchAppends(server, of);
    return server;
  }

  #watchInput(server: MemoryServer, sessions: Map<SessionId, Driving>, of: (session: SessionId) => Driving | undefined): void {
    const take = server.takeInput.bind(server);
    server.takeInput = (session, request) => {
      const again = hasNonce(server, session, 'in', request.nonce);
      const answer = take(session, request);
      if (answer.kind !== 'taken' || again) return answer;
      const driving = of(session);
      const wrong = driving && wrongTake(driving, request);
      if (wrong) this.#world.truth.fail(`${request.driver.stream} takes ${session}:in, ${wrong}`);
      took(driving ?? begin(sessions, session), request.driver, answer.fence.position.fence);
      return answer;
    };
    const leave = server.leave.bind(server);
    server.leave = (session, ifFence) => {
      const driving = of(session);
      if (driving && newestFence(server, session) === ifFence) driving.driver = undefined;
      leave(session, ifFence);
    };
    const reassert = server.reassert.bind(server);
    server.reassert = (log, claim) => {
      const { position, nonce, driver } = claim.fence;
      const was = hasNonce(server, log.session, log.log, nonce);
      const answer = reassert(log, claim);
      const putBack = log.log === 'in' && !was && answer.kind === 'tail';
      if (putBack && driver) took(of(log.session) ?? begin(sessions, log.session), driver, position.fence);
      return answer;
    };
    const restore = server.restore.bind(server);
    server.restore = (session, request) => {
      const again = newestNonce(server, session) === request.nonce;
      const answer = restore(session, request);
      if (again && answer.kind !== 'restored') this.#world.truth.fail(`a restore of ${session} that is asked for again is refused (LG11)`);
      if (again || answer.kind !== 'restored') return answer;
      if (!this.#world.mayForgetKeys) this.#world.truth.fail(`${session} is restored, and nothing was lost (LG9)`);
      sessions.delete(session);
      const driving = begin(sessions, session);
      driving.driver = request.driver;
      driving.streams = request.streams.slice(-rememberedStreams);
      return answer;
    };
  }

  #watchOwners(server: MemoryServer): void {
    const { truth } = this.#world;
    const take = server.takeOutput.bind(server);
    server.takeOutput = (session, request) => {
      const again = hasNonce(server, session, 'out', request.nonce);
      const owner = server.readSession(session)?.owner ?? '';
      const answer = take(session, request);
      if (answer.kind === 'taken' && !again && owner !== request.expectedOwner)
        truth.fail(`${request.newOwner} takes ${session} from ${owner}, and meant ${request.expectedOwner} (LS2)`);
      return answer;
    };
    const claim = server.claim.bind(server);
    server.claim = (session, worker) => {
      const before = server.readSession(session);
      const answer = claim(session, worker);
      if (answer.kind === 'claimed' && before?.state !== 'waiting' && before?.owner !== worker)
        truth.fail(`${worker} claims ${session} of ${before?.owner} (LS2)`);
      return answer;
    };
  }

  #watchEnds(server: MemoryServer, of: (session: SessionId) => Driving | undefined): void {
    const { truth } = this.#world;
    const end = server.end.bind(server);
    server.end = (session, request) => {
      const before = server.readSession(session);
      const mine = before?.state === 'ended' && newestNonce(server, session) === request.nonce;
      const answer = end(session, request);
      if (answer === 'ended' && before?.state !== 'ended' && before?.owner !== request.owner)
        truth.fail(`${request.owner} ends ${session} of ${before?.owner} (LS3)`);
      if (mine && answer !== 'ended') truth.fail(`the end of ${session} that is asked for again is somebody else's (LS3)`);
      const driving = of(session);
      if (driving && answer === 'ended') driving.driver = undefined;
      return answer;
    };
  }

  #watchAppends(server: MemoryServer, of: (session: SessionId) => Driving | undefined): void {
    const { truth } = this.#world;
    const store = server.store.bind(server);
    // Not yet watched as a read of whoever asks.
    const read = server.read.bind(server);
    server.store = (log, frame) => {
      const ended = server.readSession(log.session)?.state === 'ended';
      const stored = store(log, frame);
      if (!stored) return stored;
      if (!isThere(read, log, frame)) truth.fail(`an append to ${log.session}:${log.log} counts as stored and is not there (LG6)`);
      if (ended) truth.fail(`something is stored in ${log.session}:${log.log} after the end (LS3)`);
      const driving = of(log.session);
      if (log.log === 'in' && driving) this.#inputStored(driving, log.session, frame);
      return stored;
    };
  }

  #inputStored({ ofFence, stored }: Driving, session: SessionId, frame: Uint8Array): void {
    const entry = decodeEntry(frame);
    const stream = entry && ofFence.get(entry.fence);
    if (!entry || entry.type !== FrameType.inputData || !stream || contentBytes(entry) === 0) return;
    const [from, end] = [clientOffset(entry), stored.get(stream) ?? 0];
    if (from < end && !this.#world.mayLose) this.#world.truth.fail(`bytes of ${stream} are on ${session}:in twice, from ${from} on (RS4)`);
    stored.set(stream, Math.max(end, from + contentBytes(entry)));
  }
}

function begin(sessions: Map<SessionId, Driving>, session: SessionId): Driving {
  const driving = { driver: undefined, streams: [], ofFence: new Map(), stored: new Map() };
  sessions.set(session, driving);
  return driving;
}

function took(driving: Driving, { stream, connection }: { stream: ClientStream; connection: number }, fence: number): void {
  driving.driver = { stream, fence };
  driving.ofFence.set(fence, stream);
  driving.streams = [...driving.streams.filter((each) => each.stream !== stream), { stream, connection }].slice(-rememberedStreams);
}

/** @returns why this request must not be answered with a take; undefined when it may */
function wrongTake({ driver, streams }: Driving, { driver: { stream, connection }, mode }: TakeInput): string | undefined {
  const index = streams.findIndex((each) => each.stream === stream);
  if (index !== -1 && index < streams.length - 1) return 'a stream after which another one has driven (RS5)';
  if (connection < (streams[index]?.connection ?? 0)) return 'over an older connection (RS5)';
  if (!driver || mode.kind === 'force') return undefined;
  if (mode.kind === 'if-fence') return driver.fence === mode.fence ? undefined : `meaning another driver than ${driver.stream} (DR1)`;
  return driver.stream === stream || mode.former?.includes(driver.stream) ? undefined : `coming back, from ${driver.stream} (DR1)`;
}

function hasNonce(server: MemoryServer, session: SessionId, log: 'out' | 'in', nonce: number): boolean {
  return contentOf(server, { session, log }).table.some((row) => row.nonce === nonce);
}

function isThere(read: MemoryServer['read'], log: LogName, frame: Uint8Array): boolean {
  const entry = decodeEntry(frame);
  const page = entry && read(log, entry, 1);
  const found = page?.kind === 'page' ? page.entries[0] : undefined;
  return found !== undefined && Buffer.compare(found.frame, frame) === 0;
}

function newestNonce(server: MemoryServer, session: SessionId): number | undefined {
  return contentOf(server, { session, log: 'out' }).table.at(-1)?.nonce;
}

function newestFence(server: MemoryServer, session: SessionId): number | undefined {
  return contentOf(server, { session, log: 'in' }).table.at(-1)?.fence;
}
