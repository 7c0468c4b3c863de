import { sleep } from '../base/clock.ts';
import { retrying } from '../base/retrying.ts';
import { LogAppender } from '../broker/log-appender.ts';
import { LogFollower } from '../broker/log-follower.ts';
import type { LogName, TakeAnswer } from '../broker/log-store.ts';
import { LogReader } from '../log/log-reader.ts';
import { type Claim, LogWriter } from '../log/log-writer.ts';
import { takeNonce } from '../log/nonce.ts';
import { TrimLine } from '../log/trim-line.ts';
import type { EndReason } from '../protocol/end-reason.ts';
import { decodeEntry } from '../protocol/entry.ts';
import { decodeEphemeral, type EphemeralBody, encodeEphemeral } from '../protocol/ephemeral.ts';
import type { FenceEntry } from '../protocol/fence-entry.ts';
import { noStream, type SessionId } from '../protocol/ids.ts';
import { outputLogBytes } from '../protocol/limits.ts';
import type { CursorSpan } from '../protocol/log-cursor.ts';
import { startOfLog } from '../protocol/position.ts';
import type { WorkerStatus } from '../protocol/session-status.ts';
import { startEvent } from '../session/audit-event.ts';
import { CreditGate } from '../session/credit-gate.ts';
import type { SessionRecord } from '../session/session-record.ts';
import type { LogLeft, Upstream } from '../upstream/upstream.ts';
import { DriverSeat } from './driver-seat.ts';
import { type EndKeeper, emptyOutput } from './end-keeper.ts';
import { endOfOwnCommand } from './hang-ups.ts';
import { InputSide } from './input-side.ts';
import { logLeft } from './log-left.ts';
import { openUpstream } from './open-upstream.ts';
import { OutputSide } from './output-side.ts';
import type { PumpTools } from './pump-tools.ts';
import { recordStarted } from './record-started.ts';
import { restoreSession } from './restore-session.ts';
import { endedBySignIn, endedByUser, SessionEnd } from './session-end.ts';
import { type WorkerHolds, workerHolds } from './worker-gauges.ts';

/** For the last answers of the broker. */
const handOverMs = 1_000;

/**
 * One session on its worker: takes the output log, opens the upstream, pumps both ways, and ends the session with a reason that
 * everybody reads. Lives until `finished`.
 */
export class Pump {
  readonly #tools: PumpTools;
  readonly #session: SessionRecord;
  readonly #finished: (kept?: EndKeeper) => void;
  readonly #abort = new AbortController();
  readonly #opening = new AbortController();
  readonly #out: LogName;
  readonly #in: LogName;
  #trims = new TrimLine(outputLogBytes);
  #output: OutputSide | undefined;
  #input: InputSide | undefined;
  #appender: LogAppender | undefined;
  #follower: LogFollower | undefined;
  #gate: CreditGate | undefined;
  #upstream: Upstream | undefined;
  #seat: DriverSeat | undefined;
  #leg: WorkerStatus['upstream'] = 'connecting';
  #ending: SessionEnd | undefined;
  /** The lease had lapsed and nobody has said yet whether the session was taken over meanwhile. */
  #unsure = false;
  /** This worker stood still meanwhile, and others may have told its clients that it was lost. */
  #slept = false;
  #endStands = false;
  #over = false;

  constructor(session: SessionRecord, tools: PumpTools, finished: (kept?: EndKeeper) => void) {
    this.#session = session;
    this.#tools = tools;
    this.#finished = finished;
    this.#out = { session: session.id, log: 'out' };
    this.#in = { session: session.id, log: 'in' };
  }

  get sessionId(): SessionId {
    return this.#session.id;
  }

  /** Another worker can go on with it. */
  get movable(): boolean {
    return this.#session.target.kind === 'log' && !this.#ending;
  }

  /** Reads no more, and lets go when what was read is on the log, or after a while. */
  async handOver(): Promise<void> {
    const { clock } = this.#tools;
    this.#opening.abort();
    this.#upstream?.close();
    this.#output?.close();
    const untilMs = clock.now() + handOverMs;
    const { signal } = this.#abort;
    const unsettled = () => this.#appender?.writer.settled === false && clock.now() < untilMs;
    while (!signal.aborted && unsettled()) await sleep(clock, 20, signal);
    this.abandon();
  }

  get heldBytes(): number {
    return this.#output?.heldBytes ?? 0;
  }

  get holds(): WorkerHolds {
    const [output, input, trims, upstream] = [this.#output, this.#input, this.#trims, this.#upstream];
    return workerHolds({ output, input, trims, upstream, writer: this.#appender?.writer, reader: this.#follower?.reader });
  }

  async run(): Promise<void> {
    const taken = await this.#take();
    if (taken?.kind !== 'taken' || this.#over) return this.#finish();
    this.#begin(taken);
    const doubt = () => this.#appender?.doubt();
    if (!(await recordStarted(this.#session.id, doubt, this.#tools, this.#abort.signal))) return;
    const { base } = taken.fence;
    const begun = this.#session.target.kind === 'log' && base.offset > 0;
    // Of a log that another worker has begun it was said then.
    if (!begun) {
      this.#tools.audit(startEvent(this.#session, this.#tools.worker));
      return this.#open(undefined);
    }
    const left = await logLeft(
      this.#out,
      base,
      ({ fence, seq, frame }) => this.#trims.stored({ fence, seq }, frame.length),
      this.#tools,
      this.#abort.signal,
    );
    if (left) await this.#open(left);
    else this.end({ kind: 'worker-lost', message: 'The worker that held this log was lost, and nothing says where it left it.' });
  }

  /** The lease was late and is back: what waited for it goes on, once the log has said that it is still this worker's (LS1). */
  leaseRenewed(slept: boolean): void {
    if (!this.#appender) return;
    this.#unsure = true;
    this.#slept ||= slept;
    this.#appender.doubt();
  }

  /** Every minute: is the driver of an idle session still there? */
  checkDriver(): void {
    this.#output?.probeDriver();
  }

  /** Ends the session with a reason, after its output was stored. */
  end(reason: EndReason): void {
    if (this.#ending || this.#over) return;
    // From here on nothing reaches the upstream: what was not typed is stated as such, not written into a closed socket (RS6).
    const typed = this.#input?.end() ?? { streams: {}, all: true };
    const bytes = () => ({ bytesIn: this.#input?.typedBytes ?? 0, bytesOut: this.#appender?.writer.head.offset ?? 0 });
    this.#ending = new SessionEnd({ ...endOfOwnCommand(this.#session, reason), typed }, this.#session, bytes, this.#tools);
    this.#opening.abort();
    this.#tools.hangUps.begin(this.#session, reason.kind);
    this.#upstream?.close();
    this.#output?.endSkip();
    this.#leg = 'ended';
    this.#endWhenSettled();
  }

  /** Somebody else owns the session, or the process stops: let go at once, write nothing more. */
  abandon(): void {
    this.#over = true;
    this.#release();
  }

  async #take(): Promise<TakeAnswer | undefined> {
    const { broker, worker } = this.#tools;
    const request = { nonce: takeNonce(this.#tools.random), writer: worker, expectedOwner: worker, newOwner: worker };
    return retrying(() => broker.logs.takeOutput(this.#session.id, request), this.#tools, this.#abort.signal);
  }

  #begin(claim: Claim): void {
    const { broker, clock, crc32, permit, rings } = this.#tools;
    const writer = new LogWriter(claim, crc32, rings);
    const gate = new CreditGate({ outputFence: writer.fence, offset: claim.fence.base.offset }, this.#session.detached);
    const appender = new LogAppender(
      broker.logs,
      this.#out,
      writer,
      {
        stored: (frame) => this.#stored(frame),
        stopped: (verdict) => {
          // The answer to `end` was lost, not the end: asked for again it is this worker's to keep.
          this.#endStands = verdict === 'ended' && this.#ending?.asked === true;
          if (this.#endStands) return this.#endWhenSettled();
          this.#tools.log('session lost', { sessionId: this.#session.id, verdict });
          this.#finish();
        },
        holed: emptyOutput,
        restore: (young) => this.#restore(young, writer, gate),
        doubt: (inDoubt) => {
          this.#output?.pour();
          if (inDoubt) return;
          this.#unsure = false;
          this.#slept = false;
          this.#input?.unblock();
          if (this.#ending) this.#endWhenSettled();
        },
      },
      this.#tools,
    );
    this.#gate = gate;
    this.#seat = new DriverSeat(gate, clock, this.#session.graceMs, () => this.#abandoned());
    this.#appender = appender;
    this.#output = new OutputSide(
      appender,
      gate,
      {
        probe: () => this.#publish({ kind: 'stall', headOffset: writer.head.offset }),
        driverSilent: () => this.#driverGone(gate.inputFence, true),
        offered: () => this.#input?.rideAlong(),
      },
      clock,
    );
    this.#input = new InputSide(
      this.#session.size,
      {
        driver: (fence) => this.#driven(fence),
        tell: (statement) => this.#publish(statement),
        endNotTold: () => this.#output?.mark('This upstream cannot be told that the input has ended.'),
        endRequested: (signInOver) => this.end(signInOver ? endedBySignIn : endedByUser),
        trim: (first) => broker.logs.trim(this.#in, first),
        roomy: () => this.#follower?.resume(),
      },
      clock,
      () => permit() && !this.#unsure,
    );
    const reader = new LogReader(this.#input, startOfLog, startOfLog);
    this.#follower = new LogFollower(
      broker.logs,
      broker.logs,
      this.#in,
      reader,
      {
        ephemeral: (frame) => this.#ephemeral(frame),
        owner: () => {},
        unknown: () => appender.doubt(),
        connected: () => {},
      },
      this.#tools,
    );
    this.#follower.start();
  }

  /** The session's keys are gone. After a lapsed lease only a young server leaves no doubt that nobody ended it meanwhile (LG11). */
  async #restore(young: boolean, writer: LogWriter, gate: CreditGate): Promise<Claim | 'again' | undefined> {
    if (!this.#input || (this.#unsure && (!young || this.#slept))) return undefined;
    const held = { session: this.#session, writer, input: this.#input, driver: this.#seat?.driver };
    const claim = await restoreSession(held, this.#tools, this.#abort.signal);
    if (claim === undefined || claim === 'again') return claim;
    gate.refenced(claim.fence.position.fence);
    this.#trims = new TrimLine(outputLogBytes);
    // The log begins with what the writer held; what was not answered counts when it is found.
    const stored = writer.remains.frames.flatMap((frame) => decodeEntry(frame) ?? []).filter(({ seq }) => seq <= writer.answeredSeq);
    for (const entry of stored) this.#trims.stored(entry, entry.frame.length);
    return claim;
  }

  async #open(goOn: LogLeft | undefined): Promise<void> {
    const events = {
      output: (bytes: Uint8Array, source: 'stdout' | 'stderr', span?: CursorSpan) => this.#output?.output(bytes, source, span),
      remark: (text: string) => this.#output?.mark(text),
      drained: () => this.#input?.unblock(),
      ended: (reason: EndReason) => this.end(reason),
    };
    const size = () => this.#input?.size ?? this.#session.size;
    const opening = await openUpstream(this.#session, goOn, size, events, this.#tools, this.#opening.signal);
    if (!opening) return;
    if ('refused' in opening) this.end(opening.refused);
    else if (this.#over || this.#ending) opening.upstream.close();
    else this.#opened(opening.upstream, opening.size);
  }

  #opened(upstream: Upstream, size: { readonly cols: number; readonly rows: number }): void {
    this.#upstream = upstream;
    this.#leg = 'open';
    this.#tools.log('upstream open', { sessionId: this.#session.id });
    this.#output?.connect(upstream);
    this.#input?.connect(upstream, size);
    this.#tellStatus();
  }

  #stored(frame: Uint8Array): void {
    const entry = decodeEntry(frame);
    const first = entry && this.#trims.stored({ fence: entry.fence, seq: entry.seq }, frame.length);
    if (first) this.#tools.broker.logs.trim(this.#out, first);
    this.#output?.pour();
    if (this.#ending) this.#endWhenSettled();
  }

  #ephemeral(frame: Uint8Array): void {
    const told = decodeEphemeral(frame);
    const [gate, appender] = [this.#gate, this.#appender];
    if (!told || !gate || !appender) return;
    switch (told.kind) {
      case 'credit':
        if (this.#seat?.spoke(told.fences.input)) this.#tellStatus();
        // Also an answer to a probe: the driver is there even when its credit is of an older output fence.
        gate.credit(told.fences, told.offset, told.windowBytes, appender.writer.offeredOffset);
        if (told.fences.input === gate.inputFence) this.#output?.driverHeard();
        if (this.#ending) this.#endWhenSettled();
        return;
      case 'detach':
        return this.#driverGone(told.fences.input, false);
      case 'skipOutput':
        if (gate.drivenBy(told.fences.input)) this.#output?.skip();
        return;
      case 'probe':
        // Of another driver than this worker's: who asks learns whose sign of life it waits for in vain.
        if (gate.drivenBy(told.fences.input)) this.#output?.probeDriver();
        else this.#tellStatus();
        return;
      case 'ask':
        if (told.stream === noStream) return this.#tellStatus();
        return this.#asked(told);
      default:
        return;
    }
  }

  #asked({ stream, givenUp }: Extract<EphemeralBody, { kind: 'ask' }>): void {
    // An edge that was replaced cannot know whether its client gave up or came back elsewhere: who drove last has not given up.
    this.#input?.asked(stream, givenUp && stream !== this.#seat?.last?.driver?.stream);
  }

  #driven(fence: FenceEntry): void {
    const [gate, appender] = [this.#gate, this.#appender];
    if (!fence.driver || !gate || !appender) return;
    this.#seat?.taken(fence);
    // Only its driver may skip, and it has not asked for what comes from here on (FC9).
    this.#output?.endSkip();
    gate.adopt(fence.position.fence, fence.driver, appender.writer.offeredOffset);
    this.#tellStatus();
    this.#output?.driverHeard();
  }

  /** FC3: the process runs on (or is paused) and is ended after the grace time. */
  #driverGone(inputFence: number, silent: boolean): void {
    if (!this.#seat?.left(inputFence, silent)) return;
    this.#output?.endSkip();
    if (silent) this.#tools.broker.logs.leave(this.#session.id, inputFence).catch(() => {});
    this.#output?.pour();
    this.#tellStatus();
  }

  #abandoned(): void {
    this.end({ kind: 'abandoned', message: `Nobody was connected for ${Math.round(this.#session.graceMs / 1000)} seconds.` });
    this.#endWhenSettled();
  }

  #endWhenSettled(): void {
    if (!this.#ending || this.#over) return;
    this.#output?.pour();
    if (!this.#endStands && this.#output && !this.#output.settled) return;
    this.#over = true;
    void this.#writeEnd(this.#ending);
  }

  async #writeEnd(ending: SessionEnd): Promise<void> {
    const answer = await ending.write(this.#abort.signal);
    if (this.#abort.signal.aborted) return;
    const appender = this.#appender;
    if (!answer || (answer === 'unknown' && appender?.writer.stopped === false)) {
      this.#over = false;
      // Restored first, then ended (LG11).
      if (answer) return appender?.doubt();
      // On another connection the tail may be an earlier one: first it is compared, and what is missing sent again (LG6).
      return appender?.writer.stopped ? this.#finish() : this.#endWhenSettled();
    }
    if (answer !== 'ended' || !appender || !this.#input) return this.#release();
    const held = { session: this.#session, writer: appender.handOver(), input: this.#input, driver: this.#seat?.driver };
    this.#release(ending.keeper(this.#out, held));
  }

  #tellStatus(): void {
    const fence = this.#seat?.driver;
    const driven = fence?.driver ? { driver: { stream: fence.driver.stream, fence: fence.position.fence } } : {};
    this.#publish({ kind: 'workerStatus', status: { worker: this.#tools.worker, upstream: this.#leg, ...driven } });
  }

  #publish(body: EphemeralBody): void {
    const fences = { input: this.#gate?.inputFence ?? 0, output: this.#appender?.writer.fence ?? 0 };
    this.#tools.broker.logs.publish(this.#out, encodeEphemeral(fences, body));
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#release();
  }

  #release(kept?: EndKeeper): void {
    if (this.#abort.signal.aborted) return;
    this.#abort.abort();
    this.#opening.abort();
    this.#seat?.close();
    this.#follower?.close();
    this.#input?.close();
    this.#output?.close();
    if (!kept) this.#appender?.close();
    this.#upstream?.close();
    this.#finished(kept);
  }
}
