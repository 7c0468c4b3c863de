import { isIP } from 'node:net';
import type { Clock } from '../../base/clock.ts';
import { CodedError } from '../../base/coded-error.ts';
import { OwnCredential, type OwnCredentialSettings, ownText } from '../clusters/own-credential.ts';
import { ProxyAgent } from '../clusters/proxy-agent.ts';
import type { Credential } from '../upstream.ts';
import { CachedFile } from './cached-file.ts';
import type { Cluster, ClusterAccess } from './cluster.ts';
import { credentialHeaders } from './credential-headers.ts';

/** One cluster as an operator gives it, wherever that is written. */
export interface ServerSettings extends OwnCredentialSettings {
  /** `https://host[:port][/k8s/clusters/ID]`; `http:` only for this machine. */
  readonly server: string;
  /** Default: the last segment of a Rancher path, else `default`. */
  readonly id?: string;
  readonly name?: string;
  /** Where a user who may not list namespaces is led. */
  readonly namespace?: string;
  /** PEM. */
  readonly ca?: string;
  readonly caFile?: string;
  readonly insecureSkipTlsVerify?: boolean;
  /** The name to look for in the server's certificate, if it is not the URL's. */
  readonly tlsServerName?: string;
  /** An HTTP proxy in front of the server; only for https. */
  readonly proxyUrl?: string;
}

/** A cluster given by URL, credential and certificate authority: an API server, one cluster of a Rancher, or the cluster around this pod. */
export class ServerCluster implements Cluster {
  readonly id: string;
  readonly name: string;
  readonly namespace: string | undefined;
  readonly baseUrl: URL;
  readonly #settings: ServerSettings;
  readonly #own: OwnCredential;
  readonly #caFile: CachedFile | undefined;
  readonly #proxy: ProxyAgent | undefined;

  /** @throws CodedError `bad-server` with one sentence */
  constructor(settings: ServerSettings, clock: Clock) {
    this.#settings = settings;
    this.baseUrl = parseServer(settings.server);
    this.id = settings.id ?? /^\/k8s\/clusters\/([^/]+)\/*$/.exec(this.baseUrl.pathname)?.[1] ?? 'default';
    this.name = settings.name ?? this.id;
    this.namespace = settings.namespace;
    this.#own = new OwnCredential(settings, clock);
    this.#caFile = settings.caFile === undefined ? undefined : new CachedFile(settings.caFile, clock);
    this.#proxy = settings.proxyUrl === undefined ? undefined : new ProxyAgent(parseProxy(settings.proxyUrl, this.baseUrl));
  }

  async access(credential: Credential | undefined): Promise<ClusterAccess> {
    const { headers, tls } = credential ? { headers: credentialHeaders(credential), tls: {} } : await this.#own.access();
    const ca = (await ownText(this.#caFile, 'certificate authority')) ?? this.#settings.ca;
    const { insecureSkipTlsVerify, tlsServerName } = this.#settings;
    return {
      headers,
      tls: {
        ...tls,
        ...(ca === undefined ? {} : { ca }),
        ...(insecureSkipTlsVerify ? { rejectUnauthorized: false } : {}),
        ...(tlsServerName === undefined ? {} : { servername: tlsServerName }),
      },
      ...(this.#proxy ? { agent: this.#proxy } : {}),
    };
  }

  expire(): void {
    this.#own.expire();
    this.#caFile?.expire();
  }
}

export interface InClusterSettings {
  /** `KUBERNETES_SERVICE_HOST` and `KUBERNETES_SERVICE_PORT`. */
  readonly host: string;
  readonly port: string;
  readonly directory?: string;
}

/** The cluster this pod runs in, as its service account. */
export function inClusterServer({ host, port, directory = serviceAccount }: InClusterSettings): ServerSettings {
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    id: 'local',
    tokenFile: `${directory}/token`,
    caFile: `${directory}/ca.crt`,
  };
}

export const serviceAccount = '/var/run/secrets/kubernetes.io/serviceaccount';

/** @throws CodedError `bad-server` whose message is one sentence */
export function parseServer(server: string): URL {
  const url = URL.canParse(server) ? new URL(server) : undefined;
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') throw new CodedError('bad-server', 'The server has to be an https URL.');
  // Credentials go to it in every request.
  if (url.protocol === 'http:' && !isLoopback(url.hostname))
    throw new CodedError('bad-server', 'A server on another machine has to be reached by https.');
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    throw new CodedError('bad-server', 'The URL of the server takes no user, query or fragment.');
  return url;
}

/** @throws CodedError `bad-proxy` whose message is one sentence without the URL, which may hold a password */
export function parseProxy(proxy: string, server: URL): URL {
  const url = URL.canParse(proxy) ? new URL(proxy) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
    throw new CodedError('bad-proxy', 'The proxy has to be an http or https URL: other kinds, as socks5, are not spoken.');
  if (server.protocol !== 'https:') throw new CodedError('bad-proxy', 'A proxy is for https servers only.');
  return url;
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || (isIP(hostname) === 4 && hostname.startsWith('127.'));
}
