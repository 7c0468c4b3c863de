import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { AuthUnavailable } from '../authenticator.ts';

/** Gets the keys as they are now. Rejects when they cannot be had. */
export type LoadKeys = () => Promise<JSONWebKeySet>;

/** Keys are looked at again after so long: a key that was withdrawn is believed no longer than this. */
const freshMs = 5 * 60_000;

/** While the keys cannot be had, those that are known are believed for so long; an identity provider may be down for a while. */
const believeMs = 60 * 60_000;

/** They are asked for at most so often, whatever tokens come: a token with a key nobody knows costs nothing. */
const askEveryMs = 10_000;

/** The identity provider's public keys: fetched when needed, and again when a token names one that is not known (key rotation). */
export class KeySet {
  readonly #load: LoadKeys;
  readonly #now: () => number;
  readonly #failed: (failure: unknown) => void;
  #keys: { readonly find: JWTVerifyGetKey; readonly loadedAtMs: number } | undefined;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | undefined;

  /**
   * @param now monotonic milliseconds
   * @param failed told of every try that failed
   */
  constructor(load: LoadKeys, now: () => number, failed: (failure: unknown) => void) {
    this.#load = load;
    this.#now = now;
    this.#failed = failed;
  }

  /** What finds the key of a token. @throws AuthUnavailable when no keys are known, or only ones too old to be believed */
  async finder(): Promise<JWTVerifyGetKey> {
    if (this.#ageMs() >= freshMs) await this.refresh();
    if (!this.#keys || this.#ageMs() >= believeMs) throw new AuthUnavailable();
    return this.#keys.find;
  }

  /** Asks again, unless that was just done. @returns whether there are keys that were not there before the call */
  async refresh(): Promise<boolean> {
    const before = this.#keys;
    if (!this.#asking && this.#now() - this.#askedAtMs < askEveryMs) return false;
    this.#asking ??= this.#ask();
    await this.#asking;
    return this.#keys !== before;
  }

  async #ask(): Promise<void> {
    this.#askedAtMs = this.#now();
    try {
      this.#keys = { find: createLocalJWKSet(await this.#load()), loadedAtMs: this.#now() };
    } catch (failure) {
      this.#failed(failure);
    } finally {
      this.#asking = undefined;
    }
  }

  #ageMs(): number {
    return this.#keys ? this.#now() - this.#keys.loadedAtMs : Number.POSITIVE_INFINITY;
  }
}
