import type { EndReason } from '../protocol/end-reason.ts';
import type { CursorSpan, LogCursor } from '../protocol/log-cursor.ts';
import type { Target } from '../protocol/target.ts';

/**
 * The way to what a session is connected to. One implementation speaks to Kubernetes and Rancher; the simulation has its own.
 * Bytes are as the process wrote them; nothing is decoded (WP1).
 */
export interface UpstreamOpener {
  /**
   * Opens the target. Resolves when the upstream accepted it.
   * @param credential whose name and rights it is opened with; undefined: the relay's own
   * @throws UpstreamRefusal when it will not start; nothing is left open then
   */
  open(request: UpstreamRequest, events: UpstreamEvents, signal: AbortSignal): Promise<Upstream>;
  /**
   * Hangs up the processes of a shell that the relay chose and that have outlived its connection (UP9).
   * @returns how many are left all the same
   * @throws UpstreamRefusal when that cannot be done, or nobody knows
   */
  hangUp(request: UpstreamRequest, signal: AbortSignal): Promise<number>;
}

export interface UpstreamRequest {
  readonly target: Target;
  readonly size: { readonly cols: number; readonly rows: number };
  readonly credential: Actor | undefined;
  /** Environment marker of shells the relay chooses (UP9). */
  readonly sessionId: string;
  /** A log that another worker has begun: where it was left (LS2). */
  readonly goOn?: LogLeft;
}

export interface LogLeft {
  readonly cursor: LogCursor;
  /** Output given out so far. */
  readonly outputBytes: number;
}

/** Never logged, never in an error; sealed when it leaves the process (UP8). */
export type Credential = { readonly kind: 'bearer'; readonly token: string } | { readonly kind: 'rancher-cookie'; readonly value: string };

/** Somebody whom this relay has authenticated itself, and for whom it acts with its own credential (UP10). */
export interface Impersonation {
  readonly kind: 'impersonation';
  readonly user: string;
  readonly groups: readonly string[];
  readonly extra: { readonly [key: string]: readonly string[] };
}

/** In whose name something is asked. */
export type Actor = Credential | Impersonation;

/** Called in order, never after `ended`. The receiver owns `bytes`. */
export interface UpstreamEvents {
  /** @param span of a log: where the bytes begin and end in it */
  output(bytes: Uint8Array, source: 'stdout' | 'stderr', span?: CursorSpan): void;
  /** A word to whoever reads, from this relay, at this place of the output. */
  remark(text: string): void;
  /** `write` may go on after it had answered false. */
  drained(): void;
  /** Once, after all output. */
  ended(reason: EndReason): void;
}

export interface Upstream {
  /**
   * Input, unfragmented, cut into pieces the upstream takes (UP2). The bytes are sent or the upstream ends: nothing is dropped silently.
   * @returns false when its buffer has passed the mark: stop until `drained` (FC5)
   */
  write(bytes: Uint8Array): boolean;
  /** Input that was written and that the network has not taken yet. */
  readonly unsentBytes: number;
  /** Ignored without a TTY (UP2). Whole numbers from 1 to 65535. */
  resize(cols: number, rows: number): void;
  /** End of input. @returns false when this upstream cannot be told (only v5 without a TTY can, UP2) */
  endInput(): boolean;
  /** Stops reading: the upstream is blocked by TCP, nothing is lost (FC2). What one read has brought in still comes, at most 64 KiB. Idempotent. */
  pause(): void;
  resume(): void;
  /** Ends the connection; idempotent. `ended` is not called after it. */
  close(): void;
}

/** Why an upstream did not start, fit to be shown. */
export class UpstreamRefusal extends Error {
  readonly end: EndReason;
  /** A later try with the same request may succeed (busy, unreachable, not scheduled yet). */
  readonly retryable: boolean;
  /** Not before this time, as the upstream asked. */
  readonly retryAfterMs: number | undefined;

  constructor(end: EndReason, retryable: boolean, retryAfterMs?: number) {
    super(end.message);
    this.name = 'UpstreamRefusal';
    this.end = end;
    this.retryable = retryable;
    this.retryAfterMs = retryAfterMs;
  }
}
