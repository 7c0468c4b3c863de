import type { Agent } from 'node:https';
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
  /** Where a user who may not list namespaces is led. */
  readonly namespace?: string | undefined;
  /**
   * How to speak to it as the user, or as the relay itself when there is no credential.
   * @throws OpenFailure for a credential that no header can carry, and when the relay's own cannot be read
   */
  access(credential: Credential | undefined): Promise<ClusterAccess>;
  /** The relay's own credential was refused: the next access has what there is by then. */
  expire?(): void;
}

/**
 * Headers and TLS belong together: a client certificate of the relay must never travel with a user's credential, because the API server
 * looks at certificates first and would take the user for the relay.
 */
export interface ClusterAccess {
  /** A list is one header line for each value. */
  readonly headers: { readonly [name: string]: string | string[] };
  readonly tls: TlsOptions;
  /** The way there, if it is not the direct one. */
  readonly agent?: Agent;
}

export type TlsOptions = Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'rejectUnauthorized' | 'servername'>;

/** A cluster as the picker shows it. */
export interface ClusterEntry {
  readonly id: string;
  readonly name: string;
  /** Why it can hardly be used now, in Rancher's words: `unavailable`, `provisioning`, …; absent: it can. */
  readonly state?: string;
}

export interface ClusterRegistry {
  /** Those that are known without asking anybody, the first one first. */
  fixed(): readonly ClusterEntry[];
  get(id: string): Cluster | undefined;
  /** Where more clusters are asked for. */
  readonly rancher?: { readonly root: Cluster } | undefined;
}
