import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { Sealer } from '../auth/seal.ts';
import { CodedError } from '../base/coded-error.ts';
import type { Scope } from '../base/scope.ts';
import { type Broker, BrokerUnavailable } from '../broker/broker.ts';
import { MemoryBroker } from '../broker/memory/memory-broker.ts';
import { DirectLink } from '../broker/memory/memory-link.ts';
import { MemoryServer } from '../broker/memory/memory-server.ts';
import type { Config } from '../config/options.ts';
import type { AuditEvent } from '../session/audit-event.ts';
import type { Log } from '../telemetry/log.ts';
import { systemClock as clock, newId, systemRandom as random } from './system.ts';
import type { Upstream } from './upstream.ts';

/** What the processes are put together from. */
export interface Parts {
  readonly config: Config;
  readonly version: string;
  readonly log: Log;
  /** Written whatever the level of the log is (ED7). */
  readonly audit: (event: AuditEvent) => void;
  readonly broker: Broker;
  readonly sealer: Sealer;
  readonly upstream: Upstream;
}

/** How long a Redis that does not answer yet is waited for at the start. */
const brokerStartMs = 10_000;

/** Redis when it is given, else inside this process. @throws CodedError with one sentence */
export async function openBroker({ redisUrl, redisCaFile }: Config, log: Log, scope: Scope): Promise<Broker> {
  const broker = redisUrl === undefined ? memoryBroker() : await redisBroker(redisUrl, redisCaFile, log);
  scope.own(() => broker.close());
  return broker;
}

function memoryBroker(): Broker {
  return new MemoryBroker(new DirectLink(new MemoryServer({ clock })), clock);
}

async function redisBroker(url: string, caFile: string | undefined, log: Log): Promise<Broker> {
  // Standalone without Redis does not load its client.
  const { RedisBroker } = await import('../broker/redis/redis-broker.ts');
  const { parseRedisPlace, placeText } = await import('../broker/redis/redis-place.ts');
  const ca = caFile === undefined ? {} : { ca: await readFile(caFile, 'utf8').catch(unreadable(caFile)) };
  const events = {
    linkUp: () => log.info({}, 'broker link up'),
    advice: ({ level, text }: { level: 'warn' | 'info'; text: string }) => log[level]({ text }, 'broker settings'),
    linkDown: (error: Error) => log.warn({ error }, 'broker link down'),
  };
  try {
    return await RedisBroker.open({ url, ...ca, clock, random, startWithinMs: brokerStartMs, events });
  } catch (cause) {
    if (!(cause instanceof BrokerUnavailable)) throw cause;
    throw new CodedError('redis-unreachable', `Redis at ${placeText(parseRedisPlace(url))} does not answer`, { cause });
  }
}

function unreadable(file: string): (cause: unknown) => never {
  return (cause) => {
    throw new CodedError('unreadable-file', `cannot read the certificate authority file ${file}`, { cause });
  };
}

/** A name from the host's, safe in keys; with a random part it is unlike that of a process which has just run here. */
export function processName(kind: 'edge' | 'worker', unique: boolean): string {
  const host =
    hostname()
      .replace(/[^A-Za-z0-9.-]+/g, '-')
      .slice(0, 40) || 'host';
  return unique ? `${kind}-${host}-${newId(6).replace(/_/g, '-')}` : `${kind}-${host}`;
}
