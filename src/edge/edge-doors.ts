import { type Authenticator, AuthRefused, AuthUnavailable } from '../auth/authenticator.ts';
import type { BrowserGuard } from '../auth/browser-guard.ts';
import { type SignIn, signInWith } from '../auth/sign-in.ts';
import { BrokerUnavailable } from '../broker/broker.ts';
import { CloseCode } from '../protocol/close-code.ts';
import { encodeServerFrame } from '../protocol/server-frame.ts';
import { failure } from './http/answers.ts';
import { failureAnswer } from './http/failure-answer.ts';
import { guardRefusal } from './http/guard-refusal.ts';
import type { HttpDoor } from './http/http-door.ts';
import { withSecurityHeaders } from './http/security-headers.ts';
import type { SocketTickets } from './http/socket-tickets.ts';
import type { BrowserSocket, Doors, HttpRequest, HttpResponse, SocketAcceptor, SocketEvents, UpgradeRequest } from './listener.ts';

export interface EdgeDoorsOptions {
  readonly http: HttpDoor;
  readonly auth: Authenticator;
  readonly guard: BrowserGuard;
  readonly relay: { accept(socket: BrowserSocket, signIn: SignIn): SocketEvents };
  readonly tickets: SocketTickets;
  readonly relayPath: string;
  readonly relaySubprotocol: string;
  /** This edge is going away: new sockets are refused with 503, so that a balancer tries the next edge (ED3). */
  readonly draining: () => boolean;
}

/** What this edge's listener opens onto: HTTP, and browser sockets for the relay door. */
export class EdgeDoors implements Doors {
  readonly #options: EdgeDoorsOptions;

  constructor(options: EdgeDoorsOptions) {
    this.#options = options;
  }

  http(request: HttpRequest): Promise<HttpResponse> {
    return this.#options.http.answer(request);
  }

  async upgrade(request: UpgradeRequest): Promise<HttpResponse | SocketAcceptor> {
    const decision = await this.#decide(request);
    return 'accept' in decision ? decision : withSecurityHeaders(decision, []);
  }

  async #decide(request: UpgradeRequest): Promise<HttpResponse | SocketAcceptor> {
    const { guard, auth, tickets, relay, relayPath, relaySubprotocol: subprotocol } = this.#options;
    if (request.path !== relayPath) return failure(404, 'not-found', 'There is no socket at this address.');
    if (this.#options.draining()) return failure(503, 'draining', 'This edge is going away. Connect again, to another one.');
    const guarded = guard.check(request);
    if (guarded !== 'ok') return guardRefusal(guarded);
    if (!request.subprotocols.includes(subprotocol)) return failure(400, 'subprotocol', `Offer the subprotocol ${subprotocol}.`);
    try {
      const headers = await tickets.headersOf(request);
      const signIn = headers && (await signInWith(auth, headers));
      if (signIn) return { subprotocol, accept: (socket) => relay.accept(socket, signIn) };
      return unauthorized(subprotocol, headers ? 'You are not signed in.' : 'The ticket was used or is too old.');
    } catch (cause) {
      if (cause instanceof AuthRefused) return unauthorized(subprotocol, cause.message);
      const passing = cause instanceof AuthUnavailable || cause instanceof BrokerUnavailable;
      const answer = passing ? failureAnswer(cause) : undefined;
      if (answer) return answer;
      throw cause;
    }
  }
}

/** A page cannot read the status of a refused upgrade: it is let in to be told by a close code that coming back is of no use (WP4). */
function unauthorized(subprotocol: string, text: string): SocketAcceptor {
  return {
    subprotocol,
    accept(socket) {
      socket.send(encodeServerFrame({ kind: 'close', code: CloseCode.unauthorized, text }));
      socket.close(CloseCode.unauthorized, 'not signed in');
      return { message() {}, drained() {}, closed() {} };
    },
  };
}
