import { CodedError } from '../../base/coded-error.ts';
import { parseProxy, parseServer, type ServerSettings } from '../kubernetes/server-cluster.ts';
import type { ExecPluginSettings } from './exec-plugin.ts';
import { fits, type OwnCredentialSettings } from './own-credential.ts';
import { certificate, privateKey } from './pem-field.ts';
import { type Fields, readSettings } from './settings-file.ts';

export interface KubeconfigSource {
  readonly file: string;
  /** Only this one; default: all of the file's, its current one first. */
  readonly context?: string;
  /** Of this process, for credential plugins. */
  readonly environment: NodeJS.ProcessEnv;
}

export interface Kubeconfig {
  readonly clusters: readonly ServerSettings[];
  /** Contexts that cannot be used, each with a sentence about why. */
  readonly problems: readonly CodedError[];
}

/**
 * The contexts of a kubeconfig file as clusters (UP11). A context that is wrong is left out, unless it is the one that was asked for or the
 * file's current one.
 * @throws CodedError `bad-kubeconfig` with file, context, field and what to do
 */
export async function readKubeconfig({ file, context, environment }: KubeconfigSource): Promise<Kubeconfig> {
  const fields = await readSettings({ path: file, code: 'bad-kubeconfig' });
  const parts: Parts = {
    contexts: fields.objects('contexts', (name) => `context ${name}`),
    clusters: fields.objects('clusters', (name) => `cluster ${name}`),
    users: fields.objects('users', (name) => `user ${name}`),
    environment,
  };
  const names = parts.contexts.map((one) => one.needed('name', 'Give each context a name'));
  const first = context ?? fields.text('current-context');
  if (first !== undefined && !names.includes(first)) {
    const what = `has no context ${JSON.stringify(first)}`;
    throw fields.problem('contexts', what, `Give one of: ${names.map((name) => JSON.stringify(name)).join(', ') || 'it has none at all'}`);
  }
  if (names.length === 0) throw fields.problem('contexts', 'is empty', 'Give a file with a context');

  const wanted = context === undefined ? [...new Set([...(first === undefined ? [] : [first]), ...names])] : [context];
  const clusters: ServerSettings[] = [];
  const problems: CodedError[] = [];
  for (const name of wanted) {
    try {
      const settings = await contextSettings(name, names.indexOf(name), parts);
      const twin = clusters.find(({ id }) => id === settings.id);
      if (twin) throw fields.problem(`context ${JSON.stringify(name)}`, `has the same id as ${JSON.stringify(twin.name)}`, 'Rename one');
      clusters.push(settings);
    } catch (failure) {
      if (!(failure instanceof CodedError) || name === first) throw failure;
      problems.push(failure);
    }
  }
  const [problem] = problems;
  if (clusters.length === 0 && problem) throw problem;
  return { clusters, problems };
}

interface Parts {
  readonly contexts: readonly Fields[];
  readonly clusters: readonly Fields[];
  readonly users: readonly Fields[];
  readonly environment: NodeJS.ProcessEnv;
}

async function contextSettings(name: string, index: number, { contexts, clusters, users, environment }: Parts): Promise<ServerSettings> {
  const entry = contexts[index] as Fields; // the names come from the same list
  const place = `context ${JSON.stringify(name)}: `;
  const context = entry.object('context');
  if (!context) throw entry.problem('context', 'is missing', 'Give its cluster and user');
  const cluster = entryOf(clusters, 'cluster', context.needed('cluster', 'Give the name of a cluster of this file'), context, place);
  const userName = context.text('user');
  const user = userName === undefined ? undefined : entryOf(users, 'user', userName, context, place);
  const namespace = context.text('namespace');
  return {
    id: clusterId(name),
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(await clusterSettings(cluster)),
    ...(user ? await userSettings(user, cluster, environment) : {}),
  };
}

function entryOf(list: readonly Fields[], kind: 'cluster' | 'user', name: string, context: Fields, place: string): Fields {
  const found = list.find((one) => one.text('name') === name);
  if (!found) throw context.problem(kind, `the file has no ${kind} ${JSON.stringify(name)}`, `Add it to ${kind}s, or name another`);
  const fields = found.under(place).object(kind);
  if (!fields) throw found.under(place).problem(kind, 'is missing', `Give what the ${kind} is`);
  return fields;
}

async function clusterSettings(cluster: Fields): Promise<ServerSettings> {
  const server = cluster.needed('server', 'Give the URL of the API server');
  const url = cluster.parsed('server', () => parseServer(server));
  const proxyUrl = cluster.text('proxy-url');
  if (proxyUrl !== undefined) cluster.parsed('proxy-url', () => parseProxy(proxyUrl, url));
  const tlsServerName = cluster.text('tls-server-name');
  const insecureSkipTlsVerify = cluster.flag('insecure-skip-tls-verify');
  const authority = await certificate(cluster, 'certificate-authority');
  if (insecureSkipTlsVerify && authority) {
    const todo = 'Leave one of the two out';
    throw cluster.problem('insecure-skip-tls-verify', 'is given together with a certificate authority', todo);
  }
  return {
    server,
    ...(proxyUrl === undefined ? {} : { proxyUrl }),
    ...(tlsServerName === undefined ? {} : { tlsServerName }),
    ...(insecureSkipTlsVerify ? { insecureSkipTlsVerify } : {}),
    ...(authority?.file === undefined ? {} : { caFile: authority.file }),
    ...(authority?.file === undefined && authority ? { ca: authority.text } : {}),
  };
}

async function userSettings(user: Fields, cluster: Fields, environment: NodeJS.ProcessEnv): Promise<OwnCredentialSettings> {
  for (const name of ['as', 'as-uid', 'as-groups', 'as-user-extra']) {
    if (user.has(name)) throw user.problem(name, 'is not supported', 'Give the credential of who it shall be');
  }
  if (user.has('auth-provider')) throw user.problem('auth-provider', 'is not supported any more', 'Use exec with a credential plugin');
  const token = user.text('token')?.trim();
  const tokenFile = await user.readable('tokenFile');
  const username = user.text('username');
  const exec = user.object('exec');
  const ways = [
    ...(token === undefined && tokenFile === undefined ? [] : ['token']),
    ...['username', 'exec'].filter((name) => user.has(name)),
  ];
  if (ways.length > 1) throw user.problem(ways.slice(1).join(', '), `is given beside ${ways[0]}`, 'Give one way to log in');
  return {
    ...(token === undefined ? {} : { token }),
    ...(tokenFile === undefined ? {} : { tokenFile }),
    ...(username === undefined ? {} : { basic: { username, password: user.text('password') ?? '' } }),
    ...(exec ? { exec: await plugin(exec, cluster, environment) } : {}),
    ...(await clientCertificate(user)),
  };
}

async function clientCertificate(user: Fields): Promise<OwnCredentialSettings> {
  const cert = await certificate(user, 'client-certificate');
  const key = await privateKey(user, 'client-key');
  if (!cert && !key) return {};
  if (!cert || !key) throw user.problem(cert ? 'client-key' : 'client-certificate', 'is missing', 'Give both, or neither');
  if (!fits({ cert: cert.text, key: key.text }))
    throw user.problem('client-key', 'does not fit client-certificate', 'Give the key of that certificate');
  return {
    ...(cert.file === undefined ? { cert: cert.text } : { certFile: cert.file }),
    ...(key.file === undefined ? { key: key.text } : { keyFile: key.file }),
  };
}

const pluginVersions = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'];

async function plugin(exec: Fields, cluster: Fields, environment: NodeJS.ProcessEnv): Promise<ExecPluginSettings> {
  const command = exec.needed('command', 'Give the program');
  const apiVersion = exec.needed('apiVersion', `Give ${pluginVersions.join(' or ')}`);
  if (!pluginVersions.includes(apiVersion)) throw exec.problem('apiVersion', 'is not spoken', `Give ${pluginVersions.join(' or ')}`);
  if (exec.text('interactiveMode') === 'Always') {
    throw exec.problem('interactiveMode', 'asks for a person at a terminal, which a relay has not', 'Use a plugin that needs none');
  }
  const variables = exec
    .objects('env', (name) => `env ${name}`)
    .map((one) => [one.needed('name', 'Give it'), one.text('value') ?? ''] as const);
  return {
    // A name is looked for in PATH, a path is meant from the file's folder.
    command: command.includes('/') ? (exec.path('command') ?? command) : command,
    args: exec.texts('args'),
    env: { ...withoutOurs(environment), ...Object.fromEntries(variables) },
    apiVersion,
    ...(exec.flag('provideClusterInfo') ? { cluster: await clusterInfo(cluster) } : {}),
  };
}

/** The relay's own settings may hold a password, and are nothing to a program of somebody else. */
function withoutOurs(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('POSEIDON_')));
}

/** As a plugin is told of its cluster. */
async function clusterInfo(cluster: Fields): Promise<{ readonly [name: string]: unknown }> {
  const authority = await certificate(cluster, 'certificate-authority');
  const names = ['server', 'tls-server-name', 'proxy-url'].filter((name) => cluster.has(name));
  return {
    ...Object.fromEntries(names.map((name) => [name, cluster.text(name)])),
    ...(cluster.flag('insecure-skip-tls-verify') ? { 'insecure-skip-tls-verify': true } : {}),
    ...(authority ? { 'certificate-authority-data': Buffer.from(authority.text).toString('base64') } : {}),
  };
}

/** Contexts have names like `admin@prod:6443`; ids are what a target may hold. */
export function clusterId(context: string): string {
  const id = context.replace(/[^A-Za-z0-9_.-]+/g, '-').slice(0, 128);
  return id.replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '') || 'default';
}
