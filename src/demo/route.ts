import type { PodPlan } from './pods.ts';
import { badRequest, noSuchPath, notFound, type Status } from './status.ts';

/** What a request is about. */
export type Route =
  | { readonly kind: 'version' | 'namespaces' | 'whoami' | 'access' }
  | { readonly kind: 'pods'; readonly namespace: string }
  | { readonly kind: 'pod'; readonly pod: PodPlan }
  | { readonly kind: 'exec' | 'attach' | 'log'; readonly pod: PodPlan; readonly container: string }
  | { readonly kind: 'refused'; readonly status: Status };

/** @param url path and query; a Rancher prefix `/k8s/clusters/<id>` is taken off */
export function routeOf(url: URL, pods: readonly PodPlan[]): Route {
  const path = url.pathname.replace(/^\/k8s\/clusters\/[^/]+(?=\/)/, '');
  if (path === '/version') return { kind: 'version' };
  if (path === '/api/v1/namespaces') return { kind: 'namespaces' };
  if (path === '/apis/authentication.k8s.io/v1/selfsubjectreviews') return { kind: 'whoami' };
  if (path === '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews') return { kind: 'access' };
  const parts = /^\/api\/v1\/namespaces\/([^/]+)\/pods(?:\/([^/]+)(?:\/(exec|attach|log))?)?$/.exec(path)?.slice(1).map(decode);
  if (!parts) return { kind: 'refused', status: noSuchPath };
  const [namespace = '', podName, sub] = parts;
  if (podName === undefined) return { kind: 'pods', namespace };
  const pod = pods.find((plan) => plan.namespace === namespace && plan.name === podName);
  if (!pod) return { kind: 'refused', status: notFound('pods', podName) };
  if (sub === undefined) return { kind: 'pod', pod };
  const container = chooseContainer(pod, url.searchParams.get('container') ?? '');
  return typeof container === 'string'
    ? { kind: sub as 'exec' | 'attach' | 'log', pod, container }
    : { kind: 'refused', status: container };
}

function chooseContainer(pod: PodPlan, wanted: string): string | Status {
  const names = pod.containers.map(({ name }) => name);
  if (names.includes(wanted)) return wanted;
  if (wanted !== '') return badRequest(`container ${wanted} is not valid for pod ${pod.name}`);
  const [only] = names;
  if (only !== undefined && names.length === 1) return only;
  return badRequest(`a container name must be specified for pod ${pod.name}, choose one of: [${names.join(' ')}]`);
}

function decode(segment: string | undefined): string | undefined {
  try {
    return segment === undefined ? undefined : decodeURIComponent(segment);
  } catch {
    return '';
  }
}
