import { readFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { JSONWebKeySet } from 'jose';
import { CodedError } from '../../base/coded-error.ts';
import type { LoadKeys } from './key-set.ts';

/** Where the public keys of an identity provider are. */
export type KeyPlace =
  /** The provider says so itself (OpenID Connect Discovery). */
  | { readonly kind: 'discovery'; readonly issuer: string }
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'file'; readonly file: string };

/** How long a provider has to answer; somebody waits for it. */
const answerWithinMs = 5_000;

/** A discovery document or a key set; real ones have some kilobytes. */
const maxDocumentBytes = 512 * 1024;

/** @param ca certificate authority of the provider, PEM @throws CodedError `keys-unavailable` from what is returned */
export function keysAt(place: KeyPlace, ca: string | undefined): LoadKeys {
  switch (place.kind) {
    case 'file':
      return async () => keySet(parse(await readFile(place.file, 'utf8')));
    case 'url':
      return async () => keySet(await getJson(place.url, ca));
    case 'discovery':
      return async () => keySet(await getJson(await discover(place.issuer, ca), ca));
  }
}

async function discover(issuer: string, ca: string | undefined): Promise<string> {
  const document = await getJson(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, ca);
  if (document['issuer'] !== issuer) throw unavailable('the discovery document is that of another issuer');
  const keys = document['jwks_uri'];
  if (typeof keys !== 'string') throw unavailable('the discovery document names no keys');
  return keys;
}

function keySet(value: Readonly<Record<string, unknown>>): JSONWebKeySet {
  const { keys } = value;
  if (!Array.isArray(keys)) throw unavailable('what was found is no key set');
  // One secret key among them would let whoever reads them sign tokens.
  const open = (keys as readonly unknown[]).filter((key) => typeof key === 'object' && key !== null && 'kty' in key && key.kty !== 'oct');
  return { keys: open as JSONWebKeySet['keys'] };
}

/** No redirects, one short answer. */
function getJson(address: string, ca: string | undefined): Promise<Readonly<Record<string, unknown>>> {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url || !isTrusted(url)) return Promise.reject(unavailable('the keys have to be fetched by https'));
  return new Promise((resolve, reject) => {
    const fail = (why: string, cause?: unknown) => {
      request.destroy();
      reject(unavailable(why, cause));
    };
    const options = { headers: { accept: 'application/json' }, signal: AbortSignal.timeout(answerWithinMs), agent: false as const };
    const request =
      url.protocol === 'https:' ? httpsRequest(url, { ...options, ...(ca === undefined ? {} : { ca }) }) : httpRequest(url, options);
    request.once('error', (error) => fail('the identity provider cannot be reached', error));
    request.once('response', (response) => {
      if (response.statusCode !== 200) return fail(`the identity provider answered ${response.statusCode}`);
      const parts: Buffer[] = [];
      let size = 0;
      response.on('data', (part: Buffer) => {
        size += part.length;
        parts.push(part);
        if (size > maxDocumentBytes) fail('the answer of the identity provider is too long');
      });
      response.once('error', (error) => fail('the answer of the identity provider broke off', error));
      response.once('end', () => {
        try {
          resolve(parse(Buffer.concat(parts).toString('utf8')));
        } catch (failure) {
          reject(failure);
        }
      });
    });
    request.end();
  });
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>;
  } catch {
    // Said below: the parser's message would quote the text.
  }
  throw unavailable('what was found is no JSON object');
}

/** Keys that came in clear could be anybody's. */
function isTrusted(url: URL): boolean {
  const loopback = ['localhost', '[::1]'].includes(url.hostname) || /^127(\.\d{1,3}){3}$/.test(url.hostname);
  return url.protocol === 'https:' || (url.protocol === 'http:' && loopback);
}

function unavailable(why: string, cause?: unknown): CodedError {
  return new CodedError('keys-unavailable', why, { cause });
}
