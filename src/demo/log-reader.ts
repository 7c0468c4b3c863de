import type { ContainerLog } from './container-log.ts';

export interface LogQuery {
  readonly follow: boolean;
  readonly timestamps: boolean;
  readonly tailLines: number | undefined;
  readonly sinceMs: number | undefined;
  readonly limitBytes: number | undefined;
}

/** Where a log goes: an HTTP body or a WebSocket. */
export interface LogSink {
  /** @returns false when it is full: nothing more until `pump` is called again */
  write(bytes: Uint8Array): boolean;
  end(): void;
}

/** One log request. It holds a place, not lines: a sink that is slow costs nothing, and may find that old lines have gone. */
export class LogReader {
  readonly #log: ContainerLog;
  readonly #query: LogQuery;
  readonly #sink: LogSink;
  readonly #stopListening: () => void;
  #next: number;
  #leftBytes: number;
  #full = false;
  #ended = false;

  constructor(log: ContainerLog, query: LogQuery, sink: LogSink) {
    this.#log = log;
    this.#query = query;
    this.#sink = sink;
    this.#next = firstLine(log, query);
    this.#leftBytes = query.limitBytes ?? Number.POSITIVE_INFINITY;
    this.#stopListening = query.follow ? log.onLine(() => this.#pump()) : () => {};
    this.#pump();
  }

  /** The sink has room again. */
  drained(): void {
    this.#full = false;
    this.#pump();
  }

  stop(): void {
    this.#ended = true;
    this.#stopListening();
  }

  #pump(): void {
    this.#next = Math.max(this.#next, this.#log.firstNumber);
    while (!this.#full && !this.#ended && this.#leftBytes > 0) {
      const line = this.#log.line(this.#next);
      if (!line) break;
      const whole = this.#query.timestamps ? Buffer.concat([line.prefix, line.bytes]) : line.bytes;
      const bytes = whole.subarray(0, this.#leftBytes);
      this.#leftBytes -= bytes.length;
      this.#next += 1;
      this.#full = !this.#sink.write(bytes);
    }
    const complete = this.#leftBytes === 0 || (!this.#query.follow && this.#next >= this.#log.nextNumber);
    if (!complete || this.#ended) return;
    this.stop();
    this.#sink.end();
  }
}

function firstLine(log: ContainerLog, { tailLines, sinceMs }: LogQuery): number {
  let number = log.firstNumber;
  if (tailLines !== undefined) number = Math.max(number, log.nextNumber - tailLines);
  if (sinceMs !== undefined) while (number < log.nextNumber && (log.line(number)?.atMs ?? 0) < sinceMs) number += 1;
  return number;
}

/** @param nowMs wall clock @returns the API server's sentence when the query is wrong */
export function parseLogQuery(query: URLSearchParams, nowMs: number): LogQuery | string {
  const tailLines = whole(query.get('tailLines'), 0);
  const sinceSeconds = whole(query.get('sinceSeconds'), 1);
  const limitBytes = whole(query.get('limitBytes'), 1);
  const sinceTime = query.get('sinceTime');
  if (tailLines === 'wrong') return 'tailLines: must be greater than or equal to 0';
  if (sinceSeconds === 'wrong') return 'sinceSeconds: must be greater than 0';
  if (limitBytes === 'wrong') return 'limitBytes: must be greater than 0';
  if (sinceSeconds !== undefined && sinceTime !== null) return 'at most one of `sinceTime` or `sinceSeconds` may be specified';
  // The kubelet is asked by whole seconds only.
  const sinceMs = sinceTime === null ? undefined : Math.floor(Date.parse(sinceTime) / 1000) * 1000;
  if (Number.isNaN(sinceMs)) return 'sinceTime: not a time';
  return {
    follow: isTrue(query.get('follow')),
    timestamps: isTrue(query.get('timestamps')),
    tailLines,
    sinceMs: sinceSeconds === undefined ? sinceMs : nowMs - sinceSeconds * 1000,
    limitBytes,
  };
}

function whole(text: string | null, from: number): number | undefined | 'wrong' {
  if (text === null) return undefined;
  const value = /^-?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  return value >= from ? value : 'wrong';
}

/** Only absent, `0` and `false` are false. */
export function isTrue(text: string | null): boolean {
  return text !== null && text !== '0' && text !== 'false';
}
