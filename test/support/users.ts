import type { User, UserCredential } from '../../src/auth/user.ts';

/** A user whose name is the subject's. */
export function userNamed(subject: string, credential?: UserCredential, groups: readonly string[] = []): User {
  return { subject, name: subject, groups, credential, expiresAtMs: undefined };
}
