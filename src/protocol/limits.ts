/** Bounds that both ends of the wire must agree on, each with its answer to "and then?". All sizes are bytes. */

/** Payload of one log entry. A longer piece of output or input is cut into several entries (FC6). */
export const maxEntryPayloadBytes = 64 * 1024;

/** A whole frame from a browser. A longer one closes the socket with `protocol` (WP2). Room for one input frame and its head. */
export const maxClientFrameBytes = 64 * 1024 + 256;

/** A whole frame to a browser: one entry and its header, a cursor in front of the bytes. */
export const maxServerFrameBytes = 64 * 1024 + 256;

/** JSON of one control frame. A longer one closes the socket with `protocol` (WP2). */
export const maxControlJsonBytes = 16 * 1024;

/** Output sent to one browser and not yet parsed by it. At this mark the edge keeps only a position (FC1). */
export const creditWindowBytes = { min: 16 * 1024, max: 256 * 1024 } as const;

/** Input that an edge lets a browser send beyond what the log has accepted. A client that sends more is closed with `flow` (FC5). */
export const inputGrantBytes = 64 * 1024;

/** Input in the log that the worker has not got past, of all streams. At this mark the edge stops accepting (FC5, LG9). */
export const inputUntypedBytes = 256 * 1024;

/** The output log. Its writer trims it from the front (LG9). */
export const outputLogBytes = 1024 * 1024;

/** Encoded frames a writer keeps because a fail-over could lose them (FC4). */
export const writerRingBytes = 512 * 1024;

/** Client streams given up and not yet accounted for that a `resume` may name; a client asks for the oldest first (RS6). */
export const lostStreams = 16;

/** Streams that a `resume` names because this client had them before, the newest first (DR1). */
export const formerStreams = 8;

/** Entries of one page of a catch-up read (DR3). */
export const pageEntries = 16;

/** Pushes kept while a page is being read. Beyond it they are dropped and read again (LG5). */
export const keptPushBytes = 64 * 1024;

/** Rows of a fence table, newest kept (LG1). */
export const fenceTableRows = 32;

/** The silence after which an edge gives a browser socket up (DR2): a browser may wake a hidden page's timers late. */
export const browserDeadMs = 40_000;
