import type { Actor, Impersonation } from '../upstream.ts';
import type { Cluster, ClusterAccess } from './cluster.ts';
import { OpenFailure } from './open-failure.ts';

/**
 * How to speak to a cluster in somebody's name: with their own credential, or with the relay's and the headers by which Kubernetes takes it
 * for them (UP10). No other code of this relay writes such a header, and no header of a client is ever handed on.
 * @throws OpenFailure as {@link Cluster.access}
 */
export async function accessAs(cluster: Cluster, actor: Actor | undefined): Promise<ClusterAccess> {
  if (actor?.kind !== 'impersonation') return cluster.access(actor);
  const { headers, ...way } = await cluster.access(undefined);
  return { ...way, headers: { ...headers, ...impersonationHeaders(actor) } };
}

/** @throws OpenFailure for a name that no header can carry */
export function impersonationHeaders({ user, groups, extra }: Impersonation): ClusterAccess['headers'] {
  const headers: { [name: string]: string | string[] } = { 'Impersonate-User': headerText(user) };
  if (groups.length > 0) headers['Impersonate-Group'] = groups.map(headerText);
  for (const [key, values] of Object.entries(extra)) headers[`Impersonate-Extra-${headerName(key)}`] = values.map(headerText);
  return headers;
}

/** Node writes one byte a character, and Kubernetes reads UTF-8. */
function headerText(text: string): string {
  if (text === '' || text.trim() !== text || /\p{Cc}|\p{Cs}/u.test(text)) throw new OpenFailure({ kind: 'credential' });
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** Kubernetes decodes it; what no header name may have is written in percent form. */
function headerName(key: string): string {
  const bytes = [...Buffer.from(key.toLowerCase(), 'utf8')];
  return bytes.map((byte) => (/[a-z0-9._~-]/.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : percent(byte))).join('');
}

function percent(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}
