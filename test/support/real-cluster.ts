import { randomBytes } from 'node:crypto';
import { CoreV1Api, KubeConfig, type V1Container } from '@kubernetes/client-node';
import { systemClock } from '../../src/bin/system.ts';
import { Clusters, openClusters } from '../../src/upstream/kubernetes/clusters.ts';
import { until } from './until.ts';

/** A kubeconfig whose current context is a real cluster, for the tests that can run there. Empty as good as none. */
export const realKubeconfig = process.env['POSEIDON_TEST_KUBECONFIG'] || undefined;

/** Any image with sh, seq, stty, cat, wc and yes. */
const image = process.env['POSEIDON_TEST_IMAGE'] || 'busybox:1.37';

/** Pulling an image may take its time. */
const runsWithinMs = 180_000;

const ground = { image, imagePullPolicy: 'IfNotPresent' };
const shell: V1Container = { ...ground, name: 'main', command: ['sh'], stdin: true, tty: true };
const sleeper = (name: string): V1Container => ({ ...ground, name, command: ['sh', '-c', 'while :; do sleep 3600; done'] });
const counting = 'i=0; while :; do echo "line $i of the logger"; i=$((i+1)); sleep 0.05; done';

/** The pods of the tests, by the names they have on the Kubernetes test server too. */
const pods: { readonly [name: string]: readonly V1Container[] } = {
  shell: [shell],
  multi: [sleeper('app'), sleeper('sidecar')],
  logger: [{ ...ground, name: 'main', command: ['sh', '-c', counting] }],
};

export interface RealCluster {
  /** One cluster, by the id `test`. */
  readonly clusters: Clusters;
  readonly namespace: string;
  close(): Promise<void>;
}

/** A namespace of its own with the pods of the tests in it; closing takes all of it away. */
export async function startRealCluster(file: string): Promise<RealCluster> {
  const config = new KubeConfig();
  config.loadFromFile(file);
  const api = config.makeApiClient(CoreV1Api);
  const namespace = `poseidon-test-${randomBytes(4).toString('hex')}`;
  await api.createNamespace({ body: { metadata: { name: namespace } } });
  const close = async () => void (await api.deleteNamespace({ name: namespace }));
  try {
    for (const [name, containers] of Object.entries(pods)) {
      const body = { metadata: { name }, spec: { containers: [...containers], terminationGracePeriodSeconds: 0 } };
      await api.createNamespacedPod({ namespace, body });
    }
    for (const name of Object.keys(pods)) {
      const phase = async () => (await api.readNamespacedPod({ namespace, name })).status?.phase;
      await until(async () => (await phase()) === 'Running', { withinMs: runsWithinMs, what: `pod ${name} with image ${image} runs` });
    }
    return { clusters: await clustersOf(file), namespace, close };
  } catch (failure) {
    await close();
    throw failure;
  }
}

async function clustersOf(file: string): Promise<Clusters> {
  const { clusters } = await openClusters({ kind: 'kubeconfig', file, environment: process.env }, systemClock);
  const current = clusters.get(clusters.fixed()[0]?.id ?? '');
  if (!current) throw new Error('the kubeconfig has no context');
  const { name, baseUrl } = current;
  return new Clusters([{ id: 'test', name, baseUrl, access: (credential) => current.access(credential) }]);
}
