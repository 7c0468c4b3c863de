import type { Clock, Random } from '../../base/clock.ts';
import { assertNever } from '../../base/coded-error.ts';
import type { AttachTarget, ExecTarget, LogTarget } from '../../protocol/target.ts';
import { type Upstream, type UpstreamEvents, type UpstreamOpener, UpstreamRefusal, type UpstreamRequest } from '../upstream.ts';
import { ChannelUpstream } from './channel-upstream.ts';
import type { Cluster, ClusterRegistry } from './cluster.ts';
import { type ContainerLook, containerLook } from './container-look.ts';
import { GuardedUpstream } from './guarded-upstream.ts';
import { hangUp } from './hang-up.ts';
import { sendRequest } from './http-request.ts';
import { jsonAnswer, objectBody } from './json-answer.ts';
import { LogSocketUpstream } from './log-socket-upstream.ts';
import { LogStreamUpstream } from './log-stream-upstream.ts';
import { LogUpstream } from './log-upstream.ts';
import { type MessageSocket, openSocket, type SocketEvents, type SocketRequest } from './message-socket.ts';
import { OpenFailure } from './open-failure.ts';
import { apiUrl, targetUrl } from './paths.ts';
import { refusalOf } from './refusal.ts';
import { ShellUpstream } from './shell-upstream.ts';
import { channelOffers, channelProtocol, logFraming, logOffers } from './subprotocol.ts';
import { userAgent } from './user-agent.ts';
import { withAccess } from './with-access.ts';

/** The API server answers an exec at once; a log only when the kubelet has answered (facts 2.3, section 8, 8). */
const channelTimeoutMs = 15_000;
const logTimeoutMs = 40_000;
const lookTimeoutMs = 15_000;

export interface KubernetesOpenerSettings {
  readonly clusters: ClusterRegistry;
  readonly clock: Clock;
  readonly random: Random;
  /** Of the relay, for its User-Agent. */
  readonly version: string;
}

/** Where a target is, and how to get there. */
type Place = Omit<SocketRequest, 'protocols' | 'timeoutMs'>;

/** Speaks exec, attach and log to Kubernetes API servers and to Rancher (UP1). */
export class KubernetesOpener implements UpstreamOpener {
  readonly #clusters: ClusterRegistry;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #headers: { readonly [name: string]: string };

  constructor(settings: KubernetesOpenerSettings) {
    this.#clusters = settings.clusters;
    this.#random = settings.random;
    this.#clock = settings.clock;
    this.#headers = userAgent(settings.version);
  }

  async open(request: UpstreamRequest, events: UpstreamEvents, signal: AbortSignal): Promise<Upstream> {
    const { target } = request;
    try {
      switch (target.kind) {
        case 'exec':
          return target.command.length === 0
            ? await this.#openShell(request, target, events, signal)
            : await this.#openChannels(request, target, events, signal);
        case 'attach':
          return await this.#openChannels(request, target, events, signal);
        case 'log':
          return await this.#openLog(request, target, events, signal);
        default:
          return assertNever(target);
      }
    } catch (failure) {
      throw refusalOf(failure, target.kind);
    }
  }

  async hangUp(request: UpstreamRequest, signal: AbortSignal): Promise<number> {
    const { target } = request;
    if (target.kind !== 'exec') return 0;
    const exec = (command: readonly string[], events: UpstreamEvents) =>
      this.open({ ...request, target: { ...target, command, tty: false, streams: ['stdout'] } }, events, signal);
    return hangUp(request.sessionId, exec, signal);
  }

  #openShell(request: UpstreamRequest, target: ExecTarget, events: UpstreamEvents, signal: AbortSignal): Promise<Upstream> {
    return ShellUpstream.open({
      sessionId: request.sessionId,
      tty: target.tty,
      size: request.size,
      events,
      clock: this.#clock,
      signal,
      exec: (command, size, inner, stop) => this.open({ ...request, size, target: { ...target, command } }, inner, stop),
    });
  }

  async #openChannels(
    request: UpstreamRequest,
    target: ExecTarget | AttachTarget,
    events: UpstreamEvents,
    signal: AbortSignal,
  ): Promise<Upstream> {
    const settings = { target: target.kind, tty: target.tty, size: request.size };
    const guarded = new GuardedUpstream(events, (stop) => asRefusal('api', () => this.#look(request, stop)), this.#clock);
    const upstream = new ChannelUpstream(settings, guarded, this.#clock);
    const socket = await this.#at(request, (place) =>
      this.#offer(channelOffers, { ...place, timeoutMs: channelTimeoutMs }, upstream.socket, signal),
    );
    upstream.attach(socket, channelProtocol(socket.protocol));
    guarded.guard(upstream);
    return guarded;
  }

  #openLog(request: UpstreamRequest, target: LogTarget, events: UpstreamEvents, signal: AbortSignal): Promise<Upstream> {
    return LogUpstream.open(
      {
        target,
        goOn: request.goOn,
        events,
        clock: this.#clock,
        random: this.#random,
        open: (part, inner, stop) => asRefusal('log', () => this.#openLogStream({ ...request, target: part }, part.follow, inner, stop)),
        look: (stop) => asRefusal('api', () => this.#look(request, stop)),
      },
      signal,
    );
  }

  async #openLogStream(request: UpstreamRequest, follow: boolean, events: UpstreamEvents, signal: AbortSignal): Promise<Upstream> {
    if (follow) {
      const upstream = new LogSocketUpstream(events, this.#clock);
      try {
        const socket = await this.#at(request, (place) =>
          this.#offer(logOffers, { ...place, timeoutMs: logTimeoutMs }, upstream.socket, signal),
        );
        upstream.attach(socket, logFraming(socket.protocol));
        return upstream;
      } catch (failure) {
        // Something in between strips upgrades: the plain stream of the same URL is as good (facts section 8, 15).
        if (refusalOf(failure, 'log').end.reason !== 'upgrade-stripped') throw failure;
      }
    }
    const response = await this.#at(request, (place) =>
      sendRequest({ method: 'GET', ...place, timeoutMs: logTimeoutMs }, 200, this.#clock, signal),
    );
    return new LogStreamUpstream(response, events, this.#clock);
  }

  async #look(request: UpstreamRequest, signal: AbortSignal): Promise<ContainerLook> {
    const { namespace, pod, container, cluster } = request.target;
    const url = apiUrl(this.#cluster(cluster).baseUrl, ['api', 'v1', 'namespaces', namespace, 'pods', pod]);
    const response = await this.#at(request, (place) =>
      sendRequest({ method: 'GET', ...place, url, timeoutMs: lookTimeoutMs }, 200, this.#clock, signal),
    );
    return containerLook(await jsonAnswer(response, objectBody, this.#clock), container);
  }

  /** One request per offer; the next one only where the server knows none of the names (facts 4.1). */
  async #offer(
    offers: readonly (readonly string[])[],
    to: Omit<SocketRequest, 'protocols'>,
    events: SocketEvents,
    signal: AbortSignal,
  ): Promise<MessageSocket> {
    let refused: unknown;
    for (const protocols of offers) {
      try {
        return await openSocket({ ...to, protocols }, events, this.#clock, signal);
      } catch (failure) {
        if (!isUnknownProtocol(failure)) throw failure;
        refused = failure;
      }
    }
    throw refused;
  }

  #at<Opened>({ target, credential }: UpstreamRequest, open: (place: Place) => Promise<Opened>): Promise<Opened> {
    const cluster = this.#cluster(target.cluster);
    const url = targetUrl(cluster.baseUrl, target);
    return withAccess(cluster, credential, ({ headers, ...way }) => open({ ...way, url, headers: { ...headers, ...this.#headers } }));
  }

  #cluster(id: string): Cluster {
    const cluster = this.#clusters.get(id);
    if (cluster) return cluster;
    throw new UpstreamRefusal({ kind: 'refused', reason: 'cluster-not-found', message: 'This relay knows no such cluster.' }, false);
  }
}

function isUnknownProtocol(failure: unknown): boolean {
  if (!(failure instanceof OpenFailure)) return false;
  const { facts } = failure;
  return facts.kind === 'http' && facts.status === 403 && facts.body.length === 0;
}

async function asRefusal<Answer>(asked: 'log' | 'api', ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (failure) {
    throw refusalOf(failure, asked);
  }
}
