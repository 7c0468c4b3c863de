import { streamNames, type Target } from '../../protocol/target.ts';
import { UpstreamRefusal } from '../upstream.ts';

/** A query, in order; names may repeat. */
export type Query = readonly (readonly [name: string, value: string])[];

/**
 * URL of an API path below the cluster's own. Every segment is encoded on its own, so that no name can leave its place (UP7).
 * @throws UpstreamRefusal for an empty name or one of dots
 */
export function apiUrl(base: URL, segments: readonly string[], query: Query = []): URL {
  const url = new URL(base);
  url.pathname = base.pathname.replace(/\/+$/, '') + segments.map((segment) => `/${encodeSegment(segment)}`).join('');
  // URLSearchParams writes a blank as "+"; a literal plus is "%2B" by then.
  const search = new URLSearchParams();
  for (const [name, value] of query) search.append(name, value);
  url.search = search.toString().replaceAll('+', '%20');
  url.hash = '';
  return url;
}

/** exec, attach and log of a pod (facts 1.1, 2.4, 4.2). */
export function targetUrl(base: URL, target: Target): URL {
  const segments = ['api', 'v1', 'namespaces', target.namespace, 'pods', target.pod, target.kind];
  return apiUrl(base, segments, targetQuery(target));
}

function targetQuery(target: Target): Query {
  const query: [string, string][] = [];
  const add = (name: string, value: string | number | undefined) => {
    if (value !== undefined) query.push([name, String(value)]);
  };
  if (target.container !== '') add('container', target.container);
  if (target.kind === 'log') {
    add('follow', target.follow ? 'true' : undefined);
    add('previous', target.previous ? 'true' : undefined);
    add('timestamps', target.timestamps ? 'true' : undefined);
    add('tailLines', target.tailLines);
    add('sinceSeconds', target.sinceSeconds);
    add('sinceTime', target.sinceTime);
    add('limitBytes', target.limitBytes);
    add('insecureSkipTLSVerifyBackend', target.insecureSkipTLSVerifyBackend ? 'true' : undefined);
    return query;
  }
  const { tty, streams = streamNames } = target;
  // With a TTY everything comes on stdout; asking for both is answered differently by different versions.
  for (const name of streams) if (name !== 'stderr' || !tty) add(name, 1);
  if (tty) add('tty', 1);
  if (target.kind === 'exec') for (const part of target.command) add('command', part);
  return query;
}

function encodeSegment(segment: string): string {
  if (segment === '' || segment === '.' || segment === '..')
    throw new UpstreamRefusal({ kind: 'refused', reason: 'bad-request', message: 'Not a name.' }, false);
  return encodeURIComponent(segment);
}
