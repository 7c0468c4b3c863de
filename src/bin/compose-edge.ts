import { fileURLToPath } from 'node:url';
import type { Scope } from '../base/scope.ts';
import type { Config } from '../config/options.ts';
import { EdgeDoors } from '../edge/edge-doors.ts';
import { type EndTools, endSession, endUndriven } from '../edge/http/end-session.ts';
import { healthRoutes, type Readiness } from '../edge/http/health-routes.ts';
import { HttpDoor } from '../edge/http/http-door.ts';
import { loginRoutes } from '../edge/http/login-routes.ts';
import { pickerRoutes } from '../edge/http/picker-routes.ts';
import { sessionRoutes } from '../edge/http/session-routes.ts';
import { SocketTickets, socketTicketRoutes } from '../edge/http/socket-tickets.ts';
import { StaticPages } from '../edge/http/static-pages.ts';
import { createListener } from '../edge/listen/create-listener.ts';
import { RelayDoor, relayPath, relaySubprotocol } from '../edge/relay/relay-door.ts';
import type { EdgeTools } from '../edge/relay/relay-tools.ts';
import { SharedParts } from '../edge/relay/shared-parts.ts';
import { type SessionLimitNumbers, SessionLimits } from '../edge/session-limits.ts';
import { SignInWatch, type SignInWatchOptions } from '../edge/sign-in-watch.ts';
import type { SessionRecord } from '../session/session-record.ts';
import type { Gauge } from '../telemetry/gauges.ts';
import { admissionOf, authenticator } from './compose-auth.ts';
import { startDropIn } from './compose-drop-in.ts';
import { guardOf, tlsFiles } from './door-settings.ts';
import { EdgeUpstream } from './edge-upstream.ts';
import type { Parts } from './parts.ts';
import { systemClock as clock, crc32, newId, systemRandom as random, sha256 } from './system.ts';

export interface Edge {
  /** Where it listens, as a browser on this machine reaches it. */
  readonly url: string;
  readonly notReady: Readiness;
  readonly gauges: () => readonly Gauge[];
  /** Sends browsers elsewhere, spread over the time (ED3). */
  drain(overMs: number): Promise<void>;
}

/** @param accessToken of auth `token` */
export async function startEdge(parts: Parts, name: string, accessToken: string | undefined, scope: Scope): Promise<Edge> {
  const { config, broker, sealer } = parts;
  const { listen, detached, allowedOrigins = [] } = config;
  const log = parts.log.with({ edge: name });
  const admission = await admissionOf(config, log, scope);
  const questions = new EdgeUpstream(parts.upstream, admission);
  const auth = await authenticator(config, { accessToken, questions, log });
  const guard = guardOf(listen, config, auth);
  const tls = tlsFiles(config.tlsCertFile, config.tlsKeyFile);
  const say = (event: string, fields: Record<string, unknown>) => log.info(fields, event);
  const shared = new SharedParts({ broker, clock, log: say, maxSockets: config.edgeSockets, maxSubjectSockets: config.subjectSockets });
  scope.own(() => shared.close());
  const limits = new SessionLimits(broker.limits, limitNumbers(config));
  const tools = { edge: name, broker, limits, clock, random, crc32, newId, hash: sha256, log: say, shared };

  const signIns = config.signInOver === 'end' ? watchSignIns(config.recheckSeconds, tools, scope) : undefined;
  const relay = new RelayDoor({ ...tools, signIns, mayResume: (user, session) => questions.mayResume(user, session) });
  scope.own(() => relay.close());
  let draining = false;
  const notReady = () => (draining ? 'it is going away' : broker.health.up() ? undefined : 'the broker does not answer');
  const health = healthRoutes(notReady);
  const dropIn = await startDropIn({ ...parts, log }, { ...tools, auth, admission, signIns, health }, questions, scope);

  const tickets = new SocketTickets({ tickets: broker.tickets, sealer, newId });
  const sessions = sessionRoutes({
    broker,
    sealer,
    admission,
    prove: (user, cluster) => questions.prove(user, cluster),
    detached,
    graceMs: config.graceSeconds * 1000,
    newId,
    full: async (subject, target) => {
      const text = shared.full(subject);
      return text === undefined ? target && limits.look(subject, target) : { text, retryAfterSeconds: 5 };
    },
    endSession: (session) => endSession(session, { ...tools, logs: broker.logs }),
    edge: name,
    audit: parts.audit,
    log,
  });
  const http = new HttpDoor({
    auth,
    guard,
    health,
    routes: [
      ...loginRoutes({ auth, edge: name, terminalActions: config.terminalActions, tls: tls !== undefined, log }),
      ...socketTicketRoutes(tickets),
      ...sessions,
      ...pickerRoutes(questions),
    ],
    pages: await StaticPages.load(fileURLToPath(new URL('../public', import.meta.url))),
    allowedOrigins,
    log,
  });
  const listener = createListener(
    config.listener,
    new EdgeDoors({ http, auth, guard, tickets, relay, relayPath, relaySubprotocol, draining: () => draining }),
    tls,
  );
  const { port } = await listener.listen(listen.host, listen.port);
  scope.own(() => listener.close());
  log.info({ host: listen.host, port, tls: tls !== undefined, library: listener.library, auth: auth.mode }, 'edge listens');
  return {
    url: localUrl(listen.host, port, tls !== undefined),
    notReady,
    gauges: () => [...relay.gauges(), ...(dropIn?.gauges() ?? [])],
    async drain(overMs) {
      draining = true;
      await Promise.all([relay.drain(overMs), dropIn?.drain(overMs)]);
    },
  };
}

function limitNumbers(config: Config): SessionLimitNumbers {
  return {
    subject: { sessions: config.subjectSessions, opensPerMinute: config.subjectOpensPerMinute },
    pod: { sessions: config.podSessions, opensPerMinute: config.podOpensPerMinute },
    all: { sessions: config.sessions, opensPerMinute: config.opensPerMinute },
  };
}

function watchSignIns(recheckSeconds: number, tools: Omit<EndTools, 'logs'> & SignInTools, scope: Scope): SignInWatch {
  const end = (session: SessionRecord) => endUndriven(session, { ...tools, logs: tools.broker.logs });
  const watch = new SignInWatch({ ...tools, recheckMs: recheckSeconds * 1000, end });
  scope.own(() => watch.close());
  return watch;
}

type SignInTools = Pick<SignInWatchOptions, 'clock' | 'random' | 'log'> & Pick<EdgeTools, 'broker'>;

function localUrl(host: string, port: number, tls: boolean): string {
  const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '[::1]' : host.includes(':') ? `[${host}]` : host;
  return `${tls ? 'https' : 'http'}://${name}:${port}`;
}
