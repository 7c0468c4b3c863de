import { CodedError } from '../base/coded-error.ts';
import type { Scope } from '../base/scope.ts';
import type { Config } from '../config/options.ts';
import { startDemoCluster } from '../demo/demo-cluster.ts';
import type { Log } from '../telemetry/log.ts';
import type { Cluster, ClusterRegistry } from '../upstream/kubernetes/cluster.ts';
import { type ClusterSource, openClusters } from '../upstream/kubernetes/clusters.ts';
import { sendRequest } from '../upstream/kubernetes/http-request.ts';
import { KubernetesApi } from '../upstream/kubernetes/kubernetes-api.ts';
import { KubernetesOpener } from '../upstream/kubernetes/kubernetes-opener.ts';
import { apiUrl } from '../upstream/kubernetes/paths.ts';
import { refusalOf } from '../upstream/kubernetes/refusal.ts';
import { userAgent } from '../upstream/kubernetes/user-agent.ts';
import { readSecret } from './secrets.ts';
import { systemClock as clock, systemRandom as random } from './system.ts';

/** The clusters of this process, for streams (worker) and for questions (edge). */
export interface Upstream {
  readonly clusters: ClusterRegistry;
  readonly opener: KubernetesOpener;
  readonly api: KubernetesApi;
  readonly isDemo: boolean;
}

export interface UpstreamSetting {
  readonly config: Config;
  readonly environment: NodeJS.ProcessEnv;
  readonly version: string;
  readonly log: Log;
}

/** How long a server has to answer at the start. */
const probeMs = 5_000;

/** @throws CodedError with one sentence */
export async function openUpstream({ config, environment, version, log }: UpstreamSetting, scope: Scope): Promise<Upstream> {
  const given = await givenSource(config, environment);
  const { clusters, problems } = await openClusters(given ?? (await demoSource(scope)), clock);
  for (const { message } of problems) log.warn({ problem: message }, 'cluster left out');
  const api = new KubernetesApi({ clock, version });
  scope.own(() => api.close());
  return { clusters, opener: new KubernetesOpener({ clusters, clock, random, version }), api, isDemo: given === undefined };
}

async function givenSource(config: Config, environment: NodeJS.ProcessEnv): Promise<ClusterSource | undefined> {
  const { server, rancher, tokenFile, caFile, kubeconfig, context, clustersFile } = config;
  if (kubeconfig !== undefined) return { kind: 'kubeconfig', file: kubeconfig, environment, ...(context === undefined ? {} : { context }) };
  if (clustersFile !== undefined) return { kind: 'clusters-file', file: clustersFile, environment };
  const url = server ?? rancher;
  if (url !== undefined) {
    if (tokenFile !== undefined) await readSecret(tokenFile, 'token', (text) => text);
    if (caFile !== undefined) await readSecret(caFile, 'certificate authority', (text) => text);
    const files = { ...(tokenFile === undefined ? {} : { tokenFile }), ...(caFile === undefined ? {} : { caFile }) };
    return { kind: server === undefined ? 'rancher' : 'server', server: url, ...files };
  }
  if (!config.inCluster) return undefined;
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = environment;
  if (host === undefined) throw new CodedError('not-in-cluster', '--in-cluster was given, but this process does not run in a cluster');
  return { kind: 'in-cluster', host, port };
}

async function demoSource(scope: Scope): Promise<ClusterSource> {
  const demo = await startDemoCluster({ clock });
  scope.own(() => demo.close());
  return { kind: 'server', server: demo.url, token: demo.token, id: 'demo', name: 'Demo cluster' };
}

/** Whether the cluster answers at all, and accepts the relay's own credential when `ownCredential` goes with it. @returns why not */
export async function probe(
  cluster: Cluster,
  path: readonly string[],
  version: string,
  ownCredential: boolean,
): Promise<CodedError | undefined> {
  try {
    const { headers, tls, agent } = await cluster.access(undefined);
    const url = apiUrl(cluster.baseUrl, path);
    const request = { method: 'GET' as const, url, headers: { ...headers, ...userAgent(version) }, tls, timeoutMs: probeMs };
    const response = await sendRequest({ ...request, ...(agent ? { agent } : {}) }, 200, clock, AbortSignal.timeout(2 * probeMs));
    response.destroy();
    return undefined;
  } catch (failure) {
    const refusal = refusalOf(failure, 'api');
    const answered = refusal.end.http === 401 || refusal.end.reason === 'forbidden';
    if (answered && !(ownCredential && refusal.end.http === 401)) return undefined;
    return new CodedError('upstream-unreachable', `${cluster.baseUrl.host}: ${refusal.end.message}`, { cause: failure });
  }
}
