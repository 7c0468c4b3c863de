import type { Clock } from '../../base/clock.ts';
import type { Cluster, ClusterEntry } from '../kubernetes/cluster.ts';
import { type JsonObject, jsonObject, list, text } from '../kubernetes/pod-summary.ts';
import { ServerCluster, type ServerSettings } from '../kubernetes/server-cluster.ts';

/** A page is at most 1000 clusters: nobody has so many pages, and a server that always names a next one does not hold anybody up. */
export const mostRancherPages = 20;

/** A whole Rancher: its clusters are those that it shows to whoever asks (UP11). */
export class Rancher {
  /** Everything below it is asked with the same access, its own API too. */
  readonly root: Cluster;

  /** @throws CodedError `bad-server` */
  constructor(settings: ServerSettings, clock: Clock) {
    this.root = new ServerCluster({ ...settings, id: 'rancher' }, clock);
  }

  /** Any id: whether there is such a cluster, and for whom, is Rancher's to say. */
  cluster(id: string): Cluster {
    const { root } = this;
    const baseUrl = new URL(root.baseUrl);
    baseUrl.pathname = `${baseUrl.pathname.replace(/\/+$/, '')}/k8s/clusters/${encodeURIComponent(id)}`;
    return { id, name: id, baseUrl, access: (credential) => root.access(credential), expire: () => root.expire?.() };
  }
}

/** The clusters of one page of `/v3/clusters`. */
export function clustersOf(page: JsonObject): readonly ClusterEntry[] {
  return list(page['data']).flatMap((cluster) => {
    const id = text(cluster['id']);
    if (id === '') return [];
    const state = text(cluster['state']);
    const active = state === '' || state === 'active';
    return { id, name: text(cluster['name']) || id, ...(active ? {} : { state }) };
  });
}

/**
 * Where the next page begins. Rancher gives it as a URL, possibly of the name it knows itself by: only the marker is taken of it, so that
 * no answer can send the credential elsewhere.
 */
export function nextMarker(page: JsonObject): string | undefined {
  const next = text(jsonObject(page['pagination'])['next']);
  const marker = URL.canParse(next, 'https://here.invalid') ? new URL(next, 'https://here.invalid').searchParams.get('marker') : null;
  return marker ?? undefined;
}

/** Of `/v3/users?me=true`. */
export function userIdOf(page: JsonObject): string {
  return text(list(page['data'])[0]?.['id']);
}
