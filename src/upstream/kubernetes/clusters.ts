import type { Clock } from '../../base/clock.ts';
import { CodedError } from '../../base/coded-error.ts';
import type { Cluster, ClusterRegistry } from './cluster.ts';
import { type InClusterSettings, inClusterServer, ServerCluster, type ServerSettings } from './server-cluster.ts';

/** Where one cluster comes from. */
export type ClusterSource =
  | ({ readonly kind: 'server' } & ServerSettings)
  | { readonly kind: 'kubeconfig'; readonly file: string; readonly context?: string }
  | ({ readonly kind: 'in-cluster' } & InClusterSettings);

/** The clusters of this relay, fixed at its start. */
export class Clusters implements ClusterRegistry {
  readonly #clusters: ReadonlyMap<string, Cluster>;

  /** @throws CodedError `same-cluster` when two have one id */
  constructor(clusters: readonly Cluster[]) {
    this.#clusters = new Map(clusters.map((cluster) => [cluster.id, cluster]));
    if (this.#clusters.size < clusters.length) throw new CodedError('same-cluster', 'Two clusters have the same id.');
  }

  list(): readonly { readonly id: string; readonly name: string }[] {
    return [...this.#clusters.values()].map(({ id, name }) => ({ id, name }));
  }

  get(id: string): Cluster | undefined {
    return this.#clusters.get(id);
  }
}

/** @throws CodedError with one sentence when a source is wrong */
export async function openClusters(sources: readonly ClusterSource[], clock: Clock): Promise<Clusters> {
  return new Clusters(await Promise.all(sources.map((source) => openCluster(source, clock))));
}

async function openCluster(source: ClusterSource, clock: Clock): Promise<Cluster> {
  switch (source.kind) {
    case 'server':
      return new ServerCluster(source, clock);
    case 'in-cluster':
      return new ServerCluster(inClusterServer(source), clock);
    case 'kubeconfig': {
      const { openKubeconfigCluster } = await import('./kubeconfig-cluster.ts');
      return openKubeconfigCluster(source);
    }
  }
}
