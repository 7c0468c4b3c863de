import type { EndReason } from '../../src/protocol/end-reason.ts';
import type { ClientStream, SessionId } from '../../src/protocol/ids.ts';
import { inputBytes } from './keyed-bytes.ts';

/** One client stream as its page made it, and what became of it. */
export interface StreamTruth {
  readonly id: ClientStream;
  readonly page: string;
  /** Of its page, as soon as that knows it. */
  readonly session: () => SessionId | undefined;
  /** Which bytes: see `inputBytes`. Given when something is typed for the first time, so that few streams of a session share one. */
  index: number;
  /** Bytes the client took from its user. */
  given: number;
  /** Bytes written to the upstream. */
  typed: number;
  /** The client was told so: the rest is not sent. */
  told: { readonly typed: number; readonly notSent: number } | undefined;
}

/** One upstream that was opened for a session; a second one is possible only of a log, or when the first never counted as started. */
export interface Incarnation {
  readonly session: SessionId;
  readonly worker: string;
  readonly outputKey: number;
  /** Output handed to the worker, bytes. */
  emitted: number;
  ended: EndReason | undefined;
  /** The connection is closed from either side. */
  closed: boolean;
  current: StreamTruth | undefined;
  readonly past: Set<StreamTruth>;
  /** Of an upstream that is not the session's first: offsets at which each stream can be, by what was typed. */
  readonly places: Map<StreamTruth, readonly number[]>;
}

/** What really happened, beside what the relay says: the only judge. The first violation ends the run. */
export class Truth {
  readonly streams = new Map<ClientStream, StreamTruth>();
  /** Sessions whose output somebody has asked to skip, or that somebody has asked to end. */
  readonly skipAsked = new Set<SessionId>();
  readonly endAsked = new Set<SessionId>();
  readonly #incarnations = new Map<SessionId, Incarnation[]>();
  readonly #claims = new Map<SessionId, number>();
  #violation: string | undefined;
  /** Of each session's people: how many of their streams have a number. */
  readonly #numbered = new Map<string, number>();
  #keys = 0;

  get violation(): string | undefined {
    return this.#violation;
  }

  fail(reason: string): void {
    this.#violation ??= reason;
  }

  incarnations(session: SessionId): readonly Incarnation[] {
    return this.#incarnations.get(session) ?? [];
  }

  get all(): readonly Incarnation[] {
    return [...this.#incarnations.values()].flat();
  }

  claimed(session: SessionId): void {
    this.#claims.set(session, (this.#claims.get(session) ?? 0) + 1);
  }

  /**
   * A fail-over took back that the session had been claimed, and a second worker has it. What the first one typed and said is not on
   * any record then: each upstream is judged by itself, statements about streams are not.
   */
  twice(session: SessionId | undefined): boolean {
    return session !== undefined && ((this.#claims.get(session) ?? 0) > 1 || this.incarnations(session).length > 1);
  }

  newStream(id: ClientStream, page: string, session: () => SessionId | undefined): StreamTruth {
    const stream = { id, page, session, index: 0, given: 0, typed: 0, told: undefined };
    this.streams.set(id, stream);
    return stream;
  }

  /** Its page was told that bytes of an earlier stream were not sent. */
  followsNotSent(stream: StreamTruth): boolean {
    const page = pageOf(stream);
    for (const each of this.streams.values()) if (each !== stream && (each.told?.notSent ?? 0) > 0 && pageOf(each) === page) return true;
    return false;
  }

  number(stream: StreamTruth): void {
    const [people = ''] = stream.page.split('.');
    const count = this.#numbered.get(people) ?? 0;
    this.#numbered.set(people, count + 1);
    // Sixteen of a session differ in the first byte already, and so do the first eight of two sessions.
    const of = [...this.#numbered.keys()].indexOf(people);
    stream.index = 16 * this.#keys++ + ((count + 8 * of) & 15);
  }

  /** @param emitted of a log: where another worker left it */
  opened(session: SessionId, worker: string, outputKey: number, emitted = 0): Incarnation {
    const incarnation: Incarnation = {
      session,
      worker,
      outputKey,
      emitted,
      ended: undefined,
      closed: false,
      current: undefined,
      past: new Set(),
      places: new Map(),
    };
    this.#incarnations.set(session, [...this.incarnations(session), incarnation]);
    return incarnation;
  }

  /**
   * Bytes arrived at an upstream: they must be the next ones of one stream of this session that is not closed.
   * @param driver whose they are by the worker's word: it decides only between streams whose next bytes these are
   */
  typed(incarnation: Incarnation, bytes: Uint8Array, driver: ClientStream | undefined): void {
    const { session, current } = incarnation;
    const mine = [...this.streams.values()].filter(
      (stream) => stream.session() === session && (stream.index & 15) === (bytes[0] ?? 0) >>> 4,
    );
    const again = this.twice(session);
    // Few bytes can fit two streams that share a number: those that may be typed come first.
    const able = mine.filter((each) => !each.told && !incarnation.past.has(each) && each.typed + bytes.length <= each.given);
    const said = mine.filter(({ id }) => id === driver);
    const likely = current && able.includes(current) ? [...said, current, ...able, ...mine] : [...said, ...able, ...mine];
    const next = likely.filter((each) => isNext(each, bytes));
    const stream = again ? [...next, ...likely].find((each) => isSomewhere(incarnation, each, bytes)) : next[0];
    if (!stream) {
      const known = mine.map((each) => `${each.page}@${each.typed}${each.told ? ' closed' : ''}`).join(', ');
      this.fail(`typed ${bytes.length} bytes that are the next ones of no stream (${known || 'foreign'})`);
      return;
    }
    if (stream.told && !again) this.fail(`typed ${bytes.length} bytes of ${stream.page} after its client was told they were not sent`);
    if (incarnation.past.has(stream)) this.fail(`typed a stream of ${stream.page} after a newer one (RS6)`);
    if (!again && stream.typed + bytes.length > stream.given) this.fail(`typed more than ${stream.page} gave`);
    if (current && current !== stream) incarnation.past.add(current);
    incarnation.current = stream;
    if (!again) stream.typed += bytes.length;
  }

  /** The client says to its user: `notSent` bytes of this stream were not typed, and `unknown` bytes may have been. */
  toldUnknown(stream: StreamTruth, notSent: number, unknown: number): void {
    stream.told = { typed: stream.typed, notSent };
    const missing = stream.given - stream.typed;
    if (this.twice(stream.session()) || (missing >= notSent && missing <= notSent + unknown)) return;
    this.fail(`${stream.page} was told that ${notSent} bytes were not sent and ${unknown} unknown, but ${missing} were not typed`);
  }

  /** The client says to its user: of this stream exactly `typed` bytes were typed, `notSent` were not. */
  told(stream: StreamTruth, typed: number, notSent: number): void {
    if (stream.told) this.fail(`${stream.page} was told twice what became of a stream`);
    stream.told = { typed, notSent };
    const session = stream.session();
    if (this.twice(session)) return;
    if (typed !== stream.typed) this.fail(`${stream.page} was told that ${typed} bytes were typed, but ${stream.typed} were`);
    if (typed + notSent !== stream.given) this.fail(`${stream.page} was told ${notSent} of ${stream.given - typed} bytes were not sent`);
  }
}

function pageOf({ page }: StreamTruth): string {
  return page.slice(0, page.indexOf('#'));
}

function isNext(stream: StreamTruth, bytes: Uint8Array): boolean {
  return isAt(stream, stream.typed, bytes);
}

function isAt(stream: StreamTruth, offset: number, bytes: Uint8Array): boolean {
  const expected = inputBytes(stream.index, offset, bytes.length);
  return expected.every((byte, index) => byte === bytes[index]);
}

/** A second upstream starts where the record says, which a fail-over may have set back: from there on it is byte after byte. */
function isSomewhere({ places }: Incarnation, stream: StreamTruth, bytes: Uint8Array): boolean {
  const known = places.get(stream) ?? Array.from({ length: stream.given }, (_, offset) => offset);
  const fit = known.filter((offset) => offset + bytes.length <= stream.given && isAt(stream, offset, bytes));
  if (fit.length === 0) return false;
  const next = fit.map((offset) => offset + bytes.length);
  places.set(stream, next);
  stream.typed = Math.max(...next);
  return true;
}
