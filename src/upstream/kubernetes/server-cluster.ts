import type { Clock } from '../../base/clock.ts';
import { CodedError } from '../../base/coded-error.ts';
import type { Credential } from '../upstream.ts';
import { CachedFile } from './cached-file.ts';
import type { Cluster, ClusterAccess } from './cluster.ts';
import { credentialHeaders } from './credential-headers.ts';
import { OpenFailure } from './open-failure.ts';

export interface ServerSettings {
  /** `https://host[:port][/k8s/clusters/ID]`; `http:` only for this machine. */
  readonly server: string;
  /** Default: the last segment of a Rancher path, else `default`. */
  readonly id?: string;
  readonly name?: string;
  /** The relay's own bearer token. Without it, only users with a credential of theirs get in. */
  readonly tokenFile?: string;
  readonly token?: string;
  readonly caFile?: string;
  readonly insecureSkipTlsVerify?: boolean;
}

/** A cluster given by URL, token and certificate authority: an API server, one cluster of a Rancher, or the cluster around this pod. */
export class ServerCluster implements Cluster {
  readonly id: string;
  readonly name: string;
  readonly baseUrl: URL;
  readonly #settings: ServerSettings;
  readonly #tokenFile: CachedFile | undefined;
  readonly #caFile: CachedFile | undefined;

  /** @throws CodedError `bad-server` with one sentence */
  constructor(settings: ServerSettings, clock: Clock) {
    this.#settings = settings;
    this.baseUrl = parseServer(settings.server);
    this.id = settings.id ?? /^\/k8s\/clusters\/([^/]+)\/*$/.exec(this.baseUrl.pathname)?.[1] ?? 'default';
    this.name = settings.name ?? this.id;
    this.#tokenFile = settings.tokenFile === undefined ? undefined : new CachedFile(settings.tokenFile, clock);
    this.#caFile = settings.caFile === undefined ? undefined : new CachedFile(settings.caFile, clock);
  }

  async access(credential: Credential | undefined): Promise<ClusterAccess> {
    const token = credential ? undefined : ((await readOwn(this.#tokenFile))?.trim() ?? this.#settings.token);
    const own: Credential | undefined = token === undefined ? undefined : { kind: 'bearer', token };
    const used = credential ?? own;
    const ca = await readOwn(this.#caFile);
    return {
      headers: used ? credentialHeaders(used) : {},
      tls: {
        ...(ca === undefined ? {} : { ca }),
        ...(this.#settings.insecureSkipTlsVerify ? { rejectUnauthorized: false } : {}),
      },
    };
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

async function readOwn(file: CachedFile | undefined): Promise<string | undefined> {
  try {
    return await file?.read();
  } catch {
    throw new OpenFailure({ kind: 'own-credential' });
  }
}

const serviceAccount = '/var/run/secrets/kubernetes.io/serviceaccount';

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

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}
