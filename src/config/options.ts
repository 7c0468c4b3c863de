import type { z } from 'zod';
import { type Command, commands, type Option } from './option.ts';
import { address, hostList, name, oneOf, originList, path, url, wholeNumber, yesOrNo } from './values.ts';

const everywhere = commands;
const relay: readonly Command[] = ['standalone', 'edge', 'worker'];
const edges: readonly Command[] = ['standalone', 'edge'];
const workers: readonly Command[] = ['standalone', 'worker'];

export const options = {
  listen: {
    env: 'POSEIDON_LISTEN',
    flag: '--listen',
    value: 'HOST:PORT',
    schema: address(),
    default: '127.0.0.1:8080',
    description: 'Where browsers connect. A demo cluster listens here for its API.',
    group: 'Listening',
    commands: ['standalone', 'edge', 'demo-cluster'],
  },
  adminListen: {
    env: 'POSEIDON_ADMIN_LISTEN',
    flag: '--admin-listen',
    value: 'HOST:PORT',
    schema: address(),
    description: 'Where /healthz, /readyz and /metrics are answered, apart from the browsers.',
    group: 'Listening',
    commands: relay,
  },
  listener: {
    env: 'POSEIDON_LISTENER',
    flag: '--listener',
    value: 'auto|uws|ws',
    schema: oneOf(['auto', 'uws', 'ws']),
    default: 'auto',
    description: 'The WebSocket library: uWebSockets.js where its binary loads, else ws.',
    group: 'Listening',
    commands: edges,
  },
  tlsCertFile: {
    env: 'POSEIDON_TLS_CERT_FILE',
    flag: '--tls-cert-file',
    value: 'FILE',
    schema: path(),
    description: 'Certificate chain (PEM) that browsers are served with.',
    group: 'Listening',
    commands: edges,
  },
  tlsKeyFile: {
    env: 'POSEIDON_TLS_KEY_FILE',
    flag: '--tls-key-file',
    value: 'FILE',
    schema: path(),
    description: 'Private key (PEM) of that certificate.',
    group: 'Listening',
    commands: edges,
  },
  server: {
    env: 'POSEIDON_SERVER',
    flag: '--server',
    value: 'URL',
    schema: url(['https:', 'http:'], 'https://host:6443 or https://rancher.example.org/k8s/clusters/c-m-abcdefgh'),
    description: 'Kubernetes API server, or one cluster of a Rancher (https://host/k8s/clusters/ID).',
    group: 'Upstream',
    commands: relay,
  },
  tokenFile: {
    env: 'POSEIDON_TOKEN_FILE',
    flag: '--token-file',
    value: 'FILE',
    schema: path(),
    description: "The relay's own bearer token for --server; read again when it changes. A demo cluster asks for this token.",
    group: 'Upstream',
    commands: everywhere,
  },
  caFile: {
    env: 'POSEIDON_CA_FILE',
    flag: '--ca-file',
    value: 'FILE',
    schema: path(),
    description: 'Certificate authority (PEM) of --server.',
    group: 'Upstream',
    commands: relay,
  },
  kubeconfig: {
    env: 'POSEIDON_KUBECONFIG',
    flag: '--kubeconfig',
    value: 'FILE',
    schema: path(),
    description: 'Kubeconfig file that names the cluster and how to log in to it.',
    group: 'Upstream',
    commands: relay,
  },
  context: {
    env: 'POSEIDON_CONTEXT',
    flag: '--context',
    value: 'NAME',
    schema: path(),
    description: "Context of the kubeconfig file; default: the file's current one.",
    group: 'Upstream',
    commands: relay,
  },
  inCluster: {
    env: 'POSEIDON_IN_CLUSTER',
    flag: '--in-cluster',
    value: '',
    schema: yesOrNo(),
    description: 'Use the cluster that this process runs in, as its service account.',
    group: 'Upstream',
    commands: relay,
  },
  demo: {
    env: 'POSEIDON_DEMO',
    flag: '--demo',
    value: '',
    schema: yesOrNo(),
    description: 'Run the demo cluster (pods that are shells on this machine) and use it. Standalone does so when no upstream is given.',
    group: 'Upstream',
    commands: ['standalone'],
  },
  auth: {
    env: 'POSEIDON_AUTH',
    flag: '--auth',
    value: 'token|none|passthrough',
    schema: oneOf(['token', 'none', 'passthrough']),
    default: 'token',
    description:
      'Who gets in: the access token, anybody (loopback only), or whoever the upstream knows by their own bearer token or Rancher cookie.',
    group: 'Access',
    commands: edges,
  },
  accessTokenFile: {
    env: 'POSEIDON_ACCESS_TOKEN_FILE',
    flag: '--access-token-file',
    value: 'FILE',
    schema: path(),
    description: 'File with the access token of --auth token, the same on every edge. Standalone makes one up when it is not given.',
    group: 'Access',
    commands: edges,
  },
  sealKeyFile: {
    env: 'POSEIDON_SEAL_KEY_FILE',
    flag: '--seal-key-file',
    value: 'FILE',
    schema: path(),
    description:
      "File with the key (32 bytes, base64 or hex) that seals users' credentials in the broker, the same on every edge and worker.",
    group: 'Access',
    commands: relay,
  },
  allowedOrigins: {
    env: 'POSEIDON_ALLOWED_ORIGINS',
    flag: '--allowed-origins',
    value: 'ORIGIN,…',
    schema: originList(),
    description: 'Origins of pages that may use this relay beside its own.',
    group: 'Access',
    commands: edges,
  },
  allowedHosts: {
    env: 'POSEIDON_ALLOWED_HOSTS',
    flag: '--allowed-hosts',
    value: 'HOST[:PORT],…',
    schema: hostList(),
    description: 'Host names that browsers may use for this relay beside the listening address and localhost (with --auth token and none).',
    group: 'Access',
    commands: edges,
  },
  redisUrl: {
    env: 'POSEIDON_REDIS_URL',
    flag: '--redis-url',
    value: 'URL',
    schema: url(['redis:', 'rediss:'], 'redis://user:password@host:6379/0'),
    description: 'Redis where edges and workers meet. Standalone works without.',
    group: 'Broker',
    commands: relay,
    secret: true,
  },
  redisCaFile: {
    env: 'POSEIDON_REDIS_CA_FILE',
    flag: '--redis-ca-file',
    value: 'FILE',
    schema: path(),
    description: 'Certificate authority (PEM) of a rediss:// URL.',
    group: 'Broker',
    commands: relay,
  },
  edgeSockets: {
    env: 'POSEIDON_EDGE_SOCKETS',
    flag: '--edge-sockets',
    value: 'N',
    schema: wholeNumber(1, 1_000_000),
    default: '20000',
    description: 'Browser sockets that an edge takes at most; more are told to come back.',
    group: 'Sessions',
    commands: edges,
  },
  workerSessions: {
    env: 'POSEIDON_WORKER_SESSIONS',
    flag: '--worker-sessions',
    value: 'N',
    schema: wholeNumber(1, 1_000_000),
    default: '2000',
    description: 'Sessions that a worker holds at most; it takes no more from the queue.',
    group: 'Sessions',
    commands: workers,
  },
  detached: {
    env: 'POSEIDON_DETACHED',
    flag: '--detached',
    value: 'run|pause',
    schema: oneOf(['run', 'pause']),
    default: 'run',
    description:
      'While nobody watches a terminal: its program goes on and the newest output is kept, or it is held until somebody is back.',
    group: 'Sessions',
    commands: edges,
  },
  graceSeconds: {
    env: 'POSEIDON_GRACE_SECONDS',
    flag: '--grace-seconds',
    value: 'N',
    schema: wholeNumber(0, 86_400),
    default: '300',
    description: 'How long a session waits for its browser to come back.',
    group: 'Sessions',
    commands: edges,
  },
  drainSeconds: {
    env: 'POSEIDON_DRAIN_SECONDS',
    flag: '--drain-seconds',
    value: 'N',
    schema: wholeNumber(0, 86_400),
    default: '0',
    description:
      'On SIGTERM: an edge sends its browsers elsewhere over this time, a worker takes nothing new and waits so long for its sessions.',
    group: 'Process',
    commands: relay,
  },
  edgeId: {
    env: 'POSEIDON_EDGE_ID',
    flag: '--edge-id',
    value: 'NAME',
    schema: name(/^[A-Za-z0-9_.-]{1,63}$/, 'up to 63 letters, digits, dots, dashes'),
    description: 'Name of this edge in logs and in the page; default: made from the host name.',
    group: 'Process',
    commands: edges,
  },
  workerId: {
    env: 'POSEIDON_WORKER_ID',
    flag: '--worker-id',
    value: 'NAME',
    schema: name(/^[A-Za-z0-9_.-]{1,63}$/, 'up to 63 letters, digits, dots, dashes'),
    description: 'Name of this worker, unlike every other that runs or has just run; default: the host name and a random part.',
    group: 'Process',
    commands: workers,
  },
  logLevel: {
    env: 'POSEIDON_LOG_LEVEL',
    flag: '--log-level',
    value: 'LEVEL',
    schema: oneOf(['debug', 'info', 'warn', 'error', 'silent']),
    default: 'info',
    description: 'The least important log lines that are written: debug, info, warn, error, silent.',
    group: 'Process',
    commands: everywhere,
  },
  logFormat: {
    env: 'POSEIDON_LOG_FORMAT',
    flag: '--log-format',
    value: 'auto|json|text',
    schema: oneOf(['auto', 'json', 'text']),
    default: 'auto',
    description: 'Log lines as JSON, or as text for people; auto: text when a terminal reads them.',
    group: 'Process',
    commands: everywhere,
  },
} as const satisfies { readonly [name: string]: Option };

export type OptionName = keyof typeof options;

export const optionNames = Object.keys(options) as OptionName[];

/** An entry by the common type, for code that goes over all of them. */
export function optionOf(name: OptionName): Option {
  return options[name];
}

/** What the options were read to. One without a default may be absent. */
export type Config = {
  readonly [Name in OptionName]:
    | z.output<(typeof options)[Name]['schema']>
    | ((typeof options)[Name] extends { default: string } ? never : undefined);
};
