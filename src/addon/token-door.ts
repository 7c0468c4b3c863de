import type { Target } from '../protocol/target.ts';
import type { SessionDoor } from './browser-host.ts';
import { record, relayRequest, text, ticketOf } from './relay-request.ts';

/**
 * The relay as somebody else's page comes to it. With `getToken` every request and every socket has a token of its own, fresh from there
 * (sockets by a ticket, because a browser lets them send no header); without it the relay's cookie goes along.
 */
export function tokenDoor(relay: URL, target: Target, getToken?: () => string | Promise<string>): SessionDoor {
  const at = (path: string) => new URL(`${relay.pathname.replace(/\/$/, '')}${path}`, relay);
  const attachUrl = at('/v1/attach');
  attachUrl.protocol = relay.protocol === 'https:' ? 'wss:' : 'ws:';
  const post = async (path: string, body: object) => {
    const token = await getToken?.();
    return relayRequest({ method: 'POST', url: at(path), body, ...(token !== undefined && { token }) });
  };
  return {
    attachUrl,
    ticket: async () => ticketOf(await post('/v1/sessions', target)),
    subprotocols: async () => {
      if (!getToken) return ['poseidon.v1'];
      return ['poseidon.v1', text(record(await post('/v1/socket-tickets', {}))['subprotocol'])];
    },
    // With a token it was asked a moment ago; with a cookie nobody can be asked for another one here.
    signedIn: async () => true,
  };
}
