import { CodedError } from '../base/coded-error.ts';
import type { Target } from '../protocol/target.ts';
import type { User } from './user.ts';

const verbs = ['exec', 'attach', 'log'] as const;
type Verb = (typeof verbs)[number];

const everybody = '*';
const lists = ['users', 'groups', 'may', 'clusters', 'namespaces', 'pods'] as const;

interface Grant {
  /** Names; `*` is everybody. */
  readonly users: readonly string[];
  readonly groups: readonly string[];
  readonly may: readonly Verb[];
  /** Patterns, in which `*` stands for any characters. */
  readonly clusters: readonly string[];
  readonly namespaces: readonly string[];
  readonly pods: readonly string[];
}

/** A cluster, or a namespace, or a pod. */
export interface Place {
  readonly cluster: string;
  readonly namespace?: string;
  readonly pod?: string;
}

/** What this relay itself lets a user do, before any cluster is asked (ED4). */
export interface Admission {
  /** @returns why not, in a sentence; undefined: the user may */
  refusal(user: User, target: Target): string | undefined;
  /** Whether anything is granted there: what is not, is not listed. */
  sees(user: User, place: Place): boolean;
}

/** The modes in which the cluster alone decides. */
export const clusterDecides: Admission = { refusal: () => undefined, sees: () => true };

/** Nobody may do anything that no grant names. */
export class Grants implements Admission {
  readonly #grants: readonly Grant[];

  /** @param text JSON: an array of grants @throws CodedError `bad-grants`, whose sentence names the place */
  constructor(text: string) {
    this.#grants = parse(text);
  }

  refusal(user: User, { kind, cluster, namespace, pod }: Target): string | undefined {
    const granted = this.#of(user).some((grant) => grant.may.includes(kind) && covers(grant, { cluster, namespace, pod }));
    return granted ? undefined : `No grant of this relay lets you ${says[kind]} pod ${pod} in namespace ${namespace} of cluster ${cluster}`;
  }

  sees(user: User, place: Place): boolean {
    return this.#of(user).some((grant) => covers(grant, place));
  }

  #of({ name, groups }: User): readonly Grant[] {
    return this.#grants.filter(
      ({ users, groups: granted }) =>
        users.some((each) => each === everybody || each === name) || granted.some((each) => each === everybody || groups.includes(each)),
    );
  }
}

const says: Readonly<Record<Verb, string>> = { exec: 'run commands in', attach: 'attach to', log: 'read logs of' };

function covers({ clusters, namespaces, pods }: Grant, { cluster, namespace, pod }: Place): boolean {
  return matches(clusters, cluster) && matches(namespaces, namespace) && matches(pods, pod);
}

function matches(patterns: readonly string[], name: string | undefined): boolean {
  return name === undefined || patterns.some((pattern) => matchesPattern(pattern, name));
}

/** In time linear in the name for each part between stars: the leftmost place is always good enough. */
function matchesPattern(pattern: string, name: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return pattern === name;
  if (!name.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return name.length - last.length >= at && name.endsWith(last);
}

function parse(text: string): readonly Grant[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw bad('they are no JSON');
  }
  if (!Array.isArray(value)) throw bad('they are no JSON array');
  return value.map((each, index) => parseGrant(each, `grant ${index + 1}`));
}

function parseGrant(value: unknown, where: string): Grant {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad(`${where} is no object`);
  const fields = value as Readonly<Record<string, unknown>>;
  // A misspelt field would grant more than was meant.
  const unknown = Object.keys(fields).find((name) => !lists.some((known) => known === name));
  if (unknown !== undefined) throw bad(`${where} has a field ${JSON.stringify(unknown)}, which is not known`);
  const [users, groups] = [listOf(fields, 'users', where, []), listOf(fields, 'groups', where, [])];
  if (users.length + groups.length === 0) throw bad(`${where} names no users and no groups`);
  const may = listOf(fields, 'may', where).map((word) => verbs.find((verb) => verb === word));
  if (!may.every((verb) => verb !== undefined)) throw bad(`${where} has a "may" that is none of ${verbs.join(', ')}`);
  const patterns = (name: 'clusters' | 'namespaces' | 'pods') => listOf(fields, name, where, [everybody]);
  return { users, groups, may, clusters: patterns('clusters'), namespaces: patterns('namespaces'), pods: patterns('pods') };
}

function listOf(
  fields: Readonly<Record<string, unknown>>,
  name: (typeof lists)[number],
  where: string,
  fallback?: readonly string[],
): readonly string[] {
  const value = Object.hasOwn(fields, name) ? fields[name] : fallback;
  const texts = Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string' && each !== '') : [];
  if (!Array.isArray(value) || texts.length < value.length) throw bad(`${where} has no list of names in "${name}"`);
  return texts;
}

function bad(why: string): CodedError {
  return new CodedError('bad-grants', `the grants cannot be used: ${why}`);
}
