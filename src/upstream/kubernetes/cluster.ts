import type { ConnectionOptions } from 'node:tls';
import type { Credential } from '../upstream.ts';

/** One Kubernetes API server, or one cluster behind Rancher. */
export interface Cluster {
  /** As in `Target.cluster`. */
  readonly id: string;
  /** For people. */
  readonly name: string;
  /** Scheme, host and the path that everything is below; never a query. */
  readonly baseUrl: URL;
  /**
   * How to speak to it as the user, or as the relay itself when there is no credential.
   * @throws OpenFailure for a credential that no header can carry, and when the relay's own cannot be read
   */
  access(credential: Credential | undefined): Promise<ClusterAccess>;
}

/**
 * Headers and TLS belong together: a client certificate of the relay must never travel with a user's credential, because the API server
 * looks at certificates first and would take the user for the relay.
 */
export interface ClusterAccess {
  /** A list is one header line for each value. */
  readonly headers: { readonly [name: string]: string | string[] };
  readonly tls: TlsOptions;
}

export type TlsOptions = Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'pfx' | 'passphrase' | 'rejectUnauthorized' | 'servername'>;

export interface ClusterRegistry {
  list(): readonly { readonly id: string; readonly name: string }[];
  get(id: string): Cluster | undefined;
}
