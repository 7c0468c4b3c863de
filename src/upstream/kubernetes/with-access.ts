import { isDeepStrictEqual } from 'node:util';
import type { Actor } from '../upstream.ts';
import type { Cluster, ClusterAccess } from './cluster.ts';
import { accessAs } from './impersonation.ts';
import { OpenFailure } from './open-failure.ts';

/**
 * Asks a cluster in somebody's name, or as the relay itself. When the relay's own credential is refused and there is a newer one by now, because
 * its file was replaced or a plugin gives another, once more with that: never twice with the same (facts section 8, 10).
 */
export async function withAccess<Answer>(
  cluster: Cluster,
  actor: Actor | undefined,
  ask: (access: ClusterAccess) => Promise<Answer>,
): Promise<Answer> {
  const access = await accessAs(cluster, actor);
  if (actor !== undefined && actor.kind !== 'impersonation') return await ask(access);
  try {
    return await ask(access);
  } catch (failure) {
    const refused = unauthorized(failure);
    if (!refused) throw failure;
    cluster.expire?.();
    const newer = await accessAs(cluster, actor);
    if (isDeepStrictEqual([newer.headers, newer.tls], [access.headers, access.tls])) throw refused;
    return await ask(newer).catch((again: unknown) => {
      throw unauthorized(again) ?? again;
    });
  }
}

/** @returns the same, known as a refusal of the relay itself */
function unauthorized(failure: unknown): OpenFailure | undefined {
  if (!(failure instanceof OpenFailure) || failure.facts.kind !== 'http' || failure.facts.status !== 401) return undefined;
  return new OpenFailure({ ...failure.facts, own: true });
}
