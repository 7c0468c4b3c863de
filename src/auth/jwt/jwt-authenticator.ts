import { errors, type JWTPayload, jwtVerify } from 'jose';
import { type Authenticator, AuthRefused, type HeaderSource } from '../authenticator.ts';
import { bearerToken, cookie } from '../header-values.ts';
import type { User } from '../user.ts';
import type { KeySet } from './key-set.ts';
import { type ClaimNames, userOfClaims } from './token-user.ts';

export interface JwtSettings {
  readonly issuer: string;
  /** A token has to be for one of them. */
  readonly audiences: readonly string[];
  readonly clockSkewMs: number;
  /** The token may also come in this cookie; undefined: as a bearer only. */
  readonly cookie: string | undefined;
  readonly claims: ClaimNames;
}

/** Signatures with a public key only: with a secret one whoever can check a token could also make one. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];

/** Longer ones are not looked at: they would not fit into the headers of a request either. */
const maxTokenLength = 16 * 1024;

/** Whoever an OpenID provider vouches for, by a signed token (ED1). Upstream goes the relay's own credential, in that user's name. */
export class JwtAuthenticator implements Authenticator {
  readonly mode = 'jwt';
  readonly #settings: JwtSettings;
  readonly #keys: KeySet;
  readonly #wallMs: () => number;

  constructor(settings: JwtSettings, keys: KeySet, wallMs: () => number) {
    this.#settings = settings;
    this.#keys = keys;
    this.#wallMs = wallMs;
  }

  async authenticate(request: HeaderSource): Promise<User | undefined> {
    const token = this.#tokenOf(request);
    if (token === undefined || token === '') return undefined;
    if (token.length > maxTokenLength) throw new AuthRefused('token-malformed', 'The token is too long.');
    const { claims, clockSkewMs } = this.#settings;
    return userOfClaims(await this.#verified(token), claims, clockSkewMs);
  }

  /** A header says who speaks; the cookie counts only without one. */
  #tokenOf(request: HeaderSource): string | undefined {
    if (request.header('authorization') !== undefined) return bearerToken(request);
    return this.#settings.cookie === undefined ? undefined : cookie(request, this.#settings.cookie);
  }

  async #verified(token: string): Promise<JWTPayload> {
    try {
      return await this.#verify(token);
    } catch (failure) {
      if (!(failure instanceof errors.JWKSNoMatchingKey)) throw refusalOf(failure);
    }
    // The provider may have new keys.
    await this.#keys.refresh();
    return this.#verify(token).catch((failure: unknown) => {
      throw refusalOf(failure);
    });
  }

  async #verify(token: string): Promise<JWTPayload> {
    const { issuer, audiences, clockSkewMs } = this.#settings;
    const { payload } = await jwtVerify(token, await this.#keys.finder(), {
      algorithms,
      issuer,
      audience: [...audiences],
      clockTolerance: clockSkewMs / 1000,
      currentDate: new Date(this.#wallMs()),
      requiredClaims: ['exp'],
    });
    return payload;
  }
}

/** What jose found wrong, in this relay's words. What is not jose's (the keys cannot be had, a bug) stays what it is. */
function refusalOf(failure: unknown): unknown {
  if (!(failure instanceof errors.JOSEError)) return failure;
  if (failure instanceof errors.JWTExpired) return new AuthRefused('token-expired', 'The token has expired: sign in again.');
  if (failure instanceof errors.JWTClaimValidationFailed) return claimRefusal(failure);
  if (failure instanceof errors.JOSEAlgNotAllowed)
    return new AuthRefused('token-algorithm', 'The token is signed in a way that is not accepted here.');
  if (failure instanceof errors.JWSSignatureVerificationFailed || failure instanceof errors.JWKSNoMatchingKey)
    return new AuthRefused('token-signature', 'The token is not signed by a key of the identity provider.');
  if (failure instanceof errors.JWKSMultipleMatchingKeys)
    return new AuthRefused('token-signature', 'The token does not say which key of the identity provider it is signed by.');
  return new AuthRefused('token-malformed', 'This is no token that can be read.');
}

function claimRefusal({ claim }: errors.JWTClaimValidationFailed): AuthRefused {
  switch (claim) {
    case 'iss':
      return new AuthRefused('token-issuer', 'The token is from another identity provider.');
    case 'aud':
      return new AuthRefused('token-audience', 'The token was made for another service.');
    case 'nbf':
      return new AuthRefused('token-not-yet', 'The token is not valid yet: is a clock wrong?');
    default:
      return new AuthRefused('token-claims', `The token has no valid "${claim}".`);
  }
}
