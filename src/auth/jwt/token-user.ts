import { createHash } from 'node:crypto';
import type { JWTPayload } from 'jose';
import { AuthRefused } from '../authenticator.ts';
import type { User, UserCredential } from '../user.ts';

/** How the claims of a token become a user (ED1). */
export interface ClaimNames {
  /** A claim's name, or a path with dots into claims within claims. */
  readonly user: string;
  readonly groups: string;
  /** Claims handed upstream beside name and groups, under their own names. */
  readonly extra: readonly string[];
  /** Put in front of every name, so that it cannot be another's in the cluster. */
  readonly userPrefix: string;
  readonly groupsPrefix: string;
}

/** What Kubernetes itself means by a name: nobody's token makes one of its own parts of a person. */
const ownNames = 'system:';

/** @throws AuthRefused `token-claims` for a token that names nobody */
export function userOfClaims(claims: JWTPayload, names: ClaimNames, clockSkewMs: number): User {
  const given = claimOf(claims, names.user);
  if (typeof given !== 'string' || given === '') throw refused(`The token has no "${names.user}", which would say who you are.`);
  if (names.user === 'email' && claims['email_verified'] === false) throw refused('The email address in the token has not been verified.');
  const user = names.userPrefix + given;
  if (!isHeaderText(user)) throw refused('The name in the token cannot be handed to the cluster.');
  if (user.startsWith(ownNames)) throw refused(`A name that begins with "${ownNames}" is the cluster's own.`);
  const groups = texts(claimOf(claims, names.groups)).map((group) => names.groupsPrefix + group);
  const theirs = groups.filter((group) => isHeaderText(group) && !group.startsWith(ownNames));
  const credential: UserCredential = { kind: 'impersonation', user, groups: theirs, extra: extraOf(claims, names.extra) };
  const expiresAtMs = claims.exp === undefined ? undefined : claims.exp * 1000 + clockSkewMs;
  return { subject: subjectOf(claims.iss ?? '', user), name: user, groups: theirs, credential, expiresAtMs };
}

function extraOf(claims: JWTPayload, names: readonly string[]): Readonly<Record<string, readonly string[]>> {
  const found = names.map((name) => [name.toLowerCase(), texts(claimOf(claims, name)).filter(isHeaderText)] as const);
  return Object.fromEntries(found.filter(([, values]) => values.length > 0));
}

/** The claim of that very name (it may have dots in it), else the one at the end of the path. */
function claimOf(claims: JWTPayload, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  let value: unknown = claims;
  for (const part of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[part];
  }
  return value;
}

function texts(value: unknown): readonly string[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return values.filter((each): each is string => typeof each === 'string');
}

/** Nothing that ends a header or that a server trims off. */
function isHeaderText(text: string): boolean {
  return text !== '' && text.length <= 1024 && text.trim() === text && !/\p{Cc}|\p{Cs}/u.test(text);
}

/** Names of users stay out of keys. */
function subjectOf(issuer: string, name: string): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([issuer, name]))
    .digest('base64url');
  return `user-${hash.slice(0, 32)}`;
}

function refused(message: string): AuthRefused {
  return new AuthRefused('token-claims', message);
}
