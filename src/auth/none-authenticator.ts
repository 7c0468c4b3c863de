import type { Authenticator } from './authenticator.ts';
import type { User } from './user.ts';

/** Everybody is one user. Only for loopback addresses, which the configuration sees to, and with the Host check against DNS rebinding. */
export class NoneAuthenticator implements Authenticator {
  readonly mode = 'none';

  async authenticate(): Promise<User> {
    return { subject: 'anybody', name: 'anybody', groups: [], credential: undefined, expiresAtMs: undefined };
  }
}
