import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { Scope } from '../base/scope.ts';
import { DemoContainer } from './container.ts';
import { DemoServer } from './demo-server.ts';
import { podPlans } from './pods.ts';
import { ProcessKeeper } from './process-keeper.ts';

export interface DemoSettings {
  /** Loopback: its pods are shells on this machine, with the rights of whoever started it. Default 127.0.0.1. */
  readonly host?: string;
  /** Default: a free one. */
  readonly port?: number;
  /** Default: a random one. */
  readonly token?: string;
  readonly clock: Clock;
  /** Subprotocols of exec and attach that it knows; default all. */
  readonly protocols?: readonly string[];
  readonly logProtocols?: readonly string[];
}

export interface DemoCluster {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  readonly token: string;
  /** Ends every process it has started and removes their homes. Idempotent. */
  close(): Promise<void>;
}

/** A small Kubernetes look-alike whose pods are local shells. */
export async function startDemoCluster(settings: DemoSettings): Promise<DemoCluster> {
  const { host = '127.0.0.1', port = 0, token = randomBytes(24).toString('base64url'), clock } = settings;
  const scope = new Scope();
  const directory = await mkdtemp(join(tmpdir(), 'poseidon-demo-'));
  scope.own(() => rm(directory, { recursive: true, force: true, maxRetries: 3 }));

  const marker = { name: 'POSEIDON_DEMO', value: randomBytes(12).toString('hex') };
  const keeper = new ProcessKeeper(`${marker.name}=${marker.value}`, clock);
  scope.own(() => keeper.close());

  const containers = new Map<string, DemoContainer>();
  for (const pod of podPlans) {
    for (const plan of pod.containers) {
      const container = new DemoContainer(pod, plan, { clock, keeper, directory, marker });
      containers.set(`${pod.namespace}/${pod.name}/${plan.name}`, container);
      scope.own(() => container.close());
    }
  }

  const http = createServer();
  const server = new DemoServer({ ...settings, token, containers, keeper });
  server.serve(http);
  try {
    await new Promise<void>((resolve, reject) => {
      http.once('error', reject);
      http.listen(port, host, resolve);
    });
  } catch (failure) {
    await scope.close();
    throw failure;
  }
  scope.own(
    () =>
      new Promise<void>((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
        server.close();
      }),
  );
  const address = http.address() as AddressInfo; // a TCP listener
  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`, token, close: () => scope.close() };
}
