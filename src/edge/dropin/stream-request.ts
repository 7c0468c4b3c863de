import { parseTarget, streamNames, type Target } from '../../protocol/target.ts';

/** Which stream of which pod a path names. */
export interface StreamPath {
  /** undefined: the only one, or the first. */
  readonly cluster: string | undefined;
  readonly namespace: string;
  readonly pod: string;
  readonly kind: 'exec' | 'attach' | 'log';
}

const pathForm = /^(?:\/k8s\/(?:clusters|proxy)\/([^/]+))?\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/]+)\/(exec|attach|log)$/;

/** @returns undefined for any other path */
export function parseStreamPath(path: string): StreamPath | undefined {
  const found = pathForm.exec(path);
  if (!found) return undefined;
  const [cluster, namespace, pod] = [found[1], found[2], found[3]].map((segment) => (segment === undefined ? undefined : decode(segment)));
  if (cluster === '' || !namespace || !pod) return undefined;
  return { cluster, namespace, pod, kind: found[4] as StreamPath['kind'] };
}

/** What is asked of the stream, in the API's own parameters (facts 1.1, 2.4). @returns a sentence when it cannot be served */
export function streamTarget(path: StreamPath, cluster: string, query: URLSearchParams): Target | string {
  const { kind, namespace, pod } = path;
  const place = { kind, cluster, namespace, pod, container: query.get('container') ?? '' };
  if (kind === 'log') return logTarget(place, query);
  const command = query.getAll('command');
  // Poseidon's own sessions choose a shell then; this API has no such thing.
  if (kind === 'exec' && command.length === 0) return 'you must specify at least one command for the container';
  const streams = streamNames.filter((name) => isTrue(query, name));
  return parseTarget({ ...place, command, tty: isTrue(query, 'tty'), streams });
}

function logTarget(place: object, query: URLSearchParams): Target | string {
  const stream = query.get('stream') ?? 'All';
  if (stream !== 'All') return 'stream: this relay serves logs as a whole only (All)';
  const numbers: Record<string, number> = {};
  for (const name of ['tailLines', 'sinceSeconds', 'limitBytes']) {
    const text = query.get(name);
    if (text === null || text === '') continue;
    if (!/^\d{1,15}$/.test(text)) return `${name}: ${JSON.stringify(text.slice(0, 40))} is not a whole number from 0`;
    numbers[name] = Number(text);
  }
  const sinceTime = query.get('sinceTime');
  const names = ['follow', 'previous', 'timestamps', 'insecureSkipTLSVerifyBackend'];
  const booleans = Object.fromEntries(names.map((name) => [name, isTrue(query, name)]));
  return parseTarget({ ...place, ...booleans, ...numbers, ...(sinceTime ? { sinceTime } : {}), once: true });
}

/** As the API server reads it: absent, `0` and `false` are no, anything else is yes. */
function isTrue(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && value !== '0' && value.toLowerCase() !== 'false';
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return '';
  }
}
