import { Backoff } from '../../base/backoff.ts';
import { type Clock, type Random, sleep, type Timer } from '../../base/clock.ts';
import type { EndReason } from '../../protocol/end-reason.ts';
import { type CursorSpan, cursorBehind, type LogCursor } from '../../protocol/log-cursor.ts';
import type { LogTarget } from '../../protocol/target.ts';
import { type LogLeft, type Upstream, type UpstreamEvents, UpstreamRefusal } from '../upstream.ts';
import type { ContainerLook } from './container-look.ts';
import { brokenLog, completedLog, containerEnded, givenUp, podGone, remarks } from './log-end.ts';
import { type LogPart, logQuery } from './log-query.ts';
import { LogSource, type OpenLog } from './log-source.ts';

export interface LogUpstreamSettings {
  readonly target: LogTarget;
  readonly goOn: LogLeft | undefined;
  readonly events: UpstreamEvents;
  readonly clock: Clock;
  readonly random: Random;
  readonly open: OpenLog;
  /** Asks the pod for its container. @throws UpstreamRefusal */
  readonly look: (signal: AbortSignal) => Promise<ContainerLook>;
}

/** A log that cannot be reached is tried for so long, before it ends as broken; after `tellAfterMs` whoever reads is told. */
const patience = { endsAfterMs: 10 * 60_000, tellAfterMs: 10_000 } as const;
const tries = { firstMs: 500, mostMs: 10_000 } as const;
/** A stream that has said something and is quiet for so long is opened anew, once: followers get stuck when a file is rotated (facts 7, 51). */
const quietMs = 60_000;

const newline = 0x0a;

/**
 * A container's log as one stream without a seam: over connections that break, ends that look like one and are not, restarts of the
 * container, and what another worker has begun (UP6, LS2). Each time it asks again from the second of the last line on, and leaves out
 * what it has given out.
 */
export class LogUpstream implements Upstream {
  /** Nothing can be typed into a log. */
  readonly unsentBytes = 0;
  readonly #settings: LogUpstreamSettings;
  readonly #target: LogTarget;
  readonly #abort = new AbortController();
  readonly #backoff: Backoff;
  readonly #startedMs: number;
  #source: LogSource | undefined;
  #quiet: Timer | undefined;
  #paused = false;
  /** A stream was opened once. */
  #begun = false;
  /** The stream has said something new since it was opened. */
  #said = false;
  #cursor: LogCursor | undefined;
  /** Of the container, 0 while it is not known. */
  #run: number;
  /** The container was started again meanwhile: its new run is wanted from the beginning. */
  #wholeRun = false;
  /** What came after the stream's end has been read too. */
  #restRead = false;
  #outputBytes: number;
  /** Output came without times: nobody could go on behind it. */
  #untimed = false;
  #lastByte: number | undefined;
  #failingSinceMs: number | undefined;
  #told = '';

  private constructor(settings: LogUpstreamSettings) {
    const { target, goOn, clock, random } = settings;
    this.#settings = settings;
    // What has ended does not grow.
    this.#target = target.previous ? { ...target, follow: false } : target;
    this.#backoff = new Backoff(random, tries.firstMs, tries.mostMs);
    this.#startedMs = clock.now();
    this.#cursor = goOn?.cursor;
    this.#run = goOn?.cursor.run ?? 0;
    this.#outputBytes = goOn?.outputBytes ?? 0;
  }

  /** @throws UpstreamRefusal of a log that begins; one that is gone on with tells it as its end */
  static async open(settings: LogUpstreamSettings, signal: AbortSignal): Promise<Upstream> {
    const log = new LogUpstream(settings);
    if (settings.goOn) settings.clock.endOfTurn(() => log.#goOn(brokenLog('worker-lost')));
    else await log.#stream(signal);
    return log;
  }

  write(): boolean {
    return true;
  }

  resize(): void {}

  endInput(): boolean {
    return false;
  }

  pause(): void {
    this.#paused = true;
    this.#source?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#source?.resume();
  }

  close(): void {
    this.#abort.abort();
    this.#leave();
  }

  get #over(): boolean {
    return this.#abort.signal.aborted;
  }

  // --- one stream ---

  async #stream(signal = this.#abort.signal): Promise<void> {
    await this.#read(logQuery(this.#target, this.#part()), (end) => this.#goOn(end), signal);
    this.#begun = true;
    if (this.#target.follow && this.#run === 0) this.#learnRun();
  }

  /** What came after the end of a stream: over a WebSocket the last bytes may be missing, and a run that ended meanwhile has more. */
  async #readRest(previous: boolean): Promise<void> {
    if (this.#restRead) return;
    const target = { ...logQuery(this.#target, this.#part()), follow: false, previous };
    const end = await new Promise<EndReason>((resolve, reject) => {
      this.#abort.signal.addEventListener('abort', () => resolve(completedLog), { once: true });
      this.#read(target, resolve, this.#abort.signal).catch(reject);
    });
    if (end.kind !== 'completed') throw new UpstreamRefusal(end, true);
    this.#restRead = true;
  }

  async #read(target: LogTarget, ended: (end: EndReason) => void, signal: AbortSignal): Promise<void> {
    const { events, open, clock } = this.#settings;
    this.#leave();
    this.#said = false;
    const settings = { stamped: this.#target.timestamps === true, after: this.#cursor, run: () => this.#run, clock };
    const source = await LogSource.open(
      open,
      target,
      settings,
      {
        output: (bytes, span) => this.#output(bytes, span),
        remark: (text) => this.#over || events.remark(text),
        ended: (end) => this.#over || ended(end),
      },
      signal,
    );
    if (this.#over) return source.close();
    this.#source = source;
    if (this.#paused) source.pause();
  }

  #leave(): void {
    this.#quiet?.cancel();
    this.#source?.close();
    this.#source = undefined;
  }

  #part(): LogPart {
    if (this.#cursor) return { kind: 'from', cursor: this.#cursor };
    if (this.#wholeRun) return { kind: 'run' };
    const { clock } = this.#settings;
    return { kind: 'asked', waitedMs: clock.now() - this.#startedMs, begun: this.#begun, wallMs: clock.wallMs() };
  }

  #output(all: Uint8Array, whole: CursorSpan | undefined): void {
    if (this.#over) return;
    const { limitBytes = Number.POSITIVE_INFINITY } = this.#target;
    const bytes = all.subarray(0, limitBytes - this.#outputBytes);
    const span = whole && bytes.length < all.length ? { ...whole, after: cursorBehind(whole.before, bytes.length) } : whole;
    this.#outputBytes += bytes.length;
    this.#cursor = span?.after;
    this.#untimed ||= !span;
    this.#lastByte = bytes.at(-1);
    this.#said = true;
    this.#settings.events.output(bytes, 'stdout', span);
    if (this.#outputBytes >= limitBytes) this.#end(completedLog);
    else if (this.#target.follow && !this.#restRead) this.#listenForQuiet();
  }

  #listenForQuiet(): void {
    this.#quiet?.cancel();
    this.#quiet = this.#settings.clock.after(quietMs, () => {
      if (this.#paused) return this.#listenForQuiet();
      this.#leave();
      this.#goOn(brokenLog('quiet'));
    });
  }

  #learnRun(): void {
    this.#settings.look(this.#abort.signal).then(
      ({ current }) => {
        if (this.#run === 0 && current?.running) this.#run = current.id;
      },
      // Who may read the log need not be allowed to read the pod.
      () => {},
    );
  }

  // --- from one stream to the next ---

  #goOn(end: EndReason): void {
    this.#tryOn(end).catch((failure: unknown) => this.#end(givenUp(failure, this.#outputBytes > 0)));
  }

  async #tryOn(end: EndReason): Promise<void> {
    const { clock } = this.#settings;
    if (this.#untimed) return this.#end(end);
    if (this.#said) this.#backoff.reset();
    else if (this.#begun && end.kind === 'broken') await sleep(clock, this.#backoff.nextMs(), this.#abort.signal);
    while (!this.#over) {
      try {
        const next = await (this.#target.follow ? this.#followOn(end) : this.#finishOn(end));
        this.#failingSinceMs = undefined;
        if (next !== 'wait') return;
      } catch (failure) {
        if (this.#over) return;
        this.#failed(failure);
      }
      await sleep(clock, this.#backoff.nextMs(), this.#abort.signal);
    }
  }

  /** @throws what it is given when that is final */
  #failed(failure: unknown): void {
    const nowMs = this.#settings.clock.now();
    this.#failingSinceMs ??= nowMs;
    const failingMs = nowMs - this.#failingSinceMs;
    if (!(failure instanceof UpstreamRefusal) || !failure.retryable || failingMs > patience.endsAfterMs) throw failure;
    if (failingMs > patience.tellAfterMs) this.#tell(remarks.unreachable);
  }

  /** A log that is not followed: its end is believed, unless it lies within a line. */
  async #finishOn(end: EndReason): Promise<void> {
    const whole = end.kind === 'completed' && (this.#lastByte === newline || !this.#cursor);
    if (end.kind === 'completed' && !whole) await this.#readRest(this.#target.previous);
    if (end.kind === 'completed') this.#end(end);
    else await this.#stream();
  }

  /** Close codes say nothing about a log: the container does (facts 9, 3). */
  async #followOn(end: EndReason): Promise<'wait' | undefined> {
    const look = await this.#look();
    if (look === 'gone') return this.#end(podGone);
    if (look === 'hidden') {
      if (end.kind !== 'completed') await this.#stream();
      else await this.#endAfterRest(end);
      return undefined;
    }
    const { current, previous } = look;
    if (!current) return look.podOver ? this.#end(containerEnded(undefined)) : 'wait';
    if (this.#run === 0) this.#run = current.id;
    if (current.id !== this.#run) return this.#followNext(current.id, previous);
    if (current.running) await this.#stream();
    else if (look.restarts && !this.#target.once) {
      await this.#readRest(false);
      this.#tell(remarks.waits(current));
      return 'wait';
    } else await this.#endAfterRest(containerEnded(current));
    return undefined;
  }

  /** The container was started again: what its last run still said, then the new one. */
  async #followNext(run: number, previous: ContainerLook['previous']): Promise<undefined> {
    if (previous?.id === this.#run) await this.#readRest(true);
    else if (!this.#restRead) this.#settings.events.remark(remarks.lostRun);
    if (this.#target.once) return this.#end(containerEnded(previous));
    this.#settings.events.remark(remarks.restarted);
    this.#run = run;
    this.#cursor = undefined;
    this.#wholeRun = true;
    this.#restRead = false;
    this.#told = '';
    await this.#stream();
    return undefined;
  }

  async #endAfterRest(end: EndReason): Promise<void> {
    await this.#readRest(false);
    this.#end(end);
  }

  async #look(): Promise<ContainerLook | 'gone' | 'hidden'> {
    try {
      return await this.#settings.look(this.#abort.signal);
    } catch (failure) {
      const reason = failure instanceof UpstreamRefusal ? failure.end.reason : undefined;
      if (reason === 'pod-not-found') return 'gone';
      if (reason === 'forbidden') return 'hidden';
      throw failure;
    }
  }

  /** Once for each cause. */
  #tell(remark: string): void {
    if (this.#told !== remark) this.#settings.events.remark(remark);
    this.#told = remark;
  }

  #end(end: EndReason): undefined {
    if (this.#over) return;
    this.close();
    this.#settings.events.ended(end);
  }
}
