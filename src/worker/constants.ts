/** Times and bounds of a worker, each with its reason (design section 10). */

/** Keys of a session live 15 minutes after the last touch: long enough for a restart of every worker (LG9). */
export const touchEveryMs = 60_000;

/**
 * Output offered to the log's writer and not yet encoded: it coalesces while one append is un-answered (FC6). Beyond: the upstream is paused until an answer came, so that a flood takes a bounded part of an event-loop turn (FC8).
 */
export const pendingOutputBytes = 128 * 1024;

/**
 * Output that one session takes from its upstream in one turn of the event loop, its last piece beyond it; then the upstream is paused
 * until the next turn (FC8). Some 0.1 ms of work.
 */
export const turnOutputBytes = 128 * 1024;

/** Entries of a busy session are not cut smaller than this, however slow its driver. */
export const minEntryBytes = 8 * 1024;

/** Frames that all sessions of a worker keep for a resend; beyond, each keeps its share (FC4). A Redis that comes back empty gets them again. */
export const outputRings = { totalBytes: 32 * 1024 * 1024, keepMs: Number.POSITIVE_INFINITY } as const;

/** What Redis keeps around the content of an entry, rounded up: our header, the stream's node. */
export const aroundEntryBytes = 256;

/** Input read from the log before it can be typed: upstream not open, or its buffer full. Beyond: the reader parks, the log holds it. */
export const queuedInputBytes = 64 * 1024;

/** `typed` is told with the next output, not more often than this, or when so much was typed (FC2). */
export const typedEvery = { ms: 250, bytes: 16 * 1024 } as const;

/** A stalled worker asks its driver this often, doubling; without an answer for `goneMs` nobody drives (FC2). */
export const stallProbe = { firstMs: 250, mostMs: 2000, goneMs: 5000 } as const;

/** Typed input is trimmed from its log in steps of this. */
export const inputTrimBytes = 64 * 1024;

/** Tries of an upstream that may succeed later (busy, unreachable), before the refusal is final. */
export const openTries = 3;

/** The longest that an upstream's Retry-After is waited for between two of them: a person waits, too. */
export const mostRetryAfterMs = 30_000;

/** Sessions of a dead worker that are taken side by side: those of one broker's worth of round trips, in a bounded part of its time (LS2). */
export const inheritLanes = 16;

/** Sessions that edges name for one silent worker, beside those in its index. What is beyond is named again (LS2). */
export const reportedSessions = 1024;
