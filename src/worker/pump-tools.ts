import type { Clock, Random } from '../base/clock.ts';
import type { Broker } from '../broker/broker.ts';
import type { RingBudget } from '../log/ring-budget.ts';
import type { WorkerId } from '../protocol/ids.ts';
import type { AuditEvent } from '../session/audit-event.ts';
import type { SessionRecord } from '../session/session-record.ts';
import type { Actor, UpstreamOpener } from '../upstream/upstream.ts';
import type { HangUps } from './hang-ups.ts';

/** What a pump, and what belongs to one, works with. */
export interface PumpTools {
  readonly broker: Broker;
  readonly opener: UpstreamOpener;
  readonly worker: WorkerId;
  readonly clock: Clock;
  readonly random: Random;
  readonly crc32: (bytes: Uint8Array, from: number) => number;
  /** What the rings of all its output logs keep. */
  readonly rings: RingBudget;
  readonly hangUps: HangUps;
  /** Whether the worker's lease is valid now (LS1). */
  readonly permit: () => boolean;
  /** @throws when the credential cannot be unsealed with this worker's key */
  readonly unseal: (session: SessionRecord) => Actor | undefined;
  readonly audit: (event: AuditEvent) => void;
  readonly log: (event: string, fields: Record<string, unknown>) => void;
}
