import { type Authenticator, AuthRefused, type HeaderSource } from './authenticator.ts';
import type { User } from './user.ts';

/** A user, and what it signed in with, so that it can be asked again (RS2, ED5). */
export interface SignIn {
  readonly user: User;
  /** @returns the user as it is now; undefined: no longer signed in, or somebody else @throws AuthUnavailable */
  again(): Promise<User | undefined>;
}

/** @throws as {@link Authenticator.authenticate} */
export async function signInWith(auth: Authenticator, request: HeaderSource): Promise<SignIn | undefined> {
  // Of a request nothing else is kept for as long as its socket lives.
  const kept = keptHeaders(request);
  const user = await auth.authenticate(kept);
  return user && { user, again: () => ask(auth, kept, user.subject) };
}

async function ask(auth: Authenticator, kept: HeaderSource, subject: string): Promise<User | undefined> {
  try {
    const user = await auth.authenticate(kept);
    return user?.subject === subject ? user : undefined;
  } catch (failure) {
    if (failure instanceof AuthRefused) return undefined;
    throw failure;
  }
}

function keptHeaders(request: HeaderSource): HeaderSource {
  const kept: Readonly<Record<string, string | undefined>> = {
    authorization: request.header('authorization'),
    cookie: request.header('cookie'),
  };
  return { header: (name) => kept[name] };
}
