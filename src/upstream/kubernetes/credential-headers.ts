import type { Credential } from '../upstream.ts';
import { OpenFailure } from './open-failure.ts';

/** A credential is a header and nothing else: never in a URL, never in an error (UP8). @throws OpenFailure when no header can carry it */
export function credentialHeaders(credential: Credential): { readonly [name: string]: string } {
  if (credential.kind === 'bearer') {
    if (!bearerToken.test(credential.token)) throw new OpenFailure({ kind: 'credential' });
    return { Authorization: `Bearer ${credential.token}` };
  }
  if (!cookieValue.test(credential.value)) throw new OpenFailure({ kind: 'credential' });
  return { Cookie: `R_SESS=${credential.value}` };
}

/** Visible ASCII; no blank, so nothing can be added to the header. */
const bearerToken = /^[\x21-\x7e]{1,16384}$/;
/** RFC 6265 cookie-octet: no semicolon, comma, quote or backslash, so no second cookie can be added. */
const cookieValue = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]{1,4096}$/;
