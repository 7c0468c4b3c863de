import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { percentile } from '../../loadtest/bench/statistics.ts';
import { RelayClient, signIn } from '../../loadtest/driver/relay-client.ts';
import { FaultProxy } from '../support/fault-proxy.ts';
import { startKubernetesServer } from '../support/kubernetes-server.ts';
import { clusterId, RelayProcesses } from '../support/relay-processes.ts';
import { until } from '../support/until.ts';

/** What a watcher far away takes. */
const slowLine = { bytesPerSecond: 10_000 };
const measuredMs = 1_500;
const rounds = 3;
const payloadBytes = 1024;

/** A page of the same person, and what it shows. */
class Viewer {
  readonly relay: RelayClient;
  text = '';
  bytes = 0;

  constructor(url: string, cookie: string, target: Readonly<Record<string, unknown>>) {
    const output = (bytes: Uint8Array) => {
      this.bytes += bytes.length;
      if (this.bytes < 10_000) this.text += Buffer.from(bytes).toString();
    };
    this.relay = new RelayClient({ url, cookie, target }, { output });
  }

  get driving(): boolean {
    return this.relay.state.driving;
  }

  get attached(): boolean {
    return this.relay.state.connection.kind === 'attached';
  }
}

describe('several viewers of one session: two edges, a worker, redis-server, Kubernetes’ own server code', () => {
  let upstream: Awaited<ReturnType<typeof startKubernetesServer>>;
  let relay: RelayProcesses;
  let legs: readonly [FaultProxy, FaultProxy, FaultProxy];
  let cookie: string;
  let target: Readonly<Record<string, unknown>>;
  const viewers: Viewer[] = [];

  /** The first two lead to the first edge, the third to the second. */
  const urls = () => legs.map(({ port }) => `http://127.0.0.1:${port}`) as [string, string, string];

  beforeAll(async () => {
    upstream = await startKubernetesServer(['--protocols', 'v4']);
    const portOf = (edge: number) => () => Number(new URL(relay.edgeUrl(edge)).port);
    legs = [await FaultProxy.start(portOf(0)), await FaultProxy.start(portOf(0)), await FaultProxy.start(portOf(1))];
    const hosts = urls().map((url) => new URL(url).host);
    const environment = { POSEIDON_ALLOWED_HOSTS: hosts.join(), POSEIDON_ALLOWED_ORIGINS: urls().join() };
    relay = await RelayProcesses.start(upstream, { edges: 2, workers: 1, environment });
    cookie = await signIn(urls()[0], relay.accessToken);
    const cluster = await clusterId(urls()[0], cookie);
    target = { kind: 'exec', cluster, namespace: 'default', pod: 'shell', container: 'main', command: ['cat'], tty: false };
  }, 120_000);

  afterAll(async () => {
    for (const viewer of viewers) viewer.relay.dispose();
    for (const leg of legs ?? []) await leg[Symbol.asyncDispose]();
    await relay?.close();
    await upstream?.close();
  }, 60_000);

  async function open(url: string): Promise<Viewer> {
    const viewer = new Viewer(url, cookie, target);
    viewers.push(viewer);
    viewer.relay.start();
    const running = () => viewer.driving && viewer.relay.saved && viewer.relay.state.status.worker?.upstream === 'open';
    await until(running, { withinMs: 60_000, what: () => `${JSON.stringify(viewer.relay.state)}\n${relay.output}` });
    return viewer;
  }

  /** Another page on the session: its stream says nothing to anybody. */
  async function join(first: Viewer, url: string): Promise<Viewer> {
    const { saved } = first.relay;
    if (!saved) throw new Error('nothing saved');
    const viewer = new Viewer(url, cookie, target);
    viewers.push(viewer);
    viewer.relay.startAgain({ ...saved, stream: 'f'.repeat(32) });
    await until(() => viewer.attached, { what: () => JSON.stringify(viewer.relay.state) });
    return viewer;
  }

  it('[DR1] on one edge and on two all see the same; one drives, whoever takes control; when the driver leaves, the next who comes drives', async () => {
    const first = await open(urls()[0]);
    const [beside, elsewhere] = [await join(first, urls()[1]), await join(first, urls()[2])];
    const all = [first, beside, elsewhere];
    let typed = '';
    for (const [turn, driver] of [first, elsewhere, beside, first, beside].entries()) {
      if (turn > 0) driver.relay.client.takeControl();
      await until(() => all.every((viewer) => viewer.driving === (viewer === driver)), { what: 'one driver' });
      for (const viewer of all) expect(viewer.relay.type(`${turn};`)).toBe(viewer === driver);
      typed += `${turn};`;
      const report = () => `${all.map(({ text, relay: { state } }) => `${text} ${JSON.stringify(state)}`).join('\n')}\n${relay.output}`;
      await until(() => all.every((viewer) => viewer.text === typed), { what: report });
    }
    beside.relay.dispose();
    let next = await join(first, urls()[2]);
    // The edge of the driver may hear of its leaving a moment after the next has come.
    for (; !next.driving; next = await join(first, urls()[2])) next.relay.dispose();
    expect(next.relay.type('next;')).toBe(true);
    await until(() => [first, elsewhere, next].every((viewer) => viewer.text === `${typed}next;`));
    for (const { relay } of [first, elsewhere, next])
      expect(relay.state.faults).toEqual({ mismatches: 0, gaps: 0, gapBytes: 0, rewinds: 0 });
    next.relay.client.end();
  }, 60_000);

  it('[DR3] a watcher at 10 KB/s, on the edge of the driver or on another, does not slow an echo of the driver', async () => {
    const driver = await open(urls()[0]);
    const payload = Buffer.alloc(payloadBytes, 'x');
    let sentBytes = 0;
    /** Echo after echo, as fast as they come. @returns how long they took */
    const echo = async (): Promise<{ readonly p50: number; readonly p99: number }> => {
      const took: number[] = [];
      for (const until = performance.now() + measuredMs; performance.now() < until; ) {
        const sentAt = performance.now();
        sentBytes += payload.length;
        expect(driver.relay.type(payload)).toBe(true);
        while (driver.bytes < sentBytes) await new Promise((resolve) => setImmediate(resolve));
        took.push(performance.now() - sentAt);
      }
      const sorted = Float64Array.from(took).sort();
      return { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) };
    };

    /** How long the echoes take beside a watcher on a slow line, which has all that is left of it once the line is good. */
    const besideWatcher = async (leg: 1 | 2): Promise<{ readonly p50: number; readonly p99: number }> => {
      legs[leg].set(slowLine);
      const watcher = await join(driver, urls()[leg]);
      const from = sentBytes;
      const beside = await echo();
      // So slow is it that the log has moved on without it.
      expect(sentBytes - from).toBeGreaterThan(10 * slowLine.bytesPerSecond);
      expect(sentBytes - watcher.bytes).toBeGreaterThan(100_000);
      legs[leg].heal();
      const caughtUp = () => watcher.bytes + watcher.relay.state.faults.gapBytes === sentBytes;
      await until(caughtUp, { withinMs: 30_000, what: () => `${watcher.bytes} of ${sentBytes} ${JSON.stringify(watcher.relay.state)}` });
      expect(watcher.relay.state.faults).toMatchObject({ mismatches: 0, rewinds: 0 });
      watcher.relay.dispose();
      return beside;
    };

    // Not measured: a cold start.
    await echo();
    const told: string[] = [];
    for (const [leg, where] of [
      [1, 'on the edge of the driver'],
      [2, 'on another edge'],
    ] as const) {
      const [alone, beside]: [number[], number[]] = [[], []];
      for (let round = 0; round < rounds; round++) {
        alone.push((await echo()).p99);
        beside.push((await besideWatcher(leg)).p99);
      }
      told.push(
        `${where}: p99 alone ${alone.map((ms) => ms.toFixed(1)).join(', ')} ms, beside ${beside.map((ms) => ms.toFixed(1)).join(', ')} ms`,
      );
      // What else the machine does is in some rounds, what the watcher does in all.
      expect(Math.min(...beside)).toBeLessThan(3 * Math.min(...alone) + 20);
    }
    console.log(told.join('\n'));
    expect(driver.relay.state.faults).toEqual({ mismatches: 0, gaps: 0, gapBytes: 0, rewinds: 0 });
    driver.relay.client.end();
  }, 120_000);
});
