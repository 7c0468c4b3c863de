import { type Authenticator, AuthRefused, AuthUnavailable } from '../../auth/authenticator.ts';
import type { BrowserGuard } from '../../auth/browser-guard.ts';
import type { Admission } from '../../auth/grants.ts';
import { type SignIn, signInWith } from '../../auth/sign-in.ts';
import type { User } from '../../auth/user.ts';
import { sleep } from '../../base/clock.ts';
import { BrokerUnavailable } from '../../broker/broker.ts';
import type { EndReason } from '../../protocol/end-reason.ts';
import type { Target } from '../../protocol/target.ts';
import { type AuditEvent, refusedEvent } from '../../session/audit-event.ts';
import { type Gauge, sumGauges } from '../../telemetry/gauges.ts';
import { chooseChannelProtocol, chooseLogProtocol } from '../../upstream/kubernetes/subprotocol.ts';
import { UpstreamRefusal } from '../../upstream/upstream.ts';
import { matchRoute, type Route } from '../http/route.ts';
import type { HttpRequest, HttpResponse, RequestHead, UpgradeRequest } from '../listener.ts';
import type { EdgeTools } from '../relay/relay-tools.ts';
import type { SharedParts } from '../relay/shared-parts.ts';
import type { LimitRefusal } from '../session-limits.ts';
import type { SignInWatch } from '../sign-in-watch.ts';
import type { StreamAcceptor, StreamDoors, StreamedResponse, StreamSocket, StreamSocketEvents } from '../stream-listener.ts';
import { readOffer } from './bearer-subprotocol.ts';
import { ChannelFront } from './channel-front.ts';
import { dropInGauges } from './drop-in-gauges.ts';
import { DropInSession } from './drop-in-session.ts';
import { endBeforeOpen } from './end-answer.ts';
import { LogBodyFront, LogSocketFront } from './log-fronts.ts';
import { failureAnswer, unknownProtocol } from './status.ts';
import { parseStreamPath, streamTarget } from './stream-request.ts';

export interface DropInDoorOptions extends Omit<EdgeTools, 'channels' | 'reads' | 'rings'> {
  readonly shared: SharedParts;
  readonly auth: Authenticator;
  readonly guard: BrowserGuard;
  readonly admission: Pick<Admission, 'refusal'>;
  /** undefined: a session outlives the sign-in it was opened with (ED5). */
  readonly signIns?: SignInWatch | undefined;
  readonly health: readonly Route[];
  /** The cluster of that name as a Target has it; without a name the one that is served under `/`. undefined: there is none. */
  readonly cluster: (name: string | undefined) => string | undefined;
  /** That the cluster takes the relay for this user, if it acts for one (UP10). @throws UpstreamRefusal */
  readonly prove: (user: User, cluster: string) => Promise<void>;
  readonly audit: (event: AuditEvent) => void;
  readonly seal: (user: User, target: Target) => string;
  /** Asks the upstream whether it would start the stream, without starting it. @returns why not; undefined: it would */
  readonly mayStart: (user: User, target: Target) => Promise<EndReason | undefined>;
}

/** Somebody who may ask for this stream. */
interface Admitted {
  readonly signIn: SignIn;
  readonly target: Target;
  readonly subprotocols: readonly string[];
}

/** Door 2: exec, attach and log for clients that speak Kubernetes (DI1 to DI5). */
export class DropInDoor implements StreamDoors {
  readonly #options: DropInDoorOptions;
  readonly #tools: EdgeTools;
  readonly #sessions = new Set<DropInSession>();
  #draining = false;

  constructor(options: DropInDoorOptions) {
    this.#options = options;
    const { channels, reads, rings } = options.shared;
    this.#tools = { ...options, channels, reads, rings };
  }

  gauges(): readonly Gauge[] {
    return sumGauges(
      dropInGauges,
      Array.from(this.#sessions, (session) => session.holds),
    );
  }

  async http(request: HttpRequest, gone: AbortSignal): Promise<HttpResponse | StreamedResponse> {
    const probe = matchRoute(this.#options.health, request.method, request.path);
    if (probe.kind === 'route' && probe.route.access === 'open') return probe.route.answer(request);
    const kind = parseStreamPath(request.path)?.kind;
    const allow = kind === 'log' ? 'GET' : 'GET, POST';
    if (kind && !allow.split(', ').includes(request.method))
      return failureAnswer(405, 'the server does not allow this method on the requested resource', { allow });
    return this.#answered(request, [], async (admitted) => {
      if (kind === 'log') return this.#plainLog(admitted, gone);
      return request.method === 'POST' ? this.#dryRun(admitted) : failureAnswer(400, 'Upgrade request required');
    });
  }

  async upgrade(request: UpgradeRequest, gone: AbortSignal): Promise<HttpResponse | StreamAcceptor> {
    return this.#answered(request, request.subprotocols, async (admitted) => {
      const choice = choose(admitted);
      if (!choice) return unknownProtocol;
      return this.#opened(admitted, gone, (session, end) => ({
        subprotocol: choice.name,
        accept: (socket) => {
          const front = choice.front(socket, session);
          if (end) front.end(end);
          else session.start(front);
          return front;
        },
      }));
    });
  }

  /** Takes nothing new and waits for what there is, at most so long: these clients cannot go elsewhere (ED3). */
  async drain(withinMs: number): Promise<void> {
    this.#draining = true;
    await this.#settled(withinMs);
  }

  /** Ends what is left, and waits until workers know. */
  async close(): Promise<void> {
    this.#draining = true;
    for (const session of this.#sessions) session.fail('This edge is going away.', 'draining');
    await this.#settled(closeWithinMs);
  }

  async #settled(withinMs: number): Promise<void> {
    const { clock } = this.#options;
    for (const until = clock.now() + withinMs; this.#sessions.size > 0 && clock.now() < until; ) await sleep(clock, 50);
  }

  async #answered<Answer>(
    request: RequestHead,
    offered: readonly string[],
    answer: (admitted: Admitted) => Promise<Answer | HttpResponse>,
  ): Promise<Answer | HttpResponse> {
    try {
      const admitted = await this.#admit(request, offered);
      return 'status' in admitted ? admitted : await answer(admitted);
    } catch (cause) {
      if (cause instanceof UpstreamRefusal) return failureAnswer(502, cause.message);
      if (cause instanceof AuthRefused) return failureAnswer(401, `Unauthorized: ${cause.message}`);
      if (cause instanceof AuthUnavailable) return failureAnswer(503, 'Whoever knows the users does not answer.', retrySoon);
      if (cause instanceof BrokerUnavailable) return failureAnswer(503, 'The relay cannot reach its broker.', retrySoon);
      this.#options.log('drop-in request failed', { error: String(cause), path: request.path });
      return failureAnswer(500, 'Internal error occurred: the relay failed to answer this request');
    }
  }

  async #admit(request: RequestHead, offered: readonly string[]): Promise<Admitted | HttpResponse> {
    const { guard, auth, admission, shared, cluster: clusterOf } = this.#options;
    const path = parseStreamPath(request.path);
    if (!path) return failureAnswer(404, 'This relay serves exec, attach and log of pods only.');
    if (this.#draining) return failureAnswer(503, 'This edge is going away: ask again.', retrySoon);
    const guarded = guard.check(request);
    if (guarded !== 'ok') return failureAnswer(guarded === 'host' ? 421 : 403, guarded === 'host' ? 'unknown host' : 'origin not allowed');
    const offer = readOffer(offered, request);
    const signIn = offer && (await signInWith(auth, offer.headers));
    if (!signIn) return failureAnswer(401, 'Unauthorized');
    const { user } = signIn;
    // Left out, it would be done in the user's own name.
    if (impersonation.some((name) => request.header(name) !== undefined))
      return failureAnswer(403, 'impersonation is not served by this relay');
    const cluster = clusterOf(path.cluster);
    if (cluster === undefined) return failureAnswer(404, 'No cluster available');
    const target = streamTarget(path, cluster, request.query);
    if (typeof target === 'string') return failureAnswer(400, target);
    const refused = admission.refusal(user, target);
    if (refused !== undefined) this.#refused(user, target, 'not-granted', refused);
    if (refused !== undefined) return failureAnswer(403, refused);
    await this.#options.prove(user, cluster);
    const full = shared.full(user.subject);
    return full ? failureAnswer(429, full, retrySoon) : { signIn, target, subprotocols: offer.subprotocols };
  }

  #refused({ subject, name }: User, target: Target, reason: string, message: string): void {
    const { audit, edge } = this.#options;
    audit(refusedEvent({ target, subject, user: name }, edge, reason, message));
  }

  /** What a client without WebSockets is told (DI4): what the API server would say, and what it cannot have here. */
  async #dryRun({ signIn: { user }, target }: Admitted): Promise<HttpResponse> {
    const busy = await this.#options.limits?.look(user.subject, target);
    if (busy) return tooMany(busy);
    const refused = await this.#options.mayStart(user, target);
    if (!refused) return failureAnswer(400, onlyWebSocket);
    return endBeforeOpen(refused, ownCredential(user)) ?? failureAnswer(502, refused.message);
  }

  #plainLog(admitted: Admitted, gone: AbortSignal): Promise<HttpResponse | StreamedResponse> {
    return this.#opened(admitted, gone, (session, end) => ({
      status: 200,
      headers: { 'content-type': 'text/plain', 'cache-control': 'no-cache, private' },
      start: (body) => {
        const front = new LogBodyFront(body);
        if (end) front.end(end);
        else session.start(front);
      },
    }));
  }

  /** Opens the session; the client is answered when the upstream has (DI3). */
  async #opened<Answer>(
    { signIn, target }: Admitted,
    gone: AbortSignal,
    answer: (session: DropInSession, end: EndReason | undefined) => Answer,
  ): Promise<Answer | HttpResponse> {
    const { shared, limits, signIns, seal, log } = this.#options;
    const { user } = signIn;
    const { subject } = user;
    const session = new DropInSession({ target, subject, user: user.name, credential: seal(user, target) }, this.#tools, () => {
      this.#sessions.delete(session);
      unwatch?.();
    });
    const busy = await limits?.enter(session.sessionId, subject, target);
    if (busy) this.#refused(user, target, 'busy', busy.text);
    if (busy) return tooMany(busy);
    const unwatch = signIns?.watch({ signIn, over: () => session.signInOver() });
    this.#sessions.add(session);
    shared.enter(session, subject);
    const left = () => {
      shared.leave(session);
      session.leave();
    };
    gone.addEventListener('abort', left, { once: true });
    if (gone.aborted) left();
    const { kind, cluster, namespace, pod, container } = target;
    log('drop-in session', { sessionId: session.sessionId, subject, kind, cluster, namespace, pod, container });
    const end = await session.open();
    return (end && endBeforeOpen(end, ownCredential(user))) ?? answer(session, end);
  }
}

/** A client that falls back to SPDY shows this instead of what came of its WebSocket. */
const onlyWebSocket =
  'SPDY is not spoken here, only WebSocket (kubectl from 1.30 on). If that was tried first, it failed for a reason that may have passed: try again.';

/** What has to be told to workers before this process ends. */
const closeWithinMs = 2_000;

function tooMany({ text, retryAfterSeconds }: LimitRefusal): HttpResponse {
  return failureAnswer(429, text, { 'retry-after': String(retryAfterSeconds) });
}

/** The relay's own credential goes upstream for this user. */
function ownCredential({ credential }: User): boolean {
  return credential === undefined || credential.kind === 'impersonation';
}

const impersonation = ['impersonate-user', 'impersonate-group', 'impersonate-uid'];

const retrySoon = { 'retry-after': '2' };

interface Choice {
  readonly name: string;
  readonly front: (socket: StreamSocket, session: DropInSession) => (ChannelFront | LogSocketFront) & StreamSocketEvents;
}

function choose({ target, subprotocols }: Admitted): Choice | undefined {
  if (target.kind === 'log') {
    const log = chooseLogProtocol(subprotocols);
    return log && { name: log.name, front: (socket) => new LogSocketFront(socket, log.framing) };
  }
  const protocol = chooseChannelProtocol(subprotocols);
  const name = subprotocols.length === 0 ? '' : (protocol?.name ?? '');
  return protocol && { name, front: (socket, session) => new ChannelFront(socket, protocol, target, session) };
}
