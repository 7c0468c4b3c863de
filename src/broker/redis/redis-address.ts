import { isIP } from 'node:net';

/** Where one Redis node is and how to log in. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  /** With the authority to trust beside the platform's, PEM. */
  readonly tls: false | { readonly ca?: string };
  readonly username: string;
  readonly password: string;
  readonly db: number;
}

/** The name that the certificate is for; an IP address is no server name, it is compared with the certificate's addresses. */
export function tlsNameOf(host: string): { servername?: string } {
  return isIP(host) === 0 ? { servername: host } : {};
}

/** `redis://` or, with TLS, `rediss://`: user, password, host, port, `/db`. @param ca of a private authority, PEM @throws TypeError for anything else; the text is not repeated, it may hold a password */
export function parseRedisUrl(text: string, ca?: string): RedisAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const db = url?.pathname.replace(/^\//, '') ?? '';
  if (!url || (url.protocol !== 'redis:' && url.protocol !== 'rediss:') || url.hostname === '' || !/^\d*$/.test(db)) {
    throw new TypeError('a Redis URL looks like redis://user:password@host:6379/0');
  }
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 6379 : Number(url.port),
    tls: url.protocol === 'rediss:' && (ca === undefined ? {} : { ca }),
    username: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    db: Number(db),
  };
}
