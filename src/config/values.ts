import { z } from 'zod';

/** How each kind of option is read from text. A message is "what is wrong. What to do"; it never repeats the value, which may be secret. */

export interface Address {
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
}

export function address() {
  return z.string().transform((text, context): Address => {
    const found = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/\s]*)):(\d{1,5})$/.exec(text);
    const port = Number(found?.[3]);
    if (found && port <= 65535) return { host: found[1] ?? (found[2] || '0.0.0.0'), port };
    return fail(context, 'not HOST:PORT. Give for example 127.0.0.1:8080, [::1]:8080, or :8080 for all addresses');
  });
}

export function oneOf<const Words extends readonly [string, ...string[]]>(words: Words) {
  return z.enum(words, { error: `not known. Give one of ${words.join(', ')}` });
}

/** @param schemes with colon */
export function url(schemes: readonly string[], example: string) {
  return z.string().transform((text, context): string => {
    if (URL.canParse(text) && schemes.includes(new URL(text).protocol) && new URL(text).hostname !== '') return text;
    return fail(context, `not such a URL. Give for example ${example}`);
  });
}

const severalHosts =
  /^rediss?\+(?:cluster:\/\/(?:[^@/]*@)?HOSTS|sentinel:\/\/(?:[^@/]*@)?HOSTS\/[^/?]+(?:\/\d+)?(?:\?.*)?)$/.source.replaceAll(
    'HOSTS',
    '(?:[\\w.-]+|\\[[0-9A-Fa-f:.]+\\])(?::\\d{1,5})?(?:,(?:[\\w.-]+|\\[[0-9A-Fa-f:.]+\\])(?::\\d{1,5})?)*',
  );

/** One server, a primary behind Sentinel, or a Cluster; with TLS `rediss`. */
export function redisUrl() {
  return z.string().transform((text, context): string => {
    if (/^rediss?:/.test(text) && URL.canParse(text) && new URL(text).hostname !== '') return text;
    if (new RegExp(severalHosts).test(text)) return text;
    const more = 'redis+sentinel://host:26379,host:26379/primary-name or redis+cluster://host:6379,host:6379';
    return fail(context, `not such a URL. Give for example redis://user:password@host:6379/0, ${more}`);
  });
}

/** Some text of a form. */
export function text(pattern: RegExp, allowed: string) {
  return z.string().regex(pattern, { error: `cannot be used. Give ${allowed}` });
}

/** Names, none of them empty. */
export function nameList() {
  return list(
    (item) => (/^[\x21-\x7e]{1,200}$/.test(item) ? item : undefined),
    'has an entry that is no name. Give for example poseidon,kubernetes',
  );
}

export function path() {
  return z.string();
}

export function name(pattern: RegExp, allowed: string) {
  return z.string().regex(pattern, { error: `not a name. Give ${allowed}` });
}

export function wholeNumber(min: number, max: number) {
  return z.string().transform((text, context): number => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    return value >= min && value <= max ? value : fail(context, `not a whole number from ${min} to ${max}. Give one`);
  });
}

export function yesOrNo() {
  return z.string().transform((text, context): boolean => {
    if (['true', '1', 'yes', 'on'].includes(text.toLowerCase())) return true;
    if (['false', '0', 'no', 'off'].includes(text.toLowerCase())) return false;
    return fail(context, 'neither yes nor no. Give true or false');
  });
}

/** Several of them, or `none`. */
export function someOf<const Word extends string>(words: readonly Word[]) {
  return z.string().transform((text, context): readonly Word[] => {
    if (text === 'none') return [];
    const items = text.split(',').flatMap((item) => item.trim() || []);
    const known = items.flatMap((item) => words.find((word) => word === item) ?? []);
    return known.length === items.length && known.length > 0
      ? known
      : fail(context, `not known. Give some of ${words.join(', ')}, or none`);
  });
}

/** `https://host[:port]`, as browsers write the Origin header. */
export function originList() {
  return list((item) => {
    const parsed = URL.canParse(item) ? new URL(item) : undefined;
    const web = parsed?.protocol === 'https:' || parsed?.protocol === 'http:';
    return web && parsed && item.replace(/\/$/, '').toLowerCase() === parsed.origin ? parsed.origin : undefined;
  }, 'has an entry that is no origin. Give for example https://shell.example.org,https://ui.example.org:8443');
}

/** `host` (any port) or `host:port`. */
export function hostList() {
  return list(
    (item) => (/^(\[[0-9a-f:.]+\]|[a-z0-9]([-a-z0-9.]*[a-z0-9])?)(:\d{1,5})?$/i.test(item) ? item.toLowerCase() : undefined),
    'has an entry that is no host. Give for example shell.example.org,localhost:8080',
  );
}

function list(parse: (item: string) => string | undefined, problem: string) {
  return z.string().transform((text, context): readonly string[] => {
    const items = text.split(',').flatMap((item) => item.trim() || []);
    const parsed = items.map(parse);
    return parsed.every((item) => item !== undefined) ? parsed : fail(context, problem);
  });
}

function fail(context: z.core.$RefinementCtx<string>, message: string): never {
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
}
