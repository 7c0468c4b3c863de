import type { HeaderSource } from '../../auth/authenticator.ts';
import { decodeUtf8 } from '../../protocol/utf8.ts';

const prefix = 'base64url.bearer.authorization.k8s.io.';

/** What a client offers, without the token that it may have put among it because a page can send no header (facts 6). */
export interface Offer {
  readonly subprotocols: readonly string[];
  /** The request's headers, with that token as the credential unless there is another one. */
  readonly headers: HeaderSource;
}

/** @returns undefined for a token that breaks the rules: two of them, one alone, no base64url, no UTF-8. It is echoed nowhere. */
export function readOffer(offered: readonly string[], headers: HeaderSource): Offer | undefined {
  const tokens = offered.filter((name) => name.startsWith(prefix));
  const subprotocols = offered.filter((name) => !name.startsWith(prefix));
  const [first] = tokens;
  if (first === undefined) return { subprotocols, headers };
  const token = decodeToken(first.slice(prefix.length));
  if (tokens.length > 1 || subprotocols.length === 0 || !token) return undefined;
  const authorization = headers.header('authorization') ?? `Bearer ${token}`;
  return { subprotocols, headers: { header: (name) => (name === 'authorization' ? authorization : headers.header(name)) } };
}

function decodeToken(encoded: string): string | undefined {
  if (!/^[\w-]+$/.test(encoded) || encoded.length % 4 === 1) return undefined;
  return decodeUtf8(Buffer.from(encoded, 'base64url'));
}
