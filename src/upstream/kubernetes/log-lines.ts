import { concat } from '../../protocol/bytes.ts';
import type { CursorSpan, LogCursor } from '../../protocol/log-cursor.ts';
import { kubeletWords, mostWordsBytes } from './kubelet-words.ts';
import { LineCounts } from './line-counts.ts';
import { type LogStamp, LogStampReader } from './log-stamp.ts';

export interface LogLinesEvents {
  /** New output. Without a span: the upstream gives no times, so nobody could go on behind it. */
  output(bytes: Uint8Array, span: CursorSpan | undefined): void;
  /** The kubelet's own words inside the log. */
  kubelet(text: string): void;
  /** Of what was asked for from the cursor on, the place of the cursor is not there: lines between it and what follows may be missing. */
  missed(): void;
}

export interface LogLinesSettings {
  /** The user wants the times too. */
  readonly stamped: boolean;
  /** Where the log was left: what comes up to there is known. */
  readonly after: LogCursor | undefined;
  /** Of the container; 0: not known (yet). */
  readonly run: () => number;
}

type LineTime = Pick<LogStamp, 'seconds' | 'nanos'>;

/** Newer lines in front of the one that is looked for, whose writers crossed: no further apart than this. */
const crossingSeconds = 1;
/** Newer lines that are kept while the place of the cursor may still come. Beyond: it does not (bytes). */
const keptBytes = 64 * 1024;

const newline = 0x0a;

/**
 * One stream of a log with a time in front of every line, cut anywhere: takes the times off, leaves out what is known already, and says
 * where each piece of output begins and ends (UP6). Pure.
 */
export class LogLines {
  readonly #settings: LogLinesSettings;
  readonly #events: LogLinesEvents;
  readonly #stamps = new LogStampReader();
  #counts = new LineCounts();
  /** An unfinished time, or the words of a line that has none. */
  #begun: Uint8Array = new Uint8Array();
  #atLineStart = true;
  #stamp: LineTime | undefined;
  /** The last whole line: its time and how many had that; before there is one, the first line and none. */
  #place: (LineTime & { readonly lines: number }) | undefined;
  /** Output behind that line. */
  #bytes = 0;
  /** Until the place of the cursor is reached, and then how many bytes of output are known behind it. */
  #sought: LogCursor | undefined;
  #knownBytes = 0;
  #lineIsNew = false;
  #kept: Uint8Array[] = [];
  #keptBytes = 0;
  #countsBefore: LineCounts | undefined;
  #out: Uint8Array[] = [];
  #outBefore: LogCursor | undefined;

  constructor(settings: LogLinesSettings, events: LogLinesEvents) {
    this.#settings = settings;
    this.#events = events;
    this.#sought = settings.after;
  }

  /** Newer lines wait for the place of the cursor, which may still come. */
  get holds(): boolean {
    return this.#keptBytes > 0;
  }

  add(chunk: Uint8Array): void {
    this.#read(chunk);
    this.#flush();
  }

  /** The stream is over: what is un-decided is output. */
  end(): void {
    this.giveUp();
    const rest = this.#takeBegun();
    if (rest.length > 0) this.#words(rest);
    this.#flush();
  }

  /** What is newer is waited for no longer: the place of the cursor is not there. */
  giveUp(): void {
    if (!this.#sought || !this.holds) return;
    this.#stopSeeking();
    this.#flush();
  }

  #read(chunk: Uint8Array): void {
    const begun = this.#takeBegun();
    const bytes = begun.length > 0 ? concat([begun, chunk]) : chunk;
    for (let at = 0; at < bytes.length; ) {
      let from = at;
      if (this.#atLineStart) {
        const stamp = this.#stamps.read(bytes, at);
        if (stamp === 'short') {
          this.#begun = bytes.slice(at);
          return;
        }
        if (stamp === undefined) {
          const end = bytes.indexOf(newline, at) + 1;
          if (end === 0 && bytes.length - at < mostWordsBytes) {
            this.#begun = bytes.slice(at);
            return;
          }
          at = end === 0 ? bytes.length : end;
          this.#words(bytes.subarray(from, at));
          continue;
        }
        this.#beginLine(stamp);
        if (!this.#settings.stamped && !this.#keeps) from += stamp.length;
        at += stamp.length;
      }
      const end = bytes.indexOf(newline, at) + 1;
      at = end === 0 ? bytes.length : end;
      this.#give(bytes.subarray(from, at));
      // Not when what was kept has been read again meanwhile, this piece with it.
      if (end > 0 && !this.#atLineStart) this.#endLine();
    }
  }

  /** A line without a time: the kubelet's own words, or of an upstream that gives no times. */
  #words(line: Uint8Array): void {
    const words = kubeletWords(line);
    if (words !== undefined) {
      this.#flush();
      this.#events.kubelet(words);
      return;
    }
    this.#give(line);
    this.#atLineStart = line.at(-1) === newline;
  }

  /** Newer than what is sought: kept as it came, with its time. */
  get #keeps(): boolean {
    return this.#sought !== undefined && this.#lineIsNew;
  }

  #beginLine(stamp: LogStamp): void {
    const sought = this.#sought;
    if (sought) {
      const newer = stamp.seconds > sought.seconds || (stamp.seconds === sought.seconds && stamp.nanos > sought.nanos);
      if (newer && stamp.seconds > sought.seconds + crossingSeconds) this.#stopSeeking();
      else if (newer) this.#countsBefore ??= this.#counts.copy();
      this.#lineIsNew = newer;
    }
    this.#atLineStart = false;
    this.#stamp = stamp;
    this.#place ??= { seconds: stamp.seconds, nanos: stamp.nanos, lines: 0 };
    if (this.#sought?.lines === 0 && isAt(this.#sought, stamp)) this.#found();
  }

  #endLine(): void {
    this.#atLineStart = true;
    if (!this.#stamp) return;
    const { seconds, nanos } = this.#stamp;
    this.#place = { seconds, nanos, lines: this.#counts.add(seconds, nanos) };
    this.#bytes = 0;
    if (this.#sought && isAt(this.#sought, this.#place) && this.#place.lines === this.#sought.lines) this.#found();
  }

  /** The place of the cursor: what was kept came before it. */
  #found(): void {
    this.#knownBytes = this.#sought?.bytes ?? 0;
    this.#sought = undefined;
    this.#forgetKept();
  }

  #stopSeeking(): void {
    this.#sought = undefined;
    this.#flush();
    this.#events.missed();
    const kept = this.#kept;
    if (this.#countsBefore) this.#counts = this.#countsBefore;
    this.#forgetKept();
    if (kept.length === 0) return;
    this.#atLineStart = true;
    for (const piece of kept) this.#read(piece);
  }

  #forgetKept(): void {
    this.#kept = [];
    this.#keptBytes = 0;
    this.#countsBefore = undefined;
  }

  #give(bytes: Uint8Array): void {
    if (this.#sought) {
      if (!this.#lineIsNew) return;
      this.#kept.push(bytes.slice());
      this.#keptBytes += bytes.length;
      if (this.#keptBytes > keptBytes) this.#stopSeeking();
      return;
    }
    const known = Math.min(this.#knownBytes, bytes.length);
    this.#knownBytes -= known;
    this.#bytes += known;
    if (known === bytes.length) return;
    this.#outBefore ??= this.#cursor;
    this.#out.push(bytes.subarray(known));
    this.#bytes += bytes.length - known;
  }

  #flush(): void {
    if (this.#out.length === 0) return;
    const bytes = concat(this.#out);
    const [before, after] = [this.#outBefore, this.#cursor];
    this.#out = [];
    this.#outBefore = undefined;
    this.#events.output(bytes, before && after && { before, after });
  }

  get #cursor(): LogCursor | undefined {
    return this.#place && { run: this.#settings.run(), ...this.#place, bytes: this.#bytes };
  }

  #takeBegun(): Uint8Array {
    const begun = this.#begun;
    this.#begun = new Uint8Array();
    return begun;
  }
}

function isAt(cursor: LogCursor, { seconds, nanos }: LineTime): boolean {
  return cursor.seconds === seconds && cursor.nanos === nanos;
}
