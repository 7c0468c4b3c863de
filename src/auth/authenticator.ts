import { CodedError } from '../base/coded-error.ts';
import type { User } from './user.ts';

/** The headers of a request, as far as authentication looks at them. Names in lower case. */
export interface HeaderSource {
  header(name: string): string | undefined;
}

/** Finds out who speaks (ED1). One implementation a mode. */
export interface Authenticator {
  readonly mode: 'token' | 'none' | 'passthrough';
  /**
   * @returns undefined: not signed in
   * @throws AuthUnavailable when whoever decides cannot be asked
   */
  authenticate(request: HeaderSource): Promise<User | undefined>;
}

/** Nothing is known about the credential; try again. */
export class AuthUnavailable extends CodedError<'auth-unavailable'> {
  constructor(cause?: unknown) {
    super('auth-unavailable', 'the cluster that knows the users does not answer', { cause });
  }
}
