/** Times and bounds of the drop-in door, each with its reason. */

/**
 * Output of one session that its client's socket has not taken: the worker writes no further ahead (FC2). The edge reads all of it at
 * once, so that nothing is left on the log when the session has ended and its keys go.
 */
const unsentOutputBytes = 256 * 1024;

/** The credit's window that makes it so: a worker writes ahead by two of them. */
export const windowBytes = unsentOutputBytes / 2;

/** Input of a client that is not typed: from this mark on its socket is not read, until half of it is typed (FC5). */
export const unreadInputBytes = 256 * 1024;

/**
 * How long a worker that hears nothing of the edge keeps the process, and how long an ended session can be read. A client that has left
 * is not waited for: its edge ends the session.
 */
export const graceMs = 30_000;

/** The worker has this long to end a session whose client has left; then it counts as one that nobody drives. */
export const leaveWithinMs = 5_000;

/** From the request to the upstream's answer: three tries of a log's 40 s are within it. */
export const openWithinMs = 150_000;

/** Of a terminal whose client has not told a size yet. */
export const firstSize = { cols: 80, rows: 24 } as const;
