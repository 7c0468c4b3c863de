import { randomBytes } from 'node:crypto';
import type { Authenticator } from '../../src/auth/authenticator.ts';
import { BrowserGuard } from '../../src/auth/browser-guard.ts';
import { type Admission, clusterDecides } from '../../src/auth/grants.ts';
import { newSealKey, Sealer } from '../../src/auth/seal.ts';
import { TokenAuthenticator } from '../../src/auth/token-authenticator.ts';
import type { TicketContent } from '../../src/broker/broker.ts';
import { healthRoutes } from '../../src/edge/http/health-routes.ts';
import { HttpDoor } from '../../src/edge/http/http-door.ts';
import { loginRoutes } from '../../src/edge/http/login-routes.ts';
import type { Picker } from '../../src/edge/http/picker.ts';
import { pickerRoutes } from '../../src/edge/http/picker-routes.ts';
import { sessionRoutes } from '../../src/edge/http/session-routes.ts';
import type { StaticPages } from '../../src/edge/http/static-pages.ts';
import type { SessionId } from '../../src/protocol/ids.ts';
import type { AuditEvent } from '../../src/session/audit-event.ts';
import type { SessionRecord } from '../../src/session/session-record.ts';
import { createLog } from '../../src/telemetry/log.ts';

export const accessToken = 'correct-horse-battery';

/** The HTTP door over fakes that remember what they were asked. */
export class TestEdge {
  readonly tickets = new Map<string, TicketContent>();
  readonly sessions = new Map<SessionId, SessionRecord>();
  readonly ended: SessionId[] = [];
  readonly asked: unknown[][] = [];
  readonly logLines: string[] = [];
  readonly audited: AuditEvent[] = [];
  readonly sealer = new Sealer(newSealKey());
  readonly guard: BrowserGuard;
  readonly door: HttpDoor;
  notReady: string | undefined;
  /** The limit that is reached. */
  full: string | undefined;
  /** Thrown by the next call of a collaborator. */
  failure: Error | undefined;

  constructor(
    settings: { auth?: Authenticator; admission?: Admission; allowedOrigins?: string[]; pages?: StaticPages; tls?: boolean } = {},
  ) {
    const { auth = new TokenAuthenticator(accessToken, Date.now), allowedOrigins = [], pages, tls = false } = settings;
    const log = createLog({ level: 'debug', format: 'json', fields: {}, write: (line) => void this.logLines.push(line) });
    const allowedHosts = auth.mode === 'passthrough' ? undefined : [];
    this.guard = new BrowserGuard({ listen: { host: '127.0.0.1', port: 8080 }, allowedHosts, allowedOrigins });
    this.door = new HttpDoor({
      auth,
      guard: this.guard,
      health: healthRoutes(() => this.notReady),
      routes: [
        ...loginRoutes({ auth, edge: 'edge-1', terminalActions: ['links'], tls, log }),
        ...pickerRoutes(this.#picker()),
        ...sessionRoutes({
          broker: { tickets: this.#tickets(), sessions: this.#sessions() },
          sealer: this.sealer,
          admission: settings.admission ?? clusterDecides,
          prove: async () => {},
          detached: 'run',
          graceMs: 300_000,
          newId: (length) => randomBytes(length).toString('base64url').slice(0, length),
          full: async () => (this.full === undefined ? undefined : { text: this.full, retryAfterSeconds: 5 }),
          endSession: async ({ id }) => void this.ended.push(id),
          edge: 'edge-1',
          audit: (event) => void this.audited.push(event),
          log,
        }),
      ],
      pages,
      allowedOrigins,
      log,
    });
  }

  #fail(): void {
    const { failure } = this;
    this.failure = undefined;
    if (failure) throw failure;
  }

  #tickets() {
    return {
      put: async (ticket: string, content: TicketContent) => {
        this.#fail();
        this.tickets.set(ticket, content);
      },
    };
  }

  #sessions() {
    return {
      read: async (id: SessionId) => this.sessions.get(id),
      ofSubject: async () => [...this.sessions.keys()],
    };
  }

  #picker(): Picker {
    return {
      clusters: async () => [
        { id: 'local', name: 'Local' },
        { id: 'away', name: 'Away', state: 'unavailable' },
      ],
      namespaces: async (user, cluster) => {
        this.#fail();
        this.asked.push([user.credential, cluster]);
        return ['default'];
      },
      pods: async (user, cluster, namespace) => {
        this.#fail();
        this.asked.push([user.credential, cluster, namespace]);
        return [
          {
            name: 'web-0',
            phase: 'Running',
            containers: [{ name: 'web', kind: 'container' as const, state: 'running' as const, ready: true }],
          },
        ];
      },
    };
  }
}
