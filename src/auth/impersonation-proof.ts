import type { User, UserCredential } from './user.ts';

export type Impersonation = Extract<UserCredential, { kind: 'impersonation' }>;

/** By what name the cluster knows whoever is impersonated. Rejects when it cannot be asked. */
export type AskName = (cluster: string, credential: Impersonation) => Promise<string>;

/** A cluster that has once taken the relay for a user is believed to do so for a while. */
const believeMs = 5 * 60_000;

/** Answers kept; beyond it the oldest are forgotten and asked for again. */
const maxBelieved = 10_000;

/**
 * Whether a cluster really takes the relay for its users (UP10). A proxy in between that leaves out headers it does not know would let every
 * user act with the relay's own rights: so nothing is opened in a user's name before the cluster has said that name.
 */
export class ImpersonationProof {
  readonly #ask: AskName;
  readonly #now: () => number;
  readonly #believed = new Map<string, number>();

  /** @param now monotonic milliseconds */
  constructor(ask: AskName, now: () => number) {
    this.#ask = ask;
    this.#now = now;
  }

  /** True as well for a user who is not impersonated. Rejects as the question does. */
  async holds({ credential, subject }: User, cluster: string): Promise<boolean> {
    if (credential?.kind !== 'impersonation') return true;
    const key = `${cluster}/${subject}`;
    if ((this.#believed.get(key) ?? 0) > this.#now()) return true;
    if ((await this.#ask(cluster, credential)) !== credential.user) return false;
    this.#believe(key);
    return true;
  }

  #believe(key: string): void {
    this.#believed.delete(key);
    this.#believed.set(key, this.#now() + believeMs);
    for (const oldest of this.#believed.keys()) {
      if (this.#believed.size <= maxBelieved) break;
      this.#believed.delete(oldest);
    }
  }
}
