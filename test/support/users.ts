import type { SignIn } from '../../src/auth/sign-in.ts';
import type { User, UserCredential } from '../../src/auth/user.ts';

/** A user whose name is the subject's. */
export function userNamed(subject: string, credential?: UserCredential, groups: readonly string[] = []): User {
  return { subject, name: subject, groups, credential, expiresAtMs: undefined };
}

/** That user's sign-in, which stays good. */
export function signedIn(subject: string, credential?: UserCredential): SignIn {
  const user = userNamed(subject, credential);
  return { user, again: async () => user };
}
