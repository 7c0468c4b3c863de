import type { Authenticator } from '../auth/authenticator.ts';
import { BrowserGuard } from '../auth/browser-guard.ts';
import type { Config } from '../config/options.ts';
import type { TlsFiles } from '../edge/listen/tls-files.ts';

/** Whom a door lets in. With `passthrough` and `jwt` the user's own credential protects, under any Host (ED1, ED2). */
export function guardOf(
  listen: { readonly host: string; readonly port: number },
  { allowedOrigins = [], allowedHosts = [] }: Pick<Config, 'allowedOrigins' | 'allowedHosts'>,
  { mode }: Authenticator,
): BrowserGuard {
  return new BrowserGuard({ listen, allowedOrigins, allowedHosts: mode === 'passthrough' || mode === 'jwt' ? undefined : allowedHosts });
}

export function tlsFiles(certFile: string | undefined, keyFile: string | undefined): TlsFiles | undefined {
  return certFile !== undefined && keyFile !== undefined ? { certFile, keyFile } : undefined;
}
