import { describe } from 'vitest';
import { systemClock } from '../../src/bin/system.ts';
import { Clusters } from '../../src/upstream/kubernetes/clusters.ts';
import { ServerCluster } from '../../src/upstream/kubernetes/server-cluster.ts';
import { canRunKubernetesServer, startKubernetesServer } from '../support/kubernetes-server.ts';
import { realKubeconfig, startRealCluster } from '../support/real-cluster.ts';
import { upstreamContract } from './live-upstream.ts';

describe.skipIf(!canRunKubernetesServer())('with Go', () => {
  upstreamContract('the upstream (kubernetes server)', async ({ protocols, logProtocols }) => {
    const flags = ['--kill-orphans'];
    if (protocols) flags.push('--protocols', protocols.join(','));
    if (logProtocols) flags.push('--log-protocols', logProtocols.join(','));
    const server = await startKubernetesServer(flags);
    const { url, tokenFile, caFile } = server;
    return {
      clusters: new Clusters([new ServerCluster({ server: url, id: 'test', tokenFile, caFile }, systemClock)]),
      shell: { namespace: 'default', pod: 'shell', container: 'main' },
      several: { namespace: 'default', pod: 'multi', containers: ['app', 'sidecar'] },
      logger: { namespace: 'default', pod: 'logger', container: 'main', number: (line) => Number(/^line (\d+) /.exec(line)?.[1]) },
      close: () => server.close(),
    };
  });
});

if (realKubeconfig !== undefined) {
  const file = realKubeconfig;
  const open = async () => {
    const { clusters, namespace, close } = await startRealCluster(file);
    return {
      clusters,
      shell: { namespace, pod: 'shell', container: 'main' },
      several: { namespace, pod: 'multi', containers: ['app', 'sidecar'] },
      logger: { namespace, pod: 'logger', container: 'main', number: (line: string) => Number(/^line (\d+) /.exec(line)?.[1]) },
      close,
    };
  };
  upstreamContract('the upstream (real cluster)', open, false);
}
