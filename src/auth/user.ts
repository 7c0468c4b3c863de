/** What goes upstream in a user's name. Never logged, never in an error; sealed when it leaves the process (UP8). */
export type UserCredential =
  | { readonly kind: 'bearer'; readonly token: string }
  | { readonly kind: 'rancher-cookie'; readonly value: string }
  /** The relay's own credential goes upstream, and acts for somebody whom this relay has authenticated itself. */
  | {
      readonly kind: 'impersonation';
      readonly user: string;
      readonly groups: readonly string[];
      readonly extra: { readonly [key: string]: readonly string[] };
    };

/** Who speaks, as found at the border of an edge (ED1). The credential, if any, goes upstream in this user's name. */
export interface User {
  /** Stable name for ownership of sessions and for limits; never shown to others. */
  readonly subject: string;
  /** As whoever knows the users names this one: for grants and audit events, and nothing else. */
  readonly name: string;
  readonly groups: readonly string[];
  readonly credential: UserCredential | undefined;
  /** When what the user signed in with is over, by the wall clock; undefined: nobody has said. */
  readonly expiresAtMs: number | undefined;
}
