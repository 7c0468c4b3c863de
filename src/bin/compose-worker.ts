import { credentialContext } from '../auth/seal.ts';
import { sleep } from '../base/clock.ts';
import type { Scope } from '../base/scope.ts';
import type { Readiness } from '../edge/http/health-routes.ts';
import type { WorkerId } from '../protocol/ids.ts';
import type { Gauge } from '../telemetry/gauges.ts';
import { WorkerPool } from '../worker/pool.ts';
import type { Parts } from './parts.ts';
import { systemClock as clock, crc32, systemRandom as random } from './system.ts';

export interface Worker {
  readonly notReady: Readiness;
  readonly gauges: () => readonly Gauge[];
  /** Takes nothing new and waits for its sessions, at most so long (ED3). */
  drain(withinMs: number): Promise<void>;
}

export async function startWorker(parts: Parts, name: string, scope: Scope): Promise<Worker> {
  const { broker, sealer, upstream, config } = parts;
  const log = parts.log.with({ worker: name });
  const pool = new WorkerPool({
    broker,
    opener: upstream.opener,
    worker: name as WorkerId, // checked by the configuration, or made by processName
    clock,
    random,
    crc32,
    unseal: ({ credential, target, subject }) => sealer.open(credential, credentialContext(target.cluster, subject)),
    maxSessions: config.workerSessions,
    maxHeldBytes: config.workerHeldMegabytes * 1024 * 1024,
    audit: parts.audit,
    log: (event, fields) => log.info(fields, event),
  });
  await pool.start();
  scope.own(() => pool.close());
  log.info({ maxSessions: config.workerSessions }, 'worker takes sessions');
  return {
    notReady: () => (broker.health.up() ? undefined : 'the broker does not answer'),
    gauges: () => pool.gauges(),
    drain: (withinMs) => Promise.race([pool.drain(), sleep(clock, withinMs)]),
  };
}
