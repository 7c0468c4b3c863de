import { readFile } from 'node:fs/promises';
import type { Authenticator } from '../auth/authenticator.ts';
import { type Admission, clusterDecides, Grants } from '../auth/grants.ts';
import { JwtAuthenticator } from '../auth/jwt/jwt-authenticator.ts';
import { KeySet } from '../auth/jwt/key-set.ts';
import { type KeyPlace, keysAt } from '../auth/jwt/provider-keys.ts';
import { NoneAuthenticator } from '../auth/none-authenticator.ts';
import { PassthroughAuthenticator } from '../auth/passthrough-authenticator.ts';
import { TokenAuthenticator } from '../auth/token-authenticator.ts';
import type { Scope } from '../base/scope.ts';
import type { Config } from '../config/options.ts';
import type { Log } from '../telemetry/log.ts';
import type { EdgeUpstream } from './edge-upstream.ts';
import { readSecret } from './secrets.ts';
import { systemClock as clock } from './system.ts';

interface AuthTools {
  /** Of auth `token`. */
  readonly accessToken: string | undefined;
  readonly questions: EdgeUpstream;
  readonly log: Log;
}

/** @throws CodedError with one sentence */
export async function authenticator(config: Config, { accessToken, questions, log }: AuthTools): Promise<Authenticator> {
  switch (config.auth) {
    case 'none':
      return new NoneAuthenticator();
    case 'passthrough':
      return new PassthroughAuthenticator(questions.nameOf, clock.now);
    case 'token':
      return new TokenAuthenticator(accessToken ?? '', clock.wallMs);
    case 'jwt':
      return await jwt(config, log);
  }
}

async function jwt(config: Config, log: Log): Promise<Authenticator> {
  const { jwtIssuer: issuer = '', jwtAudience: audiences = [], jwtCaFile: caFile } = config;
  const ca = caFile === undefined ? undefined : await readSecret(caFile, 'certificate authority', (text) => text);
  const keys = new KeySet(keysAt(keyPlace(config, issuer), ca), clock.now, (error) => log.warn({ error }, 'keys of the identity provider'));
  // An edge does not wait for its identity provider: whoever signs in meanwhile is told to come back.
  void keys.refresh();
  const settings = {
    issuer,
    audiences,
    clockSkewMs: config.jwtClockSkewSeconds * 1000,
    cookie: config.jwtCookie,
    claims: {
      user: config.jwtUserClaim,
      groups: config.jwtGroupsClaim,
      extra: config.jwtExtraClaims ?? [],
      userPrefix: config.jwtUserPrefix ?? '',
      groupsPrefix: config.jwtGroupsPrefix ?? '',
    },
  };
  return new JwtAuthenticator(settings, keys, clock.wallMs);
}

function keyPlace({ jwtKeysFile, jwtKeysUrl }: Config, issuer: string): KeyPlace {
  if (jwtKeysFile !== undefined) return { kind: 'file', file: jwtKeysFile };
  return jwtKeysUrl === undefined ? { kind: 'discovery', issuer } : { kind: 'url', url: jwtKeysUrl };
}

/** A changed file of grants counts after so long at most. */
const grantsEveryMs = 10_000;

/** The grants, read again when their file changes. One that cannot be used changes nothing. @throws CodedError with one sentence */
export async function admissionOf({ grants, grantsFile }: Config, log: Log, scope: Scope): Promise<Admission> {
  if (grants !== undefined) return new Grants(grants);
  if (grantsFile === undefined) return clusterDecides;
  let text = '';
  let current = await readSecret(grantsFile, 'grants', (read) => {
    text = read;
    return new Grants(read);
  });
  const look = async () => {
    try {
      const now = await readFile(grantsFile, 'utf8');
      if (now === text) return;
      text = now;
      current = new Grants(now);
      log.info({}, 'grants read again');
    } catch (error) {
      log.error({ error }, 'grants cannot be read again');
    }
  };
  const timer = setInterval(() => void look(), grantsEveryMs);
  scope.own(() => clearInterval(timer));
  return { refusal: (user, target) => current.refusal(user, target), sees: (user, place) => current.sees(user, place) };
}
