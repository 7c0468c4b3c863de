import { systemClock } from '../../src/bin/system.ts';
import { startDemoCluster } from '../../src/demo/demo-cluster.ts';
import { Clusters } from '../../src/upstream/kubernetes/clusters.ts';
import { ServerCluster } from '../../src/upstream/kubernetes/server-cluster.ts';
import { upstreamContract } from './live-upstream.ts';

upstreamContract('the upstream (demo cluster)', async ({ protocols, logProtocols }) => {
  const demo = await startDemoCluster({
    clock: systemClock,
    ...(protocols ? { protocols: protocols.map((name) => (name === 'channel' ? 'channel.k8s.io' : `${name}.channel.k8s.io`)) } : {}),
    ...(logProtocols ? { logProtocols: logProtocols.map((name) => (name === 'binary' ? 'binary.k8s.io' : 'base64.binary.k8s.io')) } : {}),
  });
  return {
    clusters: new Clusters([new ServerCluster({ server: demo.url, id: 'test', token: demo.token }, systemClock)]),
    shell: { namespace: 'demo', pod: 'toolbox', container: 'shell' },
    several: { namespace: 'demo', pod: 'web-0', containers: ['app', 'sidecar'] },
    logger: { namespace: 'demo', pod: 'logger', container: 'logger', number: (line) => Number(line.split(' ')[0]) },
    close: () => demo.close(),
  };
});
