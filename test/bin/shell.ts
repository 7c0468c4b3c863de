import { RelayClient } from '../../loadtest/driver/relay-client.ts';
import { until } from '../support/until.ts';

export interface Place {
  readonly cluster: string;
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

export async function get(url: string, path: string, cookie: string): Promise<Record<string, unknown>> {
  const response = await fetch(`${url}${path}`, { headers: { cookie } });
  return { status: response.status, ...((await response.json()) as object) };
}

/** The first running container that the picker offers. */
export async function firstPlace(url: string, cookie: string): Promise<Place> {
  const { clusters } = (await get(url, '/v1/clusters', cookie)) as { clusters: { id: string }[] };
  const cluster = clusters[0]?.id ?? '';
  const { namespaces } = (await get(url, `/v1/clusters/${cluster}/namespaces`, cookie)) as { namespaces: string[] };
  for (const namespace of namespaces) {
    const path = `/v1/clusters/${cluster}/namespaces/${namespace}/pods`;
    const { pods } = (await get(url, path, cookie)) as { pods: { name: string; containers: { name: string; state: string }[] }[] };
    for (const pod of pods) {
      const container = pod.containers.find(({ state }) => state === 'running');
      if (container) return { cluster, namespace, pod: pod.name, container: container.name };
    }
  }
  throw new Error('no pod runs');
}

/** A shell through the relay, and what it has shown. */
export class Shell implements Disposable {
  text = '';
  readonly client: RelayClient;

  constructor(url: string, cookie: string, place: Place) {
    const decoder = new TextDecoder();
    const target = { kind: 'exec', tty: true, command: [], ...place };
    this.client = new RelayClient(
      { url, cookie, target },
      {
        output: (bytes) => {
          this.text += decoder.decode(bytes, { stream: true });
        },
      },
    );
    this.client.start();
  }

  async shows(pattern: RegExp): Promise<void> {
    await until(() => pattern.test(this.text), { what: () => `${pattern} in: ${this.text} ${JSON.stringify(this.client.state)}` });
  }

  [Symbol.dispose](): void {
    this.client.dispose();
  }
}
