/** Who speaks, as found at the border of an edge (ED1). The credential, if any, goes upstream in this user's name. */
export interface User {
  /** Stable name for ownership of sessions and for limits; never shown to others. */
  readonly subject: string;
  readonly credential:
    | { readonly kind: 'bearer'; readonly token: string }
    | { readonly kind: 'rancher-cookie'; readonly value: string }
    | undefined;
}
