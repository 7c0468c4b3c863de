import { CodedError } from '../base/coded-error.ts';
import type { User } from './user.ts';

/** The headers of a request, as far as authentication looks at them. Names in lower case. */
export interface HeaderSource {
  header(name: string): string | undefined;
}

type AuthMode = 'token' | 'none' | 'passthrough' | 'jwt';

/** Finds out who speaks (ED1). One implementation a mode. */
export interface Authenticator {
  readonly mode: AuthMode;
  /**
   * @returns undefined: not signed in
   * @throws AuthRefused when there is more to say than that; AuthUnavailable when whoever decides cannot be asked
   */
  authenticate(request: HeaderSource): Promise<User | undefined>;
}

/** Nothing is known about the credential; try again. */
export class AuthUnavailable extends CodedError<'auth-unavailable'> {
  constructor(cause?: unknown) {
    super('auth-unavailable', 'whoever knows the users does not answer', { cause });
  }
}

export type RefusalCode =
  | 'token-malformed'
  | 'token-algorithm'
  | 'token-signature'
  | 'token-issuer'
  | 'token-audience'
  | 'token-expired'
  | 'token-not-yet'
  | 'token-claims';

/** The credential is none, and why; the message is a sentence for its owner and holds nothing of the credential. */
export class AuthRefused extends CodedError<RefusalCode> {}
