import { parseRedisUrl, type RedisAddress } from './redis-address.ts';

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Everything of an address but where it is: the same for all nodes of a place. */
export type RedisLogin = Omit<RedisAddress, 'host' | 'port'>;

/** What a Redis URL names: one server, a primary that Sentinel looks after, or a Cluster. */
export type RedisPlace =
  | { readonly kind: 'standalone'; readonly address: RedisAddress }
  | {
      readonly kind: 'sentinel';
      readonly sentinels: readonly HostPort[];
      /** The name of the primary in the sentinels' configuration. */
      readonly name: string;
      readonly login: RedisLogin;
      /** For the sentinels themselves. */
      readonly sentinelLogin: RedisLogin;
    }
  | { readonly kind: 'cluster'; readonly seeds: readonly HostPort[]; readonly login: RedisLogin };

const forms = [
  'redis://user:password@host:6379/0',
  'redis+sentinel://user:password@host:26379,host:26379/primary-name/0',
  'redis+cluster://user:password@host:6379,host:6379',
].join(' or ');

const severalHosts = /^rediss?\+(sentinel|cluster):\/\/(?:([^@/]*)@)?([^/?]+)(?:\/([^/?]*))?(?:\/(\d+))?(?:\?(.*))?$/;

/**
 * `redis://`, `redis+sentinel://host:port,…/name[/db]`, `redis+cluster://host:port,…`; with TLS `rediss`. Sentinels that ask for a login
 * of their own: `?sentinel-user=…&sentinel-password=…`.
 * @param ca of a private authority, PEM @throws TypeError for anything else; the text is not repeated, it may hold a password
 */
export function parseRedisPlace(text: string, ca?: string): RedisPlace {
  if (!/^rediss?\+/.test(text)) return { kind: 'standalone', address: parseRedisUrl(text, ca) };
  const [, kind, user = '', hosts = '', name = '', db = '', query = ''] = severalHosts.exec(text) ?? [];
  const [username = '', password = ''] = user.split(/:(.*)/s).map(decodeURIComponent);
  const tls = text.startsWith('rediss+') && (ca === undefined ? {} : { ca });
  const login = { tls, username, password, db: Number(db) };
  const places = hosts.split(',').map((host) => hostPort(host, kind === 'sentinel' ? 26379 : 6379));
  if (kind === 'cluster' && name === '' && db === '') return { kind, seeds: places, login };
  if (kind !== 'sentinel' || name === '') throw new TypeError(`a Redis URL looks like ${forms}`);
  const own = new URLSearchParams(query);
  const sentinelLogin = { tls, username: own.get('sentinel-user') ?? '', password: own.get('sentinel-password') ?? '', db: 0 };
  return { kind, sentinels: places, name: decodeURIComponent(name), login, sentinelLogin };
}

/** For a message: where it is, without the login. */
export function placeText(place: RedisPlace): string {
  if (place.kind === 'standalone') return nodeName(place.address);
  if (place.kind === 'cluster') return place.seeds.map(nodeName).join(',');
  return `${place.sentinels.map(nodeName).join(',')} (${place.name})`;
}

export function nodeName({ host, port }: HostPort): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

export function isPort(value: number): boolean {
  return Number.isInteger(value) && value > 0 && value <= 65_535;
}

function hostPort(text: string, defaultPort: number): HostPort {
  const [, v6, plain, port] = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = v6 ?? plain;
  if (host === undefined) throw new TypeError(`a Redis URL looks like ${forms}`);
  return { host, port: port === undefined ? defaultPort : Number(port) };
}
