import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import type { Cluster as KubeconfigCluster } from '@kubernetes/client-node';
import { CodedError } from '../../base/coded-error.ts';
import type { Cluster, ClusterAccess, TlsOptions } from './cluster.ts';
import { credentialHeaders } from './credential-headers.ts';
import { OpenFailure } from './open-failure.ts';
import { parseServer } from './server-cluster.ts';

export interface KubeconfigSettings {
  readonly file: string;
  /** Default: the file's current one. */
  readonly context?: string;
}

/**
 * A cluster of a kubeconfig file: client certificates, tokens, exec plugins. The library behind it is large and slow to load, so it is
 * loaded here and only when a kubeconfig is used.
 * @throws CodedError `bad-kubeconfig` with one sentence
 */
export async function openKubeconfigCluster(settings: KubeconfigSettings): Promise<Cluster> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  try {
    config.loadFromFile(settings.file);
  } catch (cause) {
    throw new CodedError('bad-kubeconfig', 'The kubeconfig file cannot be read.', { cause });
  }
  if (settings.context !== undefined) config.setCurrentContext(settings.context);
  const context = config.getCurrentContext();
  const cluster = config.getCurrentCluster();
  if (!cluster) throw new CodedError('bad-kubeconfig', 'The kubeconfig file has no such context.');
  if (cluster.proxyUrl) throw new CodedError('bad-kubeconfig', 'proxy-url in a kubeconfig file is not supported.');
  const baseUrl = parseServer(cluster.server);

  const serverTls = await tlsOfCluster(cluster);

  /** Exec plugins run here, and the library keeps their answer until it expires. */
  const ownAccess = async (): Promise<ClusterAccess> => {
    const options: RequestOptions = {};
    try {
      await config.applyToHTTPSOptions(options);
    } catch {
      // What a plugin writes may hold anything: it is not passed on.
      throw new OpenFailure({ kind: 'own-credential' });
    }
    return { headers: headersOf(options), tls: { ...serverTls, ...certificateOf(options) } };
  };
  return {
    id: clusterId(context),
    name: context,
    baseUrl,
    access: async (credential) => (credential ? { headers: credentialHeaders(credential), tls: serverTls } : ownAccess()),
  };
}

async function tlsOfCluster({ caFile, caData, skipTLSVerify, tlsServerName }: KubeconfigCluster): Promise<TlsOptions> {
  const ca = caFile ? await readFile(caFile) : caData ? Buffer.from(caData, 'base64') : undefined;
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(skipTLSVerify ? { rejectUnauthorized: false } : {}),
    ...(tlsServerName ? { servername: tlsServerName } : {}),
  };
}

function certificateOf({ cert, key, pfx, passphrase }: RequestOptions): TlsOptions {
  return {
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(pfx === undefined ? {} : { pfx }),
    ...(passphrase === undefined ? {} : { passphrase }),
  };
}

function headersOf({ headers, auth }: RequestOptions): { readonly [name: string]: string } {
  const found: { [name: string]: string } = {};
  for (const [name, value] of Object.entries(headers ?? {})) if (typeof value === 'string') found[name] = value;
  if (auth) found['Authorization'] = `Basic ${Buffer.from(auth).toString('base64')}`;
  return found;
}

/** Contexts have names like `admin@prod:6443`; ids are what a target may hold. */
export function clusterId(context: string): string {
  const id = context.replace(/[^A-Za-z0-9_.-]+/g, '-').slice(0, 128);
  return id.replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '') || 'default';
}
