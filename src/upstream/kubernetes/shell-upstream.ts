import type { Clock, Timer } from '../../base/clock.ts';
import type { EndReason } from '../../protocol/end-reason.ts';
import { type Upstream, type UpstreamEvents, UpstreamRefusal } from '../upstream.ts';
import { type ShellCandidate, shellCandidates } from './shell-command.ts';

type Size = { readonly cols: number; readonly rows: number };

export interface ShellSettings {
  readonly sessionId: string;
  readonly tty: boolean;
  readonly size: Size;
  readonly events: UpstreamEvents;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Opens one exec. @throws UpstreamRefusal */
  readonly exec: (command: readonly string[], size: Size, events: UpstreamEvents, signal: AbortSignal) => Promise<Upstream>;
}

/** A shell that is not there fails at once. One that has failed to fail for this long runs, also if it is silent. */
const provenAfterMs = 5_000;
/** Keys kept for the next candidate until this one has proved itself. At this mark the typing stops until it has (UP5). */
const keptInputBytes = 64 * 1024;

const internalFailure: EndReason = { kind: 'failed', reason: 'internal', message: 'The relay failed to open a shell.' };

/**
 * The first shell of several that is there (UP5). What was typed, sized, paused or ended meanwhile is done again to the next candidate, in
 * order, so that the change is not to be seen.
 */
export class ShellUpstream implements Upstream, UpstreamEvents {
  readonly #settings: ShellSettings;
  readonly #waiting: ShellCandidate[];
  readonly #tried: string[] = [];
  readonly #abort = new AbortController();
  #current: Upstream | undefined;
  #proof: Timer | undefined;
  #proven = false;
  #kept: Uint8Array[] = [];
  #keptBytes = 0;
  #size: Size;
  #inputEnded = false;
  #paused = false;
  #closed = false;
  #owesDrained = false;

  private constructor(settings: ShellSettings) {
    this.#settings = settings;
    this.#size = settings.size;
    this.#waiting = [...shellCandidates(settings.sessionId, settings.tty)];
  }

  /** Resolves when the first candidate was accepted; what it turns out to lack is found out behind the scenes. */
  static async open(settings: ShellSettings): Promise<Upstream> {
    const shell = new ShellUpstream(settings);
    await shell.#next(settings.signal);
    return shell;
  }

  output(bytes: Uint8Array, source: 'stdout' | 'stderr'): void {
    this.#prove();
    this.#settings.events.output(bytes, source);
  }

  remark(text: string): void {
    this.#settings.events.remark(text);
  }

  drained(): void {
    // Kept input is not let go before the proof: then the caller hears of it.
    if (this.#proven || this.#keptBytes < keptInputBytes) this.#tellDrained();
  }

  ended(reason: EndReason): void {
    this.#proof?.cancel();
    const missing = !this.#proven && reason.kind === 'refused' && reason.reason === 'command-not-found';
    if (missing && isWindows(reason)) this.#only('cmd');
    if (!missing) this.#end(reason);
    else if (this.#waiting.length === 0) this.#end(this.#noShell(reason));
    else this.#tryNext();
  }

  write(bytes: Uint8Array): boolean {
    if (this.#closed || this.#inputEnded) return true;
    let free = true;
    if (!this.#proven) {
      this.#kept.push(bytes);
      this.#keptBytes += bytes.length;
      free = this.#keptBytes < keptInputBytes;
    }
    if (this.#current?.write(bytes) === false) free = false;
    if (!free) this.#owesDrained = true;
    return free;
  }

  get unsentBytes(): number {
    return this.#keptBytes + (this.#current?.unsentBytes ?? 0);
  }

  resize(cols: number, rows: number): void {
    this.#size = { cols, rows };
    this.#current?.resize(cols, rows);
  }

  endInput(): boolean {
    if (!this.#current) return false;
    const told = this.#current.endInput();
    this.#inputEnded ||= told;
    return told;
  }

  pause(): void {
    this.#paused = true;
    this.#current?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#current?.resume();
  }

  close(): void {
    this.#closed = true;
    this.#proof?.cancel();
    this.#abort.abort();
    this.#current?.close();
  }

  /** Of those that were not tried yet. */
  #only(name: string): void {
    this.#waiting.splice(0, Infinity, ...this.#waiting.filter((candidate) => candidate.name === name));
  }

  #tryNext(): void {
    this.#current = undefined;
    this.#next(this.#abort.signal).catch((failure: unknown) =>
      this.#end(failure instanceof UpstreamRefusal ? failure.end : internalFailure),
    );
  }

  async #next(signal: AbortSignal): Promise<void> {
    const candidate = this.#waiting.shift() as ShellCandidate; // never asked for when empty
    this.#tried.push(candidate.name);
    const size = this.#size;
    const upstream = await this.#settings.exec(candidate.command, size, this, signal);
    if (this.#closed) return upstream.close();
    this.#current = upstream;
    if (this.#paused) upstream.pause();
    if (this.#size !== size) upstream.resize(this.#size.cols, this.#size.rows);
    for (const bytes of this.#kept) upstream.write(bytes);
    if (this.#inputEnded) upstream.endInput();
    this.#proof = this.#settings.clock.after(provenAfterMs, () => this.#prove());
  }

  #prove(): void {
    if (this.#proven) return;
    this.#proven = true;
    this.#proof?.cancel();
    this.#kept = [];
    this.#keptBytes = 0;
    this.#tellDrained();
  }

  #tellDrained(): void {
    if (!this.#owesDrained) return;
    this.#owesDrained = false;
    this.#settings.events.drained();
  }

  #end(reason: EndReason): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#settings.events.ended(reason);
  }

  #noShell(last: EndReason): EndReason {
    return { ...last, reason: 'no-shell', message: `There is no shell in this container; tried ${this.#tried.join(', ')}.` };
  }
}

/**
 * Windows' own words for a program that is not there: then none of the others is there either. Asking for the node's operating system would
 * need rights that users of pods do not have.
 */
function isWindows({ status = '' }: EndReason): boolean {
  return /hcs::|hcsshim|CreateProcess|The system cannot find the (file|path) specified/i.test(status);
}
