import { Agent, type IncomingMessage } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import type { Clock } from '../../base/clock.ts';
import type { EndReason } from '../../protocol/end-reason.ts';
import type { Target } from '../../protocol/target.ts';
import { clustersOf, mostRancherPages, nextMarker, userIdOf } from '../clusters/rancher.ts';
import type { Actor } from '../upstream.ts';
import type { Cluster, ClusterEntry } from './cluster.ts';
import type { BodyLimit } from './http-body.ts';
import { type HttpRequest, sendRequest } from './http-request.ts';
import { jsonAnswer, objectBody } from './json-answer.ts';
import { apiUrl, type Query, targetUrl } from './paths.ts';
import { type JsonObject, jsonObject, list, nameOf, type PodSummary, podSummary, text } from './pod-summary.ts';
import { refusalOf } from './refusal.ts';
import { userAgent } from './user-agent.ts';
import { withAccess } from './with-access.ts';

/** Whose rights a question is asked with: `undefined` asks as the relay itself. */
export interface Asker {
  readonly cluster: Cluster;
  readonly credential: Actor | undefined;
}

export interface AccessQuestion {
  readonly verb: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace: string;
  readonly name?: string;
}

/** What nobody answers to a request that asked for no upgrade. */
const switchingProtocols = 101;
const headTimeoutMs = 15_000;
const listBody: BodyLimit = { maxBytes: 8 * 1024 * 1024, timeoutMs: 20_000 };

/** The few questions the edge asks the API server itself, each as the user. Every failure is an UpstreamRefusal. */
export class KubernetesApi {
  readonly #clock: Clock;
  readonly #headers: { readonly [name: string]: string };
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });
  readonly #tlsAgent = new TlsAgent({ keepAlive: true, maxSockets: 64 });

  constructor(settings: { readonly clock: Clock; readonly version: string }) {
    this.#clock = settings.clock;
    this.#headers = { ...userAgent(settings.version), Accept: 'application/json' };
  }

  async namespaces(asker: Asker, signal: AbortSignal): Promise<readonly string[]> {
    const answer = await this.#get(asker, ['api', 'v1', 'namespaces'], [], listBody, signal);
    return list(answer['items']).map(nameOf);
  }

  async pods(asker: Asker, namespace: string, signal: AbortSignal): Promise<readonly PodSummary[]> {
    const answer = await this.#get(asker, ['api', 'v1', 'namespaces', namespace, 'pods'], [], listBody, signal);
    return list(answer['items']).map(podSummary);
  }

  async pod(asker: Asker, namespace: string, pod: string, signal: AbortSignal): Promise<PodSummary> {
    return podSummary(await this.#get(asker, ['api', 'v1', 'namespaces', namespace, 'pods', pod], [], objectBody, signal));
  }

  /** The name the API server knows the asker by. */
  async whoAmI(asker: Asker, signal: AbortSignal): Promise<string> {
    const body = { kind: 'SelfSubjectReview', apiVersion: 'authentication.k8s.io/v1' };
    const answer = await this.#post(asker, ['apis', 'authentication.k8s.io', 'v1', 'selfsubjectreviews'], body, signal);
    return text(jsonObject(jsonObject(answer['status'])['userInfo'])['username']);
  }

  /** The clusters that a Rancher shows to the asker; the asker's cluster is the Rancher itself. */
  async rancherClusters(asker: Asker, signal: AbortSignal): Promise<readonly ClusterEntry[]> {
    const found: ClusterEntry[] = [];
    let marker: string | undefined;
    for (let pages = 0; pages < mostRancherPages; pages += 1) {
      const query: Query = marker === undefined ? [] : [['marker', marker]];
      const page = await this.#get(asker, ['v3', 'clusters'], query, listBody, signal);
      found.push(...clustersOf(page));
      const next = nextMarker(page);
      if (next === undefined || next === marker) break;
      marker = next;
    }
    return found;
  }

  /** The name a Rancher knows the asker by. */
  async rancherUser(asker: Asker, signal: AbortSignal): Promise<string> {
    return userIdOf(await this.#get(asker, ['v3', 'users'], [['me', 'true']], objectBody, signal));
  }

  async allowed(asker: Asker, question: AccessQuestion, signal: AbortSignal): Promise<boolean> {
    const body = { kind: 'SelfSubjectAccessReview', apiVersion: 'authorization.k8s.io/v1', spec: { resourceAttributes: question } };
    const answer = await this.#post(asker, ['apis', 'authorization.k8s.io', 'v1', 'selfsubjectaccessreviews'], body, signal);
    return jsonObject(answer['status'])['allowed'] === true;
  }

  /**
   * Whether exec or attach would start: the same request without an upgrade, of which the API server checks everything and starts nothing.
   * @returns why not; undefined: it asks for nothing but the upgrade
   */
  async mayStart({ cluster, credential }: Asker, target: Target, signal: AbortSignal): Promise<EndReason | undefined> {
    try {
      const request = { method: 'POST', url: targetUrl(cluster.baseUrl, target) } as const;
      const response = await this.#send({ cluster, credential }, request, switchingProtocols, signal);
      response.destroy();
      return undefined;
    } catch (failure) {
      const { end } = refusalOf(failure, 'exec');
      return end.reason === 'upgrade-stripped' && end.http === 400 ? undefined : end;
    }
  }

  close(): void {
    this.#agent.destroy();
    this.#tlsAgent.destroy();
  }

  #get(asker: Asker, path: readonly string[], query: Query, limit: BodyLimit, signal: AbortSignal): Promise<JsonObject> {
    return this.#ask(asker, 200, { method: 'GET', path, query }, limit, signal);
  }

  #post(asker: Asker, path: readonly string[], body: object, signal: AbortSignal): Promise<JsonObject> {
    return this.#ask(asker, 201, { method: 'POST', path, query: [], body: JSON.stringify(body) }, objectBody, signal);
  }

  async #ask(
    asker: Asker,
    wanted: number,
    question: { readonly method: 'GET' | 'POST'; readonly path: readonly string[]; readonly query: Query; readonly body?: string },
    limit: BodyLimit,
    signal: AbortSignal,
  ): Promise<JsonObject> {
    try {
      const url = apiUrl(asker.cluster.baseUrl, question.path, question.query);
      const { method, body } = question;
      const response = await this.#send(asker, { method, url, ...(body === undefined ? {} : { body }) }, wanted, signal);
      return await jsonAnswer(response, limit, this.#clock);
    } catch (failure) {
      throw refusalOf(failure, 'api');
    }
  }

  #send(
    { cluster, credential }: Asker,
    request: Pick<HttpRequest, 'method' | 'url' | 'body'>,
    wanted: number,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const shared = request.url.protocol === 'https:' ? this.#tlsAgent : this.#agent;
    return withAccess(cluster, credential, ({ headers, tls, agent = shared }) => {
      const way = { headers: { ...headers, ...this.#headers }, tls, agent, timeoutMs: headTimeoutMs };
      return sendRequest({ ...request, ...way }, wanted, this.#clock, signal);
    });
  }
}
