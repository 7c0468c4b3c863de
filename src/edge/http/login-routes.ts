import type { Authenticator } from '../../auth/authenticator.ts';
import { setSessionCookie } from '../../auth/session-cookie.ts';
import type { TokenAuthenticator } from '../../auth/token-authenticator.ts';
import type { Log } from '../../telemetry/log.ts';
import type { HttpRequest, RequestHead } from '../listener.ts';
import { failure, json, noContent } from './answers.ts';
import { jsonBody } from './json-body.ts';
import type { Route } from './route.ts';

export interface LoginOptions {
  readonly auth: TokenAuthenticator | Authenticator;
  readonly edge: string;
  /** What programs may do outside of the page's terminal (ED8). */
  readonly terminalActions: readonly string[];
  /** The listener itself speaks TLS. */
  readonly tls: boolean;
  readonly log: Log;
}

/** Signing in and out, and who one is (ED1). */
export function loginRoutes(options: LoginOptions): readonly Route[] {
  const { auth, edge, terminalActions, log } = options;
  const secure = (request: RequestHead) => options.tls || request.header('x-forwarded-proto') === 'https';

  async function login(request: HttpRequest) {
    if (auth.mode === 'none') return noContent();
    if (!('login' in auth)) {
      const whose = auth.mode === 'jwt' ? 'your identity provider' : 'the cluster';
      return failure(404, 'no-login', `This relay takes your sign-in of ${whose}.`, 'Sign in there, then come back.');
    }
    const body = await jsonBody(request);
    if (!body.ok) return body.refusal;
    const { token } = body.value;
    const value = typeof token === 'string' ? auth.login(token) : undefined;
    if (value === undefined) {
      log.warn({ remoteAddress: request.remoteAddress }, 'sign-in refused');
      return failure(401, 'unauthorized', 'This access token is not the right one.', 'The relay printed it when it started.');
    }
    log.info({ remoteAddress: request.remoteAddress }, 'signed in');
    return noContent({ 'set-cookie': setSessionCookie(value, secure(request)) });
  }

  return [
    { method: 'POST', path: '/v1/login', access: 'open', answer: login },
    // What a page has to ask for, before anybody is signed in.
    { method: 'GET', path: '/v1/login', access: 'open', answer: async () => json(200, { auth: auth.mode }) },
    {
      method: 'POST',
      path: '/v1/logout',
      access: 'open',
      answer: async (request) => noContent({ 'set-cookie': setSessionCookie('', secure(request)) }),
    },
    { method: 'GET', path: '/v1/me', access: 'user', answer: async () => json(200, { auth: auth.mode, edge, terminalActions }) },
  ];
}
