import type { Authenticator } from '../../auth/authenticator.ts';
import type { BrowserGuard } from '../../auth/browser-guard.ts';
import type { Log } from '../../telemetry/log.ts';
import type { HttpRequest, HttpResponse } from '../listener.ts';
import { failure, noContent } from './answers.ts';
import { failureAnswer } from './failure-answer.ts';
import { guardRefusal } from './guard-refusal.ts';
import { matchRoute, type Route } from './route.ts';
import { withSecurityHeaders } from './security-headers.ts';
import type { StaticPages } from './static-pages.ts';

export interface HttpDoorOptions {
  readonly auth: Authenticator;
  readonly guard: BrowserGuard;
  readonly health: readonly Route[];
  readonly routes: readonly Route[];
  /** undefined: another server has them. */
  readonly pages: StaticPages | undefined;
  /** Origins of the operator's list: their pages may call the API and show ours in a frame. */
  readonly allowedOrigins: readonly string[];
  readonly log: Log;
}

/** Door 3: session API, picker, health, pages. Errors have one shape and no stack traces. */
export class HttpDoor {
  readonly #options: HttpDoorOptions;

  constructor(options: HttpDoorOptions) {
    this.#options = options;
  }

  async answer(request: HttpRequest): Promise<HttpResponse> {
    const { allowedOrigins, log } = this.#options;
    let answer: HttpResponse;
    try {
      answer = await this.#route(request);
    } catch (cause) {
      answer = failureAnswer(cause) ?? failure(500, 'internal', 'The relay failed to answer this request.');
      if (answer.status === 500) log.error({ error: cause, method: request.method, path: request.path }, 'request failed');
    }
    return withSecurityHeaders(this.#withCors(request, answer), allowedOrigins);
  }

  async #route(request: HttpRequest): Promise<HttpResponse> {
    const { health, guard, routes, pages, auth } = this.#options;
    const probe = matchRoute(health, request.method, request.path);
    if (probe.kind === 'route' && probe.route.access === 'open') return await probe.route.answer(request);

    const guarded = guard.check(request);
    if (guarded !== 'ok') return guardRefusal(guarded);
    if (request.method === 'OPTIONS' && this.#isForeign(request)) return noContent(preflight);

    const match = matchRoute(routes, request.method, request.path);
    switch (match.kind) {
      case 'none':
        return pages?.answer(request) ?? failure(404, 'not-found', 'There is nothing at this address.');
      case 'other-method':
        return failure(405, 'method-not-allowed', `This address takes ${match.allow}.`, '', { allow: match.allow });
      case 'route': {
        if (match.route.access === 'open') return await match.route.answer(request);
        const user = await auth.authenticate(request);
        if (user) return await match.route.answer(request, user, match.params);
        return failure(401, 'unauthorized', 'You are not signed in.', 'Open the link that the relay printed, or sign in.');
      }
    }
  }

  #isForeign(request: HttpRequest): boolean {
    const origin = request.header('origin');
    return origin !== undefined && this.#options.guard.foreign(origin);
  }

  #withCors(request: HttpRequest, answer: HttpResponse): HttpResponse {
    const origin = request.header('origin');
    if (origin === undefined || !this.#isForeign(request)) return answer;
    const cors = { 'access-control-allow-origin': origin, 'access-control-allow-credentials': 'true', vary: 'origin, accept-encoding' };
    return { ...answer, headers: { ...answer.headers, ...cors } };
  }
}

const preflight = {
  'access-control-allow-methods': 'GET, POST, DELETE',
  'access-control-allow-headers': 'authorization, content-type',
  'access-control-max-age': '600',
};
