import { isOffset, isShortText } from './json.ts';

/** What a session is connected to. Names are checked here, once, at the border; paths are built from them only (UP7). */
export type Target = ExecTarget | AttachTarget | LogTarget;

interface PodTarget {
  readonly cluster: string;
  readonly namespace: string;
  readonly pod: string;
  /** Empty: the pod's only container, or the upstream's answer that lists the names. */
  readonly container: string;
}

/** What of a process is connected. */
export const streamNames = ['stdin', 'stdout', 'stderr'] as const;
export type StreamName = (typeof streamNames)[number];

export interface ExecTarget extends PodTarget {
  readonly kind: 'exec';
  /** argv, each element as it is; empty: the relay chooses a shell (UP5). */
  readonly command: readonly string[];
  readonly tty: boolean;
  /** Absent: all that there are. */
  readonly streams?: readonly StreamName[];
}

export interface AttachTarget extends PodTarget {
  readonly kind: 'attach';
  readonly tty: boolean;
  /** Absent: all that there are. */
  readonly streams?: readonly StreamName[];
}

export interface LogTarget extends PodTarget {
  readonly kind: 'log';
  readonly follow: boolean;
  readonly previous: boolean;
  /** A time in front of every line, as the upstream writes it. */
  readonly timestamps?: true;
  readonly tailLines?: number;
  readonly sinceSeconds?: number;
  /** RFC 3339. */
  readonly sinceTime?: string;
  readonly limitBytes?: number;
  /** A followed log ends with the container's run, as Kubernetes' own does; else it goes on when the container is started again. */
  readonly once?: true;
  /** The API server need not check the certificate of the node's kubelet. */
  readonly insecureSkipTLSVerifyBackend?: true;
}

/** RFC 1123 label, subdomain; a cluster's id as Rancher makes them (`local`, `c-m-abcdefgh`). */
const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const subdomain = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const clusterName = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,126}[A-Za-z0-9])?$/;

/** @returns the target, or one sentence saying which field is wrong; never throws */
export function parseTarget(value: { readonly [key: string]: unknown }): Target | string {
  const { kind, cluster, namespace, pod } = value;
  const container = value['container'] ?? '';
  if (typeof cluster !== 'string' || !clusterName.test(cluster)) return 'cluster: not a cluster name';
  if (typeof namespace !== 'string' || !label.test(namespace)) return 'namespace: not a namespace name';
  if (typeof pod !== 'string' || !subdomain.test(pod)) return 'pod: not a pod name';
  if (typeof container !== 'string' || (container !== '' && !label.test(container))) return 'container: not a container name';
  const place = { cluster, namespace, pod, container };
  switch (kind) {
    case 'exec':
      return parseExec(place, value);
    case 'attach':
      return { kind, ...place, ...terminalOf(value) };
    case 'log':
      return parseLog(place, value);
    default:
      return 'kind: one of exec, attach, log';
  }
}

function parseExec(place: PodTarget, value: { readonly [key: string]: unknown }): ExecTarget | string {
  const command = value['command'] ?? [];
  if (!Array.isArray(command) || command.length > 256 || !command.every((part) => isShortText(part, 8192)))
    return 'command: a list of texts';
  return { kind: 'exec', ...place, command, ...terminalOf(value) };
}

function terminalOf({ tty, streams }: { readonly [key: string]: unknown }): Pick<ExecTarget, 'tty' | 'streams'> {
  const named = Array.isArray(streams) ? { streams: streamNames.filter((name) => streams.includes(name)) } : {};
  return { tty: tty !== false, ...named };
}

function parseLog(place: PodTarget, value: { readonly [key: string]: unknown }): LogTarget | string {
  const { tailLines, sinceSeconds, sinceTime, limitBytes } = value;
  if (tailLines !== undefined && !isOffset(tailLines)) return 'tailLines: a whole number from 0';
  if (sinceSeconds !== undefined && (!isOffset(sinceSeconds) || sinceSeconds === 0)) return 'sinceSeconds: a whole number from 1';
  if (limitBytes !== undefined && (!isOffset(limitBytes) || limitBytes === 0)) return 'limitBytes: a whole number from 1';
  if (sinceTime !== undefined && (!isShortText(sinceTime, 40) || Number.isNaN(Date.parse(sinceTime))))
    return 'sinceTime: a time as in RFC 3339';
  if (sinceTime !== undefined && sinceSeconds !== undefined) return 'sinceSeconds, sinceTime: only one of both';
  return {
    kind: 'log',
    ...place,
    follow: value['follow'] !== false,
    previous: value['previous'] === true,
    ...(value['timestamps'] === true ? { timestamps: true } : {}),
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(sinceSeconds === undefined ? {} : { sinceSeconds }),
    ...(sinceTime === undefined ? {} : { sinceTime }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
    ...(value['once'] === true ? { once: true } : {}),
    ...(value['insecureSkipTLSVerifyBackend'] === true ? { insecureSkipTLSVerifyBackend: true } : {}),
  };
}
