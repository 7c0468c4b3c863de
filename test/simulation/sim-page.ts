import type { ClientHost, ClientSocket, ClientState, SavedSession } from '../../src/client/client-host.ts';
import { SessionClient } from '../../src/client/session-client.ts';
import { CloseCode } from '../../src/protocol/close-code.ts';
import type { EndReason } from '../../src/protocol/end-reason.ts';
import { decodeEntry } from '../../src/protocol/entry.ts';
import { CloseStreamCause } from '../../src/protocol/ephemeral.ts';
import { FrameType } from '../../src/protocol/frame-type.ts';
import { type Gap, GapCause, gapOf } from '../../src/protocol/gap.ts';
import { readStream, type SessionId } from '../../src/protocol/ids.ts';
import { creditWindowBytes, maxEntryPayloadBytes } from '../../src/protocol/limits.ts';
import { decodeServerFrame } from '../../src/protocol/server-frame.ts';
import type { Target } from '../../src/protocol/target.ts';
import { firstWrong, inputBytes } from './keyed-bytes.ts';
import { PageTruth } from './page-truth.ts';
import { Connection } from './sim-network.ts';
import type { SimProcess } from './sim-process.ts';
import { SimTerminal } from './sim-terminal.ts';
import type { Incarnation, StreamTruth } from './truth.ts';
import type { World } from './world.ts';

/** One loaded page: the production client with a terminal that parses at its own speed and knows what every byte has to be. */
export class SimPage implements ClientHost {
  readonly name: string;
  readonly process: SimProcess;
  readonly client: SessionClient;
  readonly streams: StreamTruth[] = [];
  readonly #world: World;
  readonly #saved: (saved: SavedSession) => void;
  readonly terminal: SimTerminal;
  readonly target: Target;
  /** What its terminal parses when nothing slows it, bytes per second. */
  readonly usualRate: number;
  /** What the next connection carries to its edge takes so long, and the page gives it up before that. */
  lateNextMs = 0;
  /** Offsets of entries that came damaged. */
  readonly damagedAt = new Set<number>();
  ended: EndReason | undefined;
  lost: { readonly code: number; readonly text: string } | undefined;
  /** Log offset behind what was shown or declared missing. */
  #offset = 0;
  /** The upstreams whose bytes these can be; undefined: nothing was shown since the start. */
  #from: readonly Incarnation[] | undefined;
  #unparsed = 0;
  /** Of it, at most: given before a rewind, and to be given again. */
  #againBytes = 0;
  #notSent = 0;
  #fateUnknown = 0;
  /** The statement that is being handed to the client. */
  #closed: { readonly stream: string; readonly typed: number; readonly cause: number } | undefined;
  #shownState = '';
  readonly #told: PageTruth;

  constructor(world: World, name: string, target: Target, usualRate: number, saved: (saved: SavedSession) => void) {
    this.#world = world;
    this.name = name;
    this.#saved = saved;
    this.target = target;
    this.usualRate = usualRate;
    this.process = world.newProcess(name);
    this.terminal = new SimTerminal(world, this.process, usualRate);
    this.#told = new PageTruth(
      world,
      name,
      () => this.session,
      () => this.#offset,
    );
    this.client = new SessionClient(this);
  }

  get session(): SessionId | undefined {
    return this.client.state.session as SessionId | undefined;
  }

  get offset(): number {
    return this.#offset;
  }

  /** Behind the last byte that its terminal has parsed. */
  get parsedOffset(): number {
    return this.#offset - this.#unparsed;
  }

  get allParsed(): boolean {
    return this.#unparsed === 0 && this.terminal.idle;
  }

  get attached(): boolean {
    return this.client.state.connection.kind === 'attached';
  }

  get over(): boolean {
    return this.ended !== undefined || this.lost !== undefined;
  }

  get connections(): readonly Connection[] {
    return [...this.#world.connections].filter((connection) => connection.page === this);
  }

  /** The user types; the bytes say whose they are. */
  type(count: number): void {
    if (this.target.kind === 'log') return;
    const stream = this.streams.at(-1) as StreamTruth;
    if (stream.given === 0) this.#world.truth.number(stream);
    // Counted first: within one process the bytes may reach the upstream inside the call.
    stream.given += count;
    if (!this.client.type(inputBytes(stream.index, stream.given - count, count))) stream.given -= count;
  }

  skip(): void {
    if (this.session) this.#world.truth.skipAsked.add(this.session);
    this.client.skip();
  }

  /** Another tab is in front of this page. */
  hideFor(forMs: number): void {
    this.terminal.setHidden(true);
    this.after(forMs, () => this.terminal.setHidden(false));
  }

  end(): void {
    if (this.session) this.#world.truth.endAsked.add(this.session);
    this.client.end();
  }

  receive(socket: ClientSocket, frame: Uint8Array): void {
    const entry = frame[0] === FrameType.outputGap ? decodeEntry(frame) : undefined;
    if (entry && gapOf(entry)?.cause === GapCause.skipped) this.#world.saw('output is skipped by the worker');
    const decoded = decodeServerFrame(frame);
    if (decoded.ok) this.#told.told(decoded.frame);
    if (decoded.ok && decoded.frame.kind === 'gap' && decoded.frame.cause === GapCause.skipped)
      this.#world.saw('output is skipped by an edge');
    if (decoded.ok && decoded.frame.kind === 'gap' && decoded.frame.adoptCrc) this.#world.saw('a gap after which the CRC is adopted');
    this.#closed = decoded.ok && decoded.frame.kind === 'status' ? decoded.frame.status.closed : undefined;
    this.client.socketMessage(socket, frame);
    this.#closed = undefined;
  }

  /** The page goes away, as at a reload. */
  unload(): void {
    if (this.#world.random.chance(0.5)) for (const connection of this.connections) connection.halfOpen();
    this.client.dispose();
    this.process.kill();
  }

  leave(told: boolean): void {
    if (!told) for (const connection of this.connections) connection.stall();
    this.client.dispose();
    this.process.kill();
  }

  // --- ClientHost ---

  ticket(done: (answer: { readonly ticket: string } | { readonly text: string; readonly final: boolean }) => void): void {
    const { random, broker } = this.#world;
    const ticket = `ticket-${random.word()}-${random.word()}`;
    this.after(random.between(1, 50), () => {
      if (!broker.putTicket(ticket, this.target)) done({ text: 'the broker does not answer', final: false });
      else done({ ticket });
    });
  }

  connect(): ClientSocket {
    const edge = this.#world.random.pick(this.#world.edges);
    if (!edge) throw new Error('no edge');
    const connection = new Connection(this.#world, this, edge, this.lateNextMs);
    this.lateNextMs = 0;
    return connection.client;
  }

  now(): number {
    return this.process.clock.now();
  }

  after(delayMs: number, run: () => void): { cancel(): void } {
    return this.process.clock.after(delayMs, run);
  }

  random(): number {
    return this.#world.random.fraction();
  }

  /** The client asks for random bytes only to name a new stream. */
  randomBytes(count: number): Uint8Array {
    const bytes = this.#world.random.bytes(count);
    this.streams.push(this.#world.truth.newStream(readStream(bytes, 0), `${this.name}#${this.streams.length}`, () => this.session));
    return bytes;
  }

  output(bytes: Uint8Array, _source: 'stdout' | 'stderr', token: number, replayed: boolean): void {
    const { truth } = this.#world;
    const all = this.session ? truth.incarnations(this.session) : [];
    // Each upstream of a log says the same.
    const known = this.target.kind === 'log' ? all : (this.#from ?? all);
    this.#from = known.filter(
      ({ outputKey, emitted }) => firstWrong(bytes, outputKey, this.#offset) < 0 && emitted >= this.#offset + bytes.length,
    );
    if (this.#from.length === 0) truth.fail(`${this.name} is shown ${bytes.length} wrong bytes at ${this.#offset}`);
    this.#offset += bytes.length;
    this.#unparsed += bytes.length;
    const most = creditWindowBytes.max + maxEntryPayloadBytes + this.#againBytes;
    if (this.#unparsed > most) truth.fail(`${this.name} has ${this.#unparsed} bytes to parse`);
    this.#world.count(this.#offset);
    this.terminal.give(bytes, replayed, () => {
      this.#unparsed -= bytes.length;
      if (this.#unparsed === 0) this.#againBytes = 0;
      this.client.parsed(token);
    });
  }

  gap(gap: Gap): void {
    this.#world.note(`${this.name}: gap of ${gap.sizeBytes} at ${this.#offset}, cause ${gap.cause}`);
    this.#told.gap(gap);
    const { truth } = this.#world;
    if (gap.cause === GapCause.damaged) truth.fail(`${this.name}: a gap with cause damaged`);
    if (gap.cause === GapCause.lost && !this.#world.mayLoseOutput(this.session, this.#offset))
      this.#world.truth.fail(`${this.name}: bytes are called lost, but nothing was`);
    const first = this.session && this.#world.broker.firstOffset(this.session);
    const skipped = gap.cause === GapCause.skipped;
    if (!skipped && this.#world.restoresOutput(this.session, this.#offset))
      truth.fail(`${this.name}: a gap of ${gap.sizeBytes} bytes, which the worker that restored the session had (LG11)`);
    if (skipped && !(this.session && truth.skipAsked.has(this.session))) truth.fail(`${this.name}: skipped, but nobody asked for it`);
    if (
      !this.#world.mayLoseOutput(this.session, this.#offset) &&
      !this.#world.profile.replica &&
      !skipped &&
      first !== undefined &&
      first <= this.#offset
    )
      truth.fail(`${this.name}: a needless gap of ${gap.sizeBytes} bytes`);
    this.#offset += gap.sizeBytes;
  }

  rewound(bytes: number): void {
    if (bytes > 0) this.#world.saw('a reader is rewound');
    this.#againBytes += Math.min(this.#unparsed, bytes);
    this.#world.note(`${this.name}: rewound by ${bytes} from ${this.#offset}`);
    this.#offset -= bytes;
    if (!this.#world.mayRewind) this.#world.truth.fail(`${this.name}: a needless rewind by ${bytes} bytes`);
    if (this.#offset < 0) this.#world.truth.fail(`${this.name}: rewound before the start`);
    if (this.#offset <= 0) this.#from = undefined;
  }

  mark(): void {}

  changed(state: ClientState): void {
    const { truth } = this.#world;
    this.#told.drives(state.driving && state.connection.kind === 'attached');
    const text = `${state.connection.kind}${state.driving ? ' driving' : ''}`;
    if (text !== this.#shownState)
      this.#world.note(`${this.name}: ${text} ${JSON.stringify(state.connection)} typed-not ${state.untypedBytes}`);
    this.#shownState = text;
    if (text === 'attached' && this.target.kind === 'log') this.#world.saw('a second viewer follows a log');
    if (state.faults.mismatches > this.damagedAt.size) truth.fail(`${this.name}: a frame failed the client's check at ${this.#offset}`);
    if (state.connection.kind !== 'ended' && state.fateUnknownBytes !== this.#fateUnknown) this.#toldForgotten(state);
    else if (state.notSentBytes !== this.#notSent) this.#toldNotSent(state);
    if (state.connection.kind === 'ended' && !this.ended) {
      this.ended = state.connection.reason;
      this.#toldAtEnd(state);
      this.#checkEnd(state.connection.reason);
    }
    if (state.connection.kind === 'lost') {
      this.lost = state.connection;
      const gone = state.connection.code === CloseCode.unknownSession && this.#world.mayForget(this.session);
      if (!gone) truth.fail(`${this.name} is lost: ${state.connection.code} ${state.connection.text}`);
    } else this.lost = undefined;
  }

  save(saved: SavedSession): void {
    this.#saved(saved);
  }

  /** Streams of which it was not told before: what the page says of them must enclose the truth, and be exact unless the worker was lost (RS6). */
  #toldAtEnd(state: ClientState): void {
    if (this.#world.truth.twice(this.session)) return;
    const missing = this.streams.reduce((sum, { told, given, typed }) => sum + (told ? 0 : given - typed), 0);
    const notSent = state.notSentBytes - this.#notSent;
    const unknown = state.fateUnknownBytes - this.#fateUnknown;
    if (unknown > 0 && this.ended?.kind !== 'worker-lost' && this.ended?.typed?.all !== false)
      this.#world.truth.fail(`${this.name}: the fate of ${unknown} bytes is unknown at the end ${this.ended?.kind}`);
    if (missing < notSent || missing > notSent + unknown)
      this.#world.truth.fail(`${this.name}: ${missing} bytes were not typed; it was told ${notSent} and ${unknown} unknown`);
    this.#notSent = state.notSentBytes;
  }

  /** The worker has forgotten the stream: as at an end that nobody has the figures for. */
  #toldForgotten(state: ClientState): void {
    const stream = this.#closed && this.#world.truth.streams.get(this.#closed.stream as StreamTruth['id']);
    if (!stream) return this.#world.truth.fail(`${this.name} calls a fate unknown without having been told so`);
    const [notSent, unknown] = [state.notSentBytes - this.#notSent, state.fateUnknownBytes - this.#fateUnknown];
    this.#world.truth.toldUnknown(stream, notSent, unknown);
    [this.#notSent, this.#fateUnknown] = [state.notSentBytes, state.fateUnknownBytes];
  }

  #toldNotSent(state: ClientState): void {
    if (state.connection.kind === 'ended') return;
    const closed = this.#closed;
    const stream = closed && this.#world.truth.streams.get(closed.stream as StreamTruth['id']);
    if (!stream) return this.#keptBack(state.notSentBytes);
    if (closed?.cause === CloseStreamCause.forgotten) return this.#toldForgotten(state);
    this.#world.truth.told(stream, closed.typed, state.notSentBytes - this.#notSent);
    this.#world.note(`${this.name}: ${state.notSentBytes - this.#notSent} bytes of ${stream.page} were not sent`);
    this.#notSent = state.notSentBytes;
  }

  /** What was given up before anything of it was sent is known to be not sent without the worker. */
  #keptBack(notSentBytes: number): void {
    const count = notSentBytes - this.#notSent;
    const stream = this.streams.slice(0, -1).findLast((each) => !each.told && each.typed === 0 && each.given === count);
    if (stream) this.#world.truth.told(stream, 0, count);
    else this.#world.truth.fail(`${this.name} counts ${count} bytes as not sent that nobody closed`);
    this.#notSent = notSentBytes;
  }

  #checkEnd(reason: EndReason): void {
    const { truth } = this.#world;
    this.#world.note(`${this.name}: ended at ${this.#offset} ${reason.kind} ${reason.code ?? ''}`);
    const all = this.session ? truth.incarnations(this.session) : [];
    if (reason.kind === 'exited') {
      const ended = all.find((each) => each.ended?.kind === 'exited' && each.ended.code === reason.code && each.emitted === this.#offset);
      if (!ended) truth.fail(`${this.name}: exit ${reason.code} at ${this.#offset}, which no upstream said`);
    } else if (reason.kind === 'worker-lost') {
      if (!this.#world.mayLoseWorkers) truth.fail(`${this.name}: worker lost, but none was`);
      if (this.target.kind === 'log' && !this.#world.mayLose) truth.fail(`${this.name}: a log was not gone on with`);
    } else if (reason.kind === 'ended') {
      if (!this.session || !truth.endAsked.has(this.session)) truth.fail(`${this.name}: ended by a person, but nobody did`);
      if (!all.some((each) => each.emitted === this.#offset)) truth.fail(`${this.name}: ended at ${this.#offset}, where no upstream was`);
      this.#world.saw('a person ends a session');
    } else if (reason.kind !== 'refused') truth.fail(`${this.name}: unexpected end ${reason.kind}`);
  }
}
