import { createHash } from 'node:crypto';
import { type Authenticator, AuthUnavailable, type HeaderSource } from './authenticator.ts';
import { bearerToken, cookie } from './header-values.ts';
import type { User, UserCredential } from './user.ts';

export type PresentedCredential = Exclude<UserCredential, { kind: 'impersonation' }>;

/**
 * Asks the upstream whose credential it is (SelfSubjectReview).
 * @returns the user's name; undefined: the upstream does not accept the credential. Rejects when it cannot be asked.
 */
export type ReviewName = (credential: PresentedCredential) => Promise<string | undefined>;

/** How long an answer of the upstream is believed. Whatever a session does is checked by the upstream itself with the credential. */
const believeMs = 30_000;

/** Answers kept; beyond it the oldest are forgotten and asked for again. */
const maxBelieved = 10_000;

/** Whoever the upstream knows, by the user's own bearer token or Rancher cookie (ED1). */
export class PassthroughAuthenticator implements Authenticator {
  readonly mode = 'passthrough';
  readonly #review: ReviewName;
  readonly #now: () => number;
  /** By SHA-256 of the credential: the credential itself is kept nowhere. */
  readonly #believed = new Map<string, { readonly name: string; readonly untilMs: number }>();
  readonly #asking = new Map<string, Promise<string | undefined>>();

  /** @param now monotonic milliseconds */
  constructor(review: ReviewName, now: () => number) {
    this.#review = review;
    this.#now = now;
  }

  async authenticate(request: HeaderSource): Promise<User | undefined> {
    const credential = credentialOf(request);
    if (!credential) return undefined;
    const name = await this.#nameOf(credential);
    return name === undefined ? undefined : { subject: subjectOfName(name), name, groups: [], credential, expiresAtMs: undefined };
  }

  async #nameOf(credential: PresentedCredential): Promise<string | undefined> {
    const key = createHash('sha256').update(JSON.stringify(credential)).digest('base64url');
    const believed = this.#believed.get(key);
    if (believed && believed.untilMs > this.#now()) return believed.name;
    const asking = this.#asking.get(key) ?? this.#ask(key, credential);
    return await asking;
  }

  #ask(key: string, credential: PresentedCredential): Promise<string | undefined> {
    const asked = this.#review(credential)
      .then((name) => {
        this.#believed.delete(key);
        if (name === undefined || name === '') return undefined;
        this.#believe(key, name);
        return name;
      })
      .catch((cause: unknown) => {
        throw new AuthUnavailable(cause);
      })
      .finally(() => this.#asking.delete(key));
    this.#asking.set(key, asked);
    return asked;
  }

  #believe(key: string, name: string): void {
    this.#believed.set(key, { name, untilMs: this.#now() + believeMs });
    for (const oldest of this.#believed.keys()) {
      if (this.#believed.size <= maxBelieved) break;
      this.#believed.delete(oldest);
    }
  }
}

/** As Rancher reads it: the cookie counts only when there is no Authorization header. */
function credentialOf(request: HeaderSource): PresentedCredential | undefined {
  if (request.header('authorization') !== undefined) {
    const token = bearerToken(request);
    return token === undefined ? undefined : { kind: 'bearer', token };
  }
  const value = cookie(request, 'R_SESS');
  return value === undefined || value === '' ? undefined : { kind: 'rancher-cookie', value };
}

/** Names of users stay out of keys, and out of every log line but the audit events. */
function subjectOfName(name: string): string {
  return `user-${createHash('sha256').update(name).digest('base64url').slice(0, 32)}`;
}
