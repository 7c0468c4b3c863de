import { parseProxy, parseServer, type ServerSettings } from '../kubernetes/server-cluster.ts';
import { readKubeconfig } from './kubeconfig.ts';
import { fits, type OwnCredentialSettings } from './own-credential.ts';
import { certificate, privateKey } from './pem-field.ts';
import { type Fields, readSettings } from './settings-file.ts';

const idForm = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,126}[A-Za-z0-9])?$/;

const directFields = [
  'server',
  'namespace',
  'caFile',
  'tokenFile',
  'clientCertificateFile',
  'clientKeyFile',
  'insecureSkipTlsVerify',
  'tlsServerName',
  'proxyUrl',
];

/**
 * The clusters of a file of the relay's own: `clusters`, a list. Secrets are in files that it names, never in it (UP11).
 * @throws CodedError `bad-clusters-file` (or `bad-kubeconfig` for a file that it names) with file, cluster, field and what to do
 */
export async function readClustersFile(path: string, environment: NodeJS.ProcessEnv): Promise<readonly ServerSettings[]> {
  const file = await readSettings({ path, code: 'bad-clusters-file' });
  onlyKnown(file, ['clusters']);
  const entries = file.objects('clusters', (name) => `cluster ${name}`);
  if (entries.length === 0) throw file.problem('clusters', 'is empty', 'Give a list of clusters, each with id and server');
  const clusters: ServerSettings[] = [];
  for (const entry of entries) {
    const id = entry.needed('id', 'Give each cluster an id, as it is to be in links');
    if (!idForm.test(id)) throw entry.problem('id', 'is no id', 'Give letters, digits, dots, dashes, 128 at most');
    if (clusters.some((other) => other.id === id))
      throw entry.problem('id', `${JSON.stringify(id)} is another cluster's too`, 'Give each its own');
    clusters.push({ ...(await settingsOf(entry, environment)), id, name: entry.text('name') ?? id });
  }
  return clusters;
}

async function settingsOf(entry: Fields, environment: NodeJS.ProcessEnv): Promise<ServerSettings> {
  if (!entry.has('kubeconfig')) return await directSettings(entry);
  onlyKnown(entry, ['id', 'name', 'kubeconfig', 'context']);
  const file = entry.path('kubeconfig') as string; // it is there
  const context = entry.text('context');
  const { clusters } = await readKubeconfig({ file, environment, ...(context === undefined ? {} : { context }) });
  return clusters[0] as ServerSettings; // no kubeconfig without one is read
}

async function directSettings(entry: Fields): Promise<ServerSettings> {
  onlyKnown(entry, ['id', 'name', ...directFields]);
  const server = entry.needed('server', 'Give the URL of the API server, or kubeconfig');
  const url = entry.parsed('server', () => parseServer(server));
  const proxyUrl = entry.text('proxyUrl');
  if (proxyUrl !== undefined) entry.parsed('proxyUrl', () => parseProxy(proxyUrl, url));
  const authority = await certificate(entry, 'caFile');
  const tokenFile = await entry.readable('tokenFile');
  const namespace = entry.text('namespace');
  const tlsServerName = entry.text('tlsServerName');
  return {
    server,
    ...(namespace === undefined ? {} : { namespace }),
    ...(proxyUrl === undefined ? {} : { proxyUrl }),
    ...(tlsServerName === undefined ? {} : { tlsServerName }),
    ...(entry.flag('insecureSkipTlsVerify') ? { insecureSkipTlsVerify: true } : {}),
    ...(authority?.file === undefined ? {} : { caFile: authority.file }),
    ...(tokenFile === undefined ? {} : { tokenFile }),
    ...(await clientCertificate(entry)),
  };
}

async function clientCertificate(entry: Fields): Promise<OwnCredentialSettings> {
  const cert = await certificate(entry, 'clientCertificateFile');
  const key = await privateKey(entry, 'clientKeyFile');
  if (!cert && !key) return {};
  if (!cert || !key) throw entry.problem(cert ? 'clientKeyFile' : 'clientCertificateFile', 'is missing', 'Give both, or neither');
  if (!fits({ cert: cert.text, key: key.text })) throw entry.problem('clientKeyFile', 'does not fit the certificate', 'Give its own key');
  return { certFile: cert.file as string, keyFile: key.file as string }; // there is no other place for them in this file
}

/** A misspelt field is not silently left out: it may be the one that makes the way safe. */
function onlyKnown(fields: Fields, known: readonly string[]): void {
  const unknown = fields.names().find((name) => !known.includes(name));
  if (unknown !== undefined) throw fields.problem(unknown, 'is no field here', `Give only: ${known.join(', ')}`);
}
