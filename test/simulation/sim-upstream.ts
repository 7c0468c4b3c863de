import { sleep } from '../../src/base/clock.ts';
import type { EndReason } from '../../src/protocol/end-reason.ts';
import type { SessionId } from '../../src/protocol/ids.ts';
import type { LogCursor } from '../../src/protocol/log-cursor.ts';
import type { Target } from '../../src/protocol/target.ts';
import {
  type Upstream,
  type UpstreamEvents,
  type UpstreamOpener,
  UpstreamRefusal,
  type UpstreamRequest,
} from '../../src/upstream/upstream.ts';
import { outputBytes } from './keyed-bytes.ts';
import type { LeaseTruth } from './lease-truth.ts';
import type { SimProcess } from './sim-process.ts';
import type { Incarnation } from './truth.ts';
import type { World } from './world.ts';

/** Bytes per millisecond that a process takes once all works again. */
const fastInput = [20, 2_000] as const;

/** Input the upstream takes before it answers false. */
const markBytes = 32 * 1024;

/** The way of one worker process to upstreams whose every byte can be checked. */
export class SimOpener implements UpstreamOpener {
  readonly #world: World;
  readonly #process: SimProcess;
  readonly #lease: LeaseTruth;

  constructor(world: World, process: SimProcess, lease: LeaseTruth) {
    this.#world = world;
    this.#process = process;
    this.#lease = lease;
  }

  async open(request: UpstreamRequest, events: UpstreamEvents, signal: AbortSignal): Promise<Upstream> {
    const { random, profile } = this.#world;
    const refused = this.#world.faulty && random.chance(profile.refusals);
    await sleep(this.#process.clock, random.between(2, 300), signal);
    if (signal.aborted) throw new Error('aborted');
    if (refused) {
      const retryable = random.chance(0.7);
      throw new UpstreamRefusal({ kind: 'refused', reason: retryable ? 'busy' : 'forbidden', message: 'The upstream refused.' }, retryable);
    }
    return new SimUpstream(this.#world, this.#process, this.#lease, request, events);
  }

  /** Its processes end with their connection. */
  async hangUp(): Promise<number> {
    return 0;
  }
}

/** A process that writes a keyed stream in pieces of random size, reacts to input with more of it, and checks what it is given. */
export class SimUpstream implements Upstream {
  readonly incarnation: Incarnation;
  readonly #world: World;
  readonly #process: SimProcess;
  readonly #lease: LeaseTruth;
  readonly #events: UpstreamEvents;
  readonly #target: Target;
  #paused = false;
  #scheduled = false;
  /** Something of it lies in the socket of a worker that stands still. */
  #buffered = false;
  #inputBuffered = 0;
  #drainWanted = false;
  /** Output that a reaction to input has made due. */
  #owed = 0;
  /** Output that the process has been told to write, a piece at a time. */
  #toSay = 0;
  #typed = 0;
  /** Exits by itself when so much was typed. */
  readonly #exitAfter: number;

  constructor(world: World, process: SimProcess, lease: LeaseTruth, request: UpstreamRequest, events: UpstreamEvents) {
    const { sessionId, target, goOn } = request;
    const session = sessionId as SessionId;
    const { random } = world;
    this.#world = world;
    this.#process = process;
    this.#lease = lease;
    this.#events = events;
    this.#target = target;
    const [begun] = target.kind === 'log' ? world.truth.incarnations(session) : [];
    this.incarnation = world.truth.opened(session, process.name, begun?.outputKey ?? random.word(), goOn?.outputBytes);
    if (goOn) {
      world.saw('another worker goes on with a log');
      if (goOn.cursor.bytes !== goOn.outputBytes)
        world.truth.fail(`a log is gone on with at ${goOn.cursor.bytes}, its output at ${goOn.outputBytes}`);
    }
    this.#exitAfter = random.chance(0.15) ? random.whole(1, 600) : Number.POSITIVE_INFINITY;
    world.upstreams.add(this);
    world.note(`upstream of ${session} opened by ${process.name}`);
    this.#emitLater();
  }

  get alive(): boolean {
    return !this.incarnation.closed && this.#process.alive;
  }

  /** Output that the process would write, if it were read. */
  get unsaidBytes(): number {
    return this.#toSay + this.#owed;
  }

  get paused(): boolean {
    return this.#paused;
  }

  say(bytes: number): void {
    this.#toSay += bytes;
    this.#emitLater();
  }

  get unsentBytes(): number {
    return this.#inputBuffered;
  }

  write(bytes: Uint8Array): boolean {
    const { truth, random, scheduler, profile } = this.#world;
    if (this.incarnation.closed) truth.fail('typed into an upstream that was closed');
    this.#lease.writes('types');
    if (this.#target.kind === 'log') truth.fail('typed into a log');
    truth.typed(this.incarnation, bytes, this.#world.witness.driverOf(this.incarnation));
    const { current } = this.incarnation;
    if (current && truth.followsNotSent(current)) this.#world.saw('a client goes on with a new stream behind what was not sent');
    this.#world.note(`upstream of ${this.incarnation.session} is typed ${bytes.length} bytes`);
    this.#world.typedNow(this.incarnation);
    this.#typed += bytes.length;
    this.#owed += Math.min(bytes.length, 64) * random.whole(0, 2);
    if (this.#typed >= this.#exitAfter) this.exit(random.whole(0, 255));
    else this.#emitLater();
    this.#inputBuffered += bytes.length;
    const [slowest, fastest] = this.#world.faulty ? profile.inputRate : fastInput;
    scheduler.after(bytes.length / random.between(slowest, fastest), () => this.#inputTaken(bytes.length));
    this.#drainWanted = this.#inputBuffered > markBytes;
    return !this.#drainWanted;
  }

  resize(cols: number, rows: number): void {
    if (!Number.isInteger(cols) || !Number.isInteger(rows) || cols < 1 || rows < 1) this.#world.truth.fail(`resized to ${cols}x${rows}`);
  }

  endInput(): boolean {
    return false;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#emitLater();
  }

  close(): void {
    this.incarnation.closed = true;
    this.#world.upstreams.delete(this);
  }

  /** The process ends: everything it wrote comes first. */
  exit(code: number): void {
    this.#end({ kind: 'exited', code, message: `The process ended with code ${code}.` });
  }

  #end(reason: EndReason): void {
    if (this.incarnation.ended || !this.alive) return;
    this.incarnation.ended = reason;
    this.#world.scheduler.after(this.#world.random.between(0, 5), () => {
      this.#process.enter(() => {
        if (!this.alive) return;
        if (this.#owed > 0) this.#emit(this.#owed);
        this.#world.note(`upstream of ${this.incarnation.session} exits ${reason.code} after ${this.incarnation.emitted} bytes`);
        this.close();
        this.#events.ended(reason);
      });
    });
  }

  #inputTaken(count: number): void {
    this.#process.enter(() => {
      this.#inputBuffered -= count;
      if (!this.#drainWanted || this.#inputBuffered > markBytes / 2 || this.incarnation.closed) return;
      this.#drainWanted = false;
      this.#events.drained();
    });
  }

  #emitLater(): void {
    if (this.#scheduled || this.incarnation.ended) return;
    const { scheduler, random, profile } = this.#world;
    const piece = Math.max(1, Math.min(random.whole(1, profile.pieceBytes), random.whole(1, profile.pieceBytes)));
    this.#scheduled = true;
    const delayMs = this.#owed > 0 ? random.between(0.1, 3) : random.exponential((1000 * piece) / profile.outputRate);
    scheduler.after(delayMs, () => {
      this.#scheduled = false;
      if (!this.alive || this.incarnation.ended) return;
      // A stopped worker does not read: TCP blocks the upstream.
      if (this.#process.stopped) {
        if (profile.socketBuffer) this.#buffer(piece);
        return void scheduler.after(50, () => this.#emitLater());
      }
      // What was under way when it was paused still comes.
      if (this.#paused && !random.chance(0.2)) return;
      if (this.#world.quiet && this.unsaidBytes === 0) return;
      const size = this.#owed > 0 ? this.#owed : this.#toSay > 0 ? Math.min(piece, this.#toSay) : piece;
      if (this.#owed === 0) this.#toSay = Math.max(0, this.#toSay - size);
      this.#process.enter(() => this.#emit(size));
      if (!this.#paused) this.#emitLater();
    });
  }

  /** The worker reads it as soon as it wakes up, before it does anything that was due later. */
  #buffer(size: number): void {
    if (this.#buffered) return;
    this.#buffered = true;
    this.#process.enter(() => {
      this.#buffered = false;
      if (this.alive && !this.#paused && !this.incarnation.ended) this.#emit(size);
    });
  }

  /** Only without a TTY the two are told apart. */
  #source(): 'stdout' | 'stderr' {
    return this.#target.kind === 'exec' && !this.#target.tty && this.#world.random.chance(0.2) ? 'stderr' : 'stdout';
  }

  #emit(size: number): void {
    const { incarnation } = this;
    if (incarnation.closed) return;
    this.#owed = Math.max(0, this.#owed - size);
    const bytes = this.#world.planted.output(outputBytes(incarnation.outputKey, incarnation.emitted, size));
    const span =
      this.#target.kind === 'log' ? { before: placeAt(incarnation.emitted), after: placeAt(incarnation.emitted + size) } : undefined;
    incarnation.emitted += size;
    this.#events.output(bytes, this.#source(), span);
  }
}

/** A log here is one line without an end. */
function placeAt(bytes: number): LogCursor {
  return { run: 1, seconds: 0, nanos: 0, lines: 0, bytes };
}
