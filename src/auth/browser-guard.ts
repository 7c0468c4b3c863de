import type { HeaderSource } from './authenticator.ts';

export interface GuardSettings {
  /** Where the edge listens. */
  readonly listen: { readonly host: string; readonly port: number };
  /** undefined: any Host is let in (the user's own credential protects, ED1). */
  readonly allowedHosts: readonly string[] | undefined;
  readonly allowedOrigins: readonly string[];
}

export type GuardAnswer = 'ok' | 'host' | 'origin';

/**
 * Keeps other web sites away from the browser doors (ED2). `Host` is checked because a name of the attacker's may point here (DNS
 * rebinding); `Origin`, which scripts cannot forge, because cookies travel along. A request without Origin comes from no page.
 */
export class BrowserGuard {
  readonly #settings: GuardSettings;
  readonly #anyAddress: boolean;

  constructor(settings: GuardSettings) {
    this.#settings = settings;
    this.#anyAddress = ['0.0.0.0', '::'].includes(settings.listen.host);
  }

  check(request: HeaderSource): GuardAnswer {
    const host = request.header('host')?.toLowerCase() ?? '';
    if (!this.#hostAllowed(host)) return 'host';
    const origin = request.header('origin');
    return origin === undefined || this.sameHost(origin, host) || this.foreign(origin) ? 'ok' : 'origin';
  }

  /** Whether the page at `origin` is from another host that the operator has allowed. */
  foreign(origin: string): boolean {
    return this.#settings.allowedOrigins.includes(origin.toLowerCase());
  }

  /** The scheme is not compared: TLS may end at a proxy. */
  sameHost(origin: string, host: string): boolean {
    const parsed = URL.canParse(origin) ? new URL(origin) : undefined;
    if (parsed?.protocol !== 'http:' && parsed?.protocol !== 'https:') return false;
    return parsed.host === withoutDefaultPort(host, parsed.protocol);
  }

  #hostAllowed(host: string): boolean {
    const { allowedHosts, listen } = this.#settings;
    if (!allowedHosts) return true;
    const { name, port } = splitHost(host);
    // Names that no attacker's DNS answers for, on any port: tunnels and port-forwards end here.
    if (name === 'localhost' || name.endsWith('.localhost') || /^127(\.\d{1,3}){3}$/.test(name) || name === '[::1]') return true;
    if (this.#anyAddress && isAddress(name)) return true;
    if (name === bracketed(listen.host.toLowerCase()) && (port === '' || port === String(listen.port))) return true;
    return allowedHosts.includes(host) || allowedHosts.includes(name);
  }
}

function splitHost(host: string): { readonly name: string; readonly port: string } {
  const found = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(host);
  return { name: found?.[1] ?? '', port: found?.[2] ?? '' };
}

function isAddress(name: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(name) || /^\[[0-9a-f:.]+\]$/.test(name);
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

function withoutDefaultPort(host: string, protocol: string): string {
  return host.replace(protocol === 'https:' ? /:443$/ : /:80$/, '');
}
