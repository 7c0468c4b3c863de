/**
 * Close codes of the browser socket, one table (WP4). 4000–4499: come back, on any edge. 4500–4999: final, the reason is shown.
 * The `close` frame that precedes the close carries the same code and a longer text.
 */
export const CloseCode = {
  /** This edge is going away (ED3). */
  draining: 4000,
  /** No answer to pings for {@link browserDeadMs}. */
  silent: 4001,
  /** Redis cannot be reached. */
  brokerLost: 4002,
  /** The same client has connected again; this socket is the old one. */
  moved: 4003,
  /** A limit on sessions or memory was reached (FC7); text names it. */
  busy: 4004,
  /** The socket's send buffer passed its hard bound (FC1). */
  slow: 4006,
  /** A session that may still be coming back after a broker restart (LG11). */
  notYet: 4005,
  /** The sign-in that this socket was opened with has expired or was revoked: with another one it may come back (ED5). */
  signInOver: 4007,
  /** A frame that breaks the protocol (WP2). */
  protocol: 4500,
  /** The client sent more than it was granted (FC5). */
  flow: 4501,
  /** Not signed in, or the access token is wrong. */
  unauthorized: 4502,
  /** Signed in, without the right to this. */
  forbidden: 4503,
  /** No such session, or its grace time is over. */
  unknownSession: 4504,
  /** The ticket was used or is too old. */
  badTicket: 4505,
  /** The session has ended; its exit was delivered. */
  ended: 4506,
  /** A bug of this relay. */
  internal: 4507,
} as const;

export type CloseCode = (typeof CloseCode)[keyof typeof CloseCode];

/** Whether a client should connect again after this code. 1005, 1006 and other standard codes are a broken connection: come back. */
export function mayComeBack(code: number): boolean {
  return code < 4500;
}
