import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RelayClient } from '../../loadtest/driver/relay-client.ts';
import { canRunKubernetesServer, type KubernetesServer, startKubernetesServer } from '../support/kubernetes-server.ts';
import { markedProcesses } from '../support/marked-processes.ts';
import { clusterId, RelayProcesses } from '../support/relay-processes.ts';
import { until } from '../support/until.ts';

const minutes = 60_000;
const graceSeconds = 3;

describe.skipIf(!canRunKubernetesServer())('shells in pods that keep them when their client goes', () => {
  let server: KubernetesServer;
  let relays: RelayProcesses;
  let target: object;
  let cookie: string;
  beforeAll(async () => {
    server = await startKubernetesServer([]);
    relays = await RelayProcesses.start(server, { edges: 2, workers: 2, environment: { POSEIDON_GRACE_SECONDS: String(graceSeconds) } });
    cookie = await relays.signIn();
    const cluster = await clusterId(relays.url, cookie);
    target = { kind: 'exec', cluster, namespace: 'default', pod: 'shell', container: 'main', command: [], tty: true };
  }, 5 * minutes);
  afterAll(async () => {
    await relays?.close();
    await server?.close();
  });

  const shell = async (url: string, typed: string) => {
    let text = '';
    const relay = new RelayClient(
      { url, cookie, target: { ...target } },
      {
        output: (bytes) => {
          text = `${text}${Buffer.from(bytes).toString('latin1')}`.slice(-2000);
        },
      },
    );
    relay.start();
    await until(() => relay.state.connection.kind === 'attached', { withinMs: minutes, what: () => JSON.stringify(relay.state) });
    relay.type(`echo be""gun; ${typed}\n`);
    await until(() => text.includes('begun\r\n') || text.includes('y\r\ny\r\n'), { withinMs: minutes, what: () => text });
    return { relay, id: relay.state.session ?? '' };
  };
  const gone = async (id: string) => {
    const left = () => `processes of ${id}: ${markedProcesses(id)}\n${relays.output.slice(-2000)}`;
    // Of an edge that was killed the worker learns when it asks for the driver of an idle session, once a minute.
    await until(() => markedProcesses(id).length === 0, { withinMs: 2 * minutes, what: left });
  };

  it(
    '[UP9] leaves none behind a tab that was closed, when its grace time is over',
    async () => {
      const { relay, id } = await shell(relays.url, 'sleep 1000');
      expect(markedProcesses(id).length).toBeGreaterThan(1);
      relay.dispose();
      await gone(id);
    },
    3 * minutes,
  );

  it(
    '[UP9] leaves none behind a session that its user ended, under a flood that nobody reads',
    async () => {
      const { relay, id } = await shell(relays.url, 'yes');
      relay.client.end();
      await gone(id);
      relay.dispose();
    },
    3 * minutes,
  );

  it(
    '[UP9] leaves none when the edge under it was killed and nobody came back',
    async () => {
      const { relay, id } = await shell(relays.edgeUrl(0), 'sleep 1000');
      await relays.killEdge(0);
      relay.dispose();
      await gone(id);
      await relays.startEdge(0);
    },
    3 * minutes,
  );

  it(
    '[UP9] leaves none when its worker was killed',
    async () => {
      const { relay, id } = await shell(relays.url, 'sleep 1000 & sleep 1000');
      const owner = await until(() => relay.state.status.worker?.worker);
      const index = [0, 1].find((at) => relays.workerName(at) === owner) ?? 0;
      await relays.killWorker(index);
      expect(markedProcesses(id).length).toBeGreaterThan(1);
      await gone(id);
      relay.dispose();
      relays.startWorker(index);
    },
    3 * minutes,
  );
});
