import { setTimeout as pause } from 'node:timers/promises';
import { FaultProxy, type Line } from '../support/fault-proxy.ts';
import { type KubernetesServer, startKubernetesServer } from '../support/kubernetes-server.ts';
import { RelayProcesses } from '../support/relay-processes.ts';
import { type FaultyRedis, startRedis, type Topology } from './faulty-redis.ts';
import type { Fault, Leg, LineFault, ProcessFault } from './schedule.ts';

const edges = 2;
const workers = 3;

/** Watches what must not change while a worker wakes up that was taken for dead. */
export type FrozenWatch = () => Promise<() => Promise<void>>;

/** All processes of a relay with a bad line on every leg, and the hands that break them. */
export class FaultyRelay implements AsyncDisposable {
  readonly relay: RelayProcesses;
  readonly redis: FaultyRedis;
  readonly #upstream: KubernetesServer;
  readonly #proxies: Readonly<Partial<Record<Leg, FaultProxy>>>;
  /** A worker that stands still, until it has woken up. */
  #worker: Promise<void> | undefined;

  private constructor(relay: RelayProcesses, redis: FaultyRedis, upstream: KubernetesServer, proxies: Partial<Record<Leg, FaultProxy>>) {
    this.relay = relay;
    this.redis = redis;
    this.#upstream = upstream;
    this.#proxies = proxies;
  }

  static async start(topology: Topology): Promise<FaultyRelay> {
    const upstream = await startKubernetesServer(['--protocols', 'v4', '--kill-orphans']);
    const redis = await startRedis(topology);
    const upstreamUrl = new URL(upstream.url);
    const upstreamProxy = await FaultProxy.start(Number(upstreamUrl.port));
    upstreamUrl.port = String(upstreamProxy.port);
    // The balancer's address is known when it runs, and its edges must know the browsers' origin before: a way through to it.
    let balancer = 0;
    const browser = await FaultProxy.start(() => balancer);
    const relay = await RelayProcesses.start(
      { ...upstream, url: upstreamUrl.href.replace(/\/$/, '') },
      {
        edges,
        workers,
        redis: redis.server,
        browserPort: browser.port,
        redisUrl: (name) => redis.url(name.startsWith('edge') ? 'edge' : 'worker'),
        environment: { POSEIDON_DRAIN_SECONDS: '2' },
      },
    );
    balancer = Number(new URL(relay.url).port);
    return new FaultyRelay(relay, redis, upstream, { ...redis.proxies, 'worker–upstream': upstreamProxy, 'browser–edge': browser });
  }

  get browserUrl(): string {
    return `http://127.0.0.1:${this.#proxies['browser–edge']?.port}`;
  }

  /** While one worker stands still the others must stay. A set of servers has no proxies, and does not lose all of itself. */
  possible({ what }: Fault): boolean {
    if (what.line) return this.#proxies[what.leg] !== undefined;
    if (what.process === 'redis out 30 s' || what.process === 'redis back empty') return this.redis.proxies !== undefined;
    return !(this.#worker && what.process.startsWith('worker'));
  }

  /** Resolves when the fault has passed, or (of a worker, a half-open connection) was planted. */
  async inflict(fault: Fault, frozen: FrozenWatch): Promise<void> {
    if (fault.what.line) await this.#line(fault.what.leg, fault.what.line, fault);
    else await this.#process(fault.what.process, fault, frozen);
  }

  /** Every line is good, every process runs. */
  async heal(): Promise<void> {
    for (const proxy of Object.values(this.#proxies)) proxy.heal();
    await this.#worker;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.relay.close();
    await this.redis[Symbol.asyncDispose]();
    await this.#upstream.close();
    await Promise.all(Object.values(this.#proxies).map((proxy) => proxy[Symbol.asyncDispose]()));
  }

  async #line(leg: Leg, line: LineFault, { holdMs, random }: Fault): Promise<void> {
    const proxy = this.#proxies[leg];
    if (!proxy) return;
    // Of upstream connections a few: their sessions end with them.
    const share = leg === 'worker–upstream' ? 0.1 : 0.5;
    const chosen = () => random() < share;
    const lines: Readonly<Record<LineFault, Line>> = {
      cut: { down: leg !== 'worker–upstream' },
      'half-open': {},
      stall: { stalled: random() < 0.5 ? 'up' : 'down' },
      delay: { delayMs: 300 },
      rate: { bytesPerSecond: 100_000 },
    };
    if (line === 'half-open') proxy.halfOpen(chosen);
    if (line === 'cut') proxy.cut(chosen);
    proxy.set(lines[line]);
    await pause(holdMs);
    proxy.heal();
  }

  async #process(fault: ProcessFault, { holdMs, random }: Fault, frozen: FrozenWatch): Promise<void> {
    const edge = Math.floor(random() * edges);
    const worker = Math.floor(random() * workers);
    switch (fault) {
      case 'edge killed':
      case 'edge drained':
        await this.relay.endEdge(edge, fault === 'edge killed' ? 'SIGKILL' : 'SIGTERM');
        await pause(holdMs);
        await this.relay.startEdge(edge);
        return;
      case 'edge frozen':
        await frozenFor(this.relay.pids().edges[edge], holdMs);
        return;
      case 'redis killed':
      case 'redis out 30 s':
      case 'redis back empty':
        return this.redis.kill(holdMs, fault === 'redis back empty');
      case 'redis frozen 1 s':
      case 'redis frozen 3 to 6 s':
        return this.redis.freeze(holdMs);
      case 'worker killed':
        await this.relay.killWorker(worker);
        this.relay.startWorker(worker);
        return;
      case 'worker frozen past its lease':
        this.#worker = this.#freezeWorker(this.relay.pids().workers[worker] ?? 0, holdMs, frozen).finally(() => {
          this.#worker = undefined;
        });
        // Who waits for it hears of its failure.
        this.#worker.catch(() => {});
        return;
    }
  }

  async #freezeWorker(pid: number, holdMs: number, frozen: FrozenWatch): Promise<void> {
    process.kill(pid, 'SIGSTOP');
    let changed: () => Promise<void>;
    try {
      await pause(holdMs);
      changed = await frozen();
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    // Time in which it would write and type, if it believed to own its sessions.
    await pause(3000);
    await changed();
  }
}

async function frozenFor(pid: number | undefined, ms: number): Promise<void> {
  if (!pid) return;
  process.kill(pid, 'SIGSTOP');
  await pause(ms);
  process.kill(pid, 'SIGCONT');
}
