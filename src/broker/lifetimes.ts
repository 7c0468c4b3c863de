import type { Releasable } from './broker.ts';

/** How long what lies in the broker lives. Both twins keep to it; tests hand in shorter ones. */
export interface Lifetimes {
  /** A session that no worker has claimed (LS4). */
  readonly waitingMs: number;
  /** A claimed session; refreshed by `touch` every minute, so that an owner may miss many of them (LG9). */
  readonly sessionMs: number;
  /** A worker's lease counter. Much longer than the lease: an outage of the broker must not make a counter vanish (LS1). */
  readonly leaseMs: number;
  /** A worker in the list of workers: a hint. */
  readonly workerMs: number;
  /** The list of a subject's sessions: a hint; a session is not listed longer than this after the subject's last new one. */
  readonly subjectMs: number;
  /** A pulled item that was not acknowledged for so long is delivered again: its worker has died between pull and claim (LS2). */
  readonly redeliverMs: number;
}

const minuteMs = 60_000;

export const defaultLifetimes: Lifetimes = {
  waitingMs: 2 * minuteMs,
  sessionMs: 15 * minuteMs,
  leaseMs: 60 * minuteMs,
  workerMs: 24 * 60 * minuteMs,
  subjectMs: 30 * 24 * 60 * minuteMs,
  redeliverMs: 10_000,
};

/** How long a session waits that was given back: one that had begun has clients who read it. */
export function releasedMs(which: Releasable, { waitingMs, sessionMs }: Lifetimes): number {
  return which === 'started' ? sessionMs : waitingMs;
}

/** A server that is up for less than this may have lost sessions whose owners are still to restore them: "unknown" is not final (LG11). */
export const youngMs = 30_000;

/** Client streams whose accepted offset and connection number a session remembers, newest kept (RS4, RS5). */
export const rememberedStreams = 16;

/** Items waiting in the opens queue. Beyond it the oldest are dropped: their edges queue them again while they wait (LS2). */
export const queuedOpens = 100_000;
