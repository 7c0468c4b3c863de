import { readFile } from 'node:fs/promises';
import type { Clock } from '../../base/clock.ts';
import { CodedError } from '../../base/coded-error.ts';
import { readClustersFile } from '../clusters/clusters-file.ts';
import { readKubeconfig } from '../clusters/kubeconfig.ts';
import { Rancher } from '../clusters/rancher.ts';
import type { Cluster, ClusterEntry, ClusterRegistry } from './cluster.ts';
import { type InClusterSettings, inClusterServer, ServerCluster, type ServerSettings, serviceAccount } from './server-cluster.ts';

/** Where the clusters of a relay come from. */
export type ClusterSource =
  | ({ readonly kind: 'server' } & ServerSettings)
  /** A whole Rancher; `server` is its own URL. */
  | ({ readonly kind: 'rancher' } & ServerSettings)
  | { readonly kind: 'kubeconfig'; readonly file: string; readonly context?: string; readonly environment: NodeJS.ProcessEnv }
  | { readonly kind: 'clusters-file'; readonly file: string; readonly environment: NodeJS.ProcessEnv }
  | ({ readonly kind: 'in-cluster' } & InClusterSettings);

/** The clusters of this relay, fixed at its start, and those of a Rancher, which it is asked for. */
export class Clusters implements ClusterRegistry {
  readonly rancher: Rancher | undefined;
  readonly #fixed: ReadonlyMap<string, Cluster>;

  /** @throws CodedError `same-cluster` when two have one id */
  constructor(clusters: readonly Cluster[], rancher?: Rancher) {
    this.rancher = rancher;
    this.#fixed = new Map(clusters.map((cluster) => [cluster.id, cluster]));
    if (this.#fixed.size < clusters.length) throw new CodedError('same-cluster', 'Two clusters have the same id.');
  }

  fixed(): readonly ClusterEntry[] {
    return [...this.#fixed.values()].map(({ id, name }) => ({ id, name }));
  }

  get(id: string): Cluster | undefined {
    return this.#fixed.get(id) ?? this.rancher?.cluster(id);
  }
}

export interface OpenedClusters {
  readonly clusters: Clusters;
  /** What was left out, each with a sentence about why. */
  readonly problems: readonly CodedError[];
}

/** @throws CodedError with one sentence when the source is wrong */
export async function openClusters(source: ClusterSource, clock: Clock): Promise<OpenedClusters> {
  const direct = (settings: readonly ServerSettings[]) => new Clusters(settings.map((one) => new ServerCluster(one, clock)));
  switch (source.kind) {
    case 'server':
      return { clusters: direct([source]), problems: [] };
    case 'rancher':
      return { clusters: new Clusters([], new Rancher(source, clock)), problems: [] };
    case 'in-cluster':
      return { clusters: direct([await withNamespace(source)]), problems: [] };
    case 'clusters-file':
      return { clusters: direct(await readClustersFile(source.file, source.environment)), problems: [] };
    case 'kubeconfig': {
      const { clusters, problems } = await readKubeconfig(source);
      return { clusters: direct(clusters), problems };
    }
  }
}

async function withNamespace(source: InClusterSettings): Promise<ServerSettings> {
  const namespace = await readFile(`${source.directory ?? serviceAccount}/namespace`, 'utf8').catch(() => '');
  return { ...inClusterServer(source), ...(namespace.trim() === '' ? {} : { namespace: namespace.trim() }) };
}
