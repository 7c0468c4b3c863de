import type { SessionDoor } from '../addon/browser-host.ts';
import { ApiFailure } from '../addon/relay-request.ts';
import type { Target } from '../protocol/target.ts';
import type { SignedIn } from './open-page.ts';

/** The relay as its own pages come to it: with the cookie of their sign-in, and its form when that is missing. */
export function pageDoor({ api, signIn }: SignedIn, target: Target): SessionDoor {
  const attachUrl = new URL('/v1/attach', location.href);
  attachUrl.protocol = attachUrl.protocol === 'https:' ? 'wss:' : 'ws:';
  return {
    attachUrl,
    async ticket() {
      for (;;) {
        try {
          return await api.openSession(target);
        } catch (failure) {
          if (!(failure instanceof ApiFailure) || failure.status !== 401) throw failure;
          await signIn.ask();
        }
      }
    },
    subprotocols: async () => ['poseidon.v1'],
    signedIn: () => api.signedIn(),
  };
}
