import type { Admission } from '../auth/grants.ts';
import { type Impersonation, ImpersonationProof } from '../auth/impersonation-proof.ts';
import type { ReviewName } from '../auth/passthrough-authenticator.ts';
import type { User } from '../auth/user.ts';
import type { Picker } from '../edge/http/picker.ts';
import type { EndReason } from '../protocol/end-reason.ts';
import type { Target } from '../protocol/target.ts';
import type { SessionRecord } from '../session/session-record.ts';
import type { Asker } from '../upstream/kubernetes/kubernetes-api.ts';
import { UpstreamRefusal } from '../upstream/upstream.ts';
import { systemClock } from './system.ts';
import type { Upstream } from './upstream.ts';

/** How long the API server has for a question that a socket or a sign-in waits for. */
const questionMs = 10_000;

/** The edge's questions to the API servers, each asked as the user, and of what the relay itself grants (ED4). */
export class EdgeUpstream implements Picker {
  readonly #upstream: Upstream;
  readonly #admission: Admission;
  readonly #proof = new ImpersonationProof((cluster, credential) => this.#nameIn(cluster, credential), systemClock.now);

  constructor(upstream: Upstream, admission: Admission) {
    this.#upstream = upstream;
    this.#admission = admission;
  }

  /** Nothing is opened for a user whom the cluster takes for the relay (UP10). @throws UpstreamRefusal */
  async prove(user: User, cluster: string): Promise<void> {
    if (await this.#proof.holds(user, cluster)) return;
    const message = 'The cluster does not take this relay for its users: something in between leaves out the Impersonate headers.';
    throw new UpstreamRefusal({ kind: 'refused', reason: 'impersonation-ignored', message }, false);
  }

  #nameIn(cluster: string, credential: Impersonation): Promise<string> {
    return this.#upstream.api.whoAmI(this.#asker({ credential }, cluster), AbortSignal.timeout(questionMs));
  }

  /** Those of the configuration, and those that a Rancher shows to the user. */
  async clusters(user: User, signal: AbortSignal) {
    const { clusters, api } = this.#upstream;
    const asked = clusters.rancher ? { cluster: clusters.rancher.root, credential: user.credential } : undefined;
    const all = [...clusters.fixed(), ...(asked ? await api.rancherClusters(asked, signal) : [])];
    return all.filter(({ id }) => this.#admission.sees(user, { cluster: id }));
  }

  async namespaces(user: User, cluster: string, signal: AbortSignal) {
    const all = await this.#namespaces(this.#asker(user, cluster), signal);
    return all.filter((namespace) => this.#admission.sees(user, { cluster, namespace }));
  }

  async pods(user: User, cluster: string, namespace: string, signal: AbortSignal) {
    const all = await this.#upstream.api.pods(this.#asker(user, cluster), namespace, signal);
    return all.filter(({ name }) => this.#admission.sees(user, { cluster, namespace, pod: name }));
  }

  /** As the Rancher knows them, or the first cluster: all clusters have to know the same users. */
  readonly nameOf: ReviewName = async (credential) => {
    const { clusters, api } = this.#upstream;
    const signal = AbortSignal.timeout(questionMs);
    try {
      if (clusters.rancher) return await api.rancherUser({ cluster: clusters.rancher.root, credential }, signal);
      return await api.whoAmI(this.#asker({ credential }, this.clusterOf(undefined) ?? ''), signal);
    } catch (failure) {
      // 401; a credential that no header can carry is none either.
      if (failure instanceof UpstreamRefusal && ['unauthorized', 'credential'].includes(failure.end.reason ?? '')) return undefined;
      throw failure;
    }
  };

  /** RS2: the right to the pod, asked afresh. Up to Kubernetes 1.34 an exec takes `get`, from 1.35 on also `create`: it asks for either. */
  async mayResume(user: User, { target }: SessionRecord): Promise<boolean> {
    if (this.#admission.refusal(user, target) !== undefined) return false;
    if (!user.credential) return true;
    await this.prove(user, target.cluster);
    const asker = this.#asker(user, target.cluster);
    const place = { resource: 'pods', subresource: target.kind, namespace: target.namespace, name: target.pod };
    for (const verb of target.kind === 'log' ? ['get'] : ['create', 'get']) {
      if (await this.#upstream.api.allowed(asker, { verb, ...place }, AbortSignal.timeout(questionMs))) return true;
    }
    return false;
  }

  /** For a request that names no cluster: the first, or the one that a Rancher runs in. */
  clusterOf(name: string | undefined): string | undefined {
    const { clusters } = this.#upstream;
    const first = () => clusters.fixed()[0]?.id ?? (clusters.rancher ? 'local' : undefined);
    return name === undefined ? first() : clusters.get(name)?.id;
  }

  async mayStart(user: User, target: Target): Promise<EndReason | undefined> {
    return await this.#upstream.api.mayStart(this.#asker(user, target.cluster), target, AbortSignal.timeout(questionMs));
  }

  /** Who may not list them may still have rights in the one that the configuration names. */
  async #namespaces(asker: Asker, signal: AbortSignal): Promise<readonly string[]> {
    try {
      return await this.#upstream.api.namespaces(asker, signal);
    } catch (failure) {
      const { namespace } = asker.cluster;
      if (namespace !== undefined && failure instanceof UpstreamRefusal && failure.end.reason === 'forbidden') return [namespace];
      throw failure;
    }
  }

  #asker({ credential }: Pick<User, 'credential'>, id: string): Asker {
    const cluster = this.#upstream.clusters.get(id);
    if (cluster) return { cluster, credential };
    throw new UpstreamRefusal({ kind: 'refused', reason: 'cluster-not-found', message: 'This relay has no such cluster.' }, false);
  }
}
