import type { Clock, Random } from '../../base/clock.ts';
import type { Broker, BrokerHealth } from '../broker.ts';
import { defaultLifetimes, type Lifetimes } from '../lifetimes.ts';
import type { LogStore } from '../log-store.ts';
import { ClusterTopology } from './cluster-topology.ts';
import { ControlClient } from './control-client.ts';
import type { Advice } from './redis-advice.ts';
import { RedisLeases } from './redis-leases.ts';
import { RedisLimits } from './redis-limits.ts';
import type { LinkEvents, LinkOptions } from './redis-link.ts';
import { RedisLogStore } from './redis-log-store.ts';
import { RedisOpens } from './redis-opens.ts';
import { parseRedisPlace, type RedisPlace } from './redis-place.ts';
import { RedisSessions } from './redis-sessions.ts';
import { RedisTickets } from './redis-tickets.ts';
import { limitScriptNames, loadScripts, logScriptNames, sessionScriptNames } from './scripts.ts';
import { SentinelTopology } from './sentinel-topology.ts';
import { checkServer } from './startup-check.ts';
import { type RedisTopology, StandaloneTopology } from './topology.ts';

export interface RedisBrokerOptions {
  /** One server, a primary behind Sentinel, or a Cluster: see {@link parseRedisPlace}. */
  readonly url: string;
  /** A private certificate authority for `rediss`, PEM. */
  readonly ca?: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly lifetimes?: Partial<Lifetimes>;
  /** How long a server that does not answer yet is waited for; default 10 s. */
  readonly startWithinMs?: number;
  readonly events?: LinkEvents & { advice?(advice: Advice): void };
}

/** An append, or any command of the data plane, that is not answered in this time breaks the link (LG6). */
const appendTimeoutMs = 2_000;

/** The broker on Redis: logs over links of our own, everything else over ioredis. */
export class RedisBroker implements Broker {
  readonly logs: LogStore;
  readonly sessions: RedisSessions;
  readonly opens: RedisOpens;
  readonly leases: RedisLeases;
  readonly tickets: RedisTickets;
  readonly limits: RedisLimits;
  readonly health: BrokerHealth;
  readonly #control: ControlClient;
  readonly #topology: RedisTopology;

  private constructor(place: RedisPlace, options: RedisBrokerOptions, control: ControlClient) {
    const { clock, random } = options;
    // The control plane's connection leads to a primary that may not know yet that it is none any more.
    const events = { ...options.events, replaced: () => control.redis.disconnect(true) };
    const lifetimes = { ...defaultLifetimes, ...options.lifetimes };
    const logScripts = loadScripts(logScriptNames);
    const scripts = Object.values(logScripts);
    this.#control = control;
    this.#topology = topologyOf(place, { clock, random, scripts, timeoutMs: appendTimeoutMs, events });
    this.logs = new RedisLogStore(this.#topology, logScripts, lifetimes.sessionMs);
    this.sessions = new RedisSessions(control, loadScripts(sessionScriptNames), lifetimes);
    const blocking = (commandTimeoutMs: number) => new ControlClient(place, random, { commandTimeoutMs, pipelining: false });
    this.opens = new RedisOpens(control, blocking, clock, lifetimes, place.kind === 'cluster');
    this.leases = new RedisLeases(control, clock, lifetimes);
    this.tickets = new RedisTickets(control);
    this.limits = new RedisLimits(control, loadScripts(limitScriptNames).enter, lifetimes, clock.now);
    this.health = { up: () => this.#topology.up && control.redis.status === 'ready', ping: () => this.#ping(clock) };
  }

  /** @throws BrokerRefused when the server cannot be used as it is, BrokerUnavailable when none answers in time */
  static async open(options: RedisBrokerOptions): Promise<RedisBroker> {
    const place = parseRedisPlace(options.url, options.ca);
    const control = new ControlClient(place, options.random);
    try {
      const advice = await checkServer(control, options.clock, options.startWithinMs ?? 10_000);
      // Nodes of one Cluster are set up alike: each line once.
      const lines = new Map(advice.map((one) => [one.text, one]));
      for (const line of lines.values()) options.events?.advice?.(line);
    } catch (failure) {
      control.close();
      throw failure;
    }
    const broker = new RedisBroker(place, options, control);
    await broker.#topology.open();
    return broker;
  }

  async close(): Promise<void> {
    this.#topology.close();
    this.opens.close();
    this.#control.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #ping(clock: Clock): Promise<number> {
    const sentMs = clock.now();
    await this.#control.answer((redis) => redis.ping());
    return clock.now() - sentMs;
  }
}

function topologyOf(place: RedisPlace, options: Omit<LinkOptions, 'address'>): RedisTopology {
  switch (place.kind) {
    case 'standalone':
      return new StandaloneTopology({ ...options, address: place.address });
    case 'sentinel':
      return new SentinelTopology(place, options);
    case 'cluster':
      return new ClusterTopology(place, options);
  }
}
