import { credentialContext } from '../auth/seal.ts';
import type { Scope } from '../base/scope.ts';
import { DropInDoor, type DropInDoorOptions } from '../edge/dropin/drop-in-door.ts';
import { StreamListener } from '../edge/listen/stream-listener.ts';
import { guardOf, tlsFiles } from './door-settings.ts';
import type { EdgeUpstream } from './edge-upstream.ts';
import type { Parts } from './parts.ts';

/** Listens for Kubernetes clients when an address for them is given. */
export async function startDropIn(
  { config, log, audit, sealer }: Parts,
  tools: Omit<DropInDoorOptions, 'guard' | 'audit' | 'prove' | 'cluster' | 'seal' | 'mayStart'>,
  questions: EdgeUpstream,
  scope: Scope,
): Promise<DropInDoor | undefined> {
  const { kubernetesListen: listen } = config;
  if (!listen) return undefined;
  const door = new DropInDoor({
    ...tools,
    guard: guardOf(listen, config, tools.auth),
    audit,
    prove: (user, cluster) => questions.prove(user, cluster),
    cluster: (name) => questions.clusterOf(name),
    seal: ({ credential, subject }, { cluster }) => sealer.seal(credential, credentialContext(cluster, subject)),
    mayStart: (user, target) => questions.mayStart(user, target),
  });
  const tls = tlsFiles(config.kubernetesTlsCertFile ?? config.tlsCertFile, config.kubernetesTlsKeyFile ?? config.tlsKeyFile);
  const listener = new StreamListener(door, tls);
  const { host, port } = await listener.listen(listen.host, listen.port);
  scope.own(() => listener.close());
  scope.own(() => door.close());
  log.info({ host, port, tls: tls !== undefined }, 'drop-in door listens');
  return door;
}
