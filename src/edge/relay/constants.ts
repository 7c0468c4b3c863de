/** Times and bounds of the relay door (design section 10). */

/** Bytes in a socket's send buffer at which its reader parks, whatever its credit (FC1): entries are counted with their headers here. */
export const socketBufferBytes = 256 * 1024;

/** A session that no worker has claimed is queued again after this (LS2). */
export const requeueOpenMs = 3_000;

/** Frames of input that all attachments of an edge keep for a resend, and how long: their clients have the bytes too until they are typed. */
export const inputRings = { totalBytes: 32 * 1024 * 1024, keepMs: 2_000 } as const;

/** An input-ack is sent when so much more was accepted, and with every `typed` (FC5). */
export const ackInputBytes = 16 * 1024;

/** While input is accepted and not known to be typed, the edge asks for it (FC5), doubling. */
export const askTyped = { firstMs: 1_000, mostMs: 10_000 } as const;

/** How often an edge reads the lease of each distinct owner of its sessions (LS2). */
export const ownerSweepMs = 2_500;

/** Sessions of a silent owner that an edge names to the workers in one lease time: the queue is also that of new sessions (LS2). */
export const reportsPerLease = 64;

/** A skip ends here even if the worker's gap does not come: a worker skips for five seconds at most (FC9). */
export const skipAnswerMs = 6_000;

/** A client is told where the log ends while it has not acknowledged so much of it (FC9). */
export const queuedFromBytes = 32 * 1024;

/** A driver that was probed and did not answer is given up by its worker after five seconds; later news are about somebody else (DR2). */
export const probeAnswerMs = 8_000;

/** Pages that an edge reads at once for all its attachments: at most 16 MiB of entries under way. More wait their turn (DR3). */
export const catchUpReads = 16;

/** A broker that does not answer a take is asked again at most so far apart: a person waits for it. */
export const takeAgainMostMs = 1_000;
