import { parseTarget, type Target } from '../protocol/target.ts';

/** Which container; the part of a link that every page shares. */
export interface Place {
  readonly cluster: string;
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

/** `none`: the link names no pod, so the page asks for one. `problem` is one sentence fit for a person. */
export type LinkedTarget =
  | { readonly kind: 'none' }
  | { readonly kind: 'problem'; readonly text: string }
  | { readonly kind: 'target'; readonly target: Target };

/** Lines of a log that are asked for when the link does not say: enough to read back, quick to load. */
export const defaultTailLines = 2000;

/** Reads a deep link's query: `/terminal?cluster=…&namespace=…&pod=…[&container=…][&command=a&command=b]`. Unknown names are ignored. */
export function terminalTarget(query: URLSearchParams): LinkedTarget {
  if (!query.has('pod')) return { kind: 'none' };
  const command = query.getAll('command');
  return checked({
    kind: query.get('attach') === 'true' ? 'attach' : 'exec',
    ...placeOf(query),
    command,
    tty: query.get('tty') !== 'false',
  });
}

/** As {@link terminalTarget} for `/log?…[&follow=false][&previous=true][&tailLines=N][&sinceSeconds=N]`. `tailLines=all` means no limit. */
export function logTarget(query: URLSearchParams): LinkedTarget {
  if (!query.has('pod')) return { kind: 'none' };
  const sinceSeconds = wholeNumber(query.get('sinceSeconds'));
  const tail = query.get('tailLines');
  const tailLines = tail === null && sinceSeconds === undefined ? defaultTailLines : wholeNumber(tail === 'all' ? null : tail);
  const options = { follow: query.get('follow') !== 'false', previous: query.get('previous') === 'true', tailLines, sinceSeconds };
  return checked({ kind: 'log', ...placeOf(query), ...options });
}

export function terminalLink(place: Place): string {
  return `/terminal?${placeQuery(place)}`;
}

/** To the main process of a container. */
export function attachLink(place: Place, tty: boolean): string {
  return `/terminal?${placeQuery(place)}&attach=true${tty ? '' : '&tty=false'}`;
}

export function logLink(place: Place): string {
  return `/log?${placeQuery(place)}`;
}

/** `container · pod · namespace`; what the browser's tab shows first is what tells tabs apart. */
export function placeTitle(place: Place): string {
  return [place.container, place.pod, place.namespace].filter((part) => part !== '').join(' · ');
}

function placeOf(query: URLSearchParams): Place {
  const name = (key: string) => query.get(key) ?? '';
  return { cluster: name('cluster'), namespace: name('namespace'), pod: name('pod'), container: name('container') };
}

function placeQuery(place: Place): string {
  const { cluster, namespace, pod, container } = place;
  return new URLSearchParams({ cluster, namespace, pod, ...(container === '' ? {} : { container }) }).toString();
}

/** NaN stays NaN, so that the check refuses it with the field's name. */
function wholeNumber(text: string | null): number | undefined {
  if (text === null) return undefined;
  return /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
}

function checked(value: { readonly [key: string]: unknown }): LinkedTarget {
  const target = parseTarget(value);
  return typeof target === 'string' ? { kind: 'problem', text: `This link cannot be opened. ${target}.` } : { kind: 'target', target };
}
