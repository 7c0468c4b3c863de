import type { Broker } from '../../broker/broker.ts';
import type { ShellTools } from '../../broker/log-appender.ts';
import type { Channels, Pages } from '../../broker/log-follower.ts';
import type { RingBudget } from '../../log/ring-budget.ts';
import type { SessionRecord } from '../../session/session-record.ts';
import type { SessionLimits } from '../session-limits.ts';

/** What every socket of an edge works with, whichever door it came through. */
export interface EdgeTools extends ShellTools {
  /** This edge's name, shown in the page and in fence entries. */
  readonly edge: string;
  readonly broker: Broker;
  /** undefined: no limits but those of each process. */
  readonly limits?: SessionLimits | undefined;
  readonly channels: Channels;
  /** Catch-up reads of all attachments, so many at once (DR3). */
  readonly reads: Pages;
  /** What the rings of all its input logs keep. */
  readonly rings: RingBudget;
  readonly crc32: (bytes: Uint8Array, from: number) => number;
  /** A random id of that many characters from `A-Za-z0-9_-`. */
  readonly newId: (length: number) => string;
  /** SHA-256, hex. */
  readonly hash: (text: string) => string;
  readonly log: (event: string, fields: Record<string, unknown>) => void;
}

export interface RelayTools extends EdgeTools {
  /** A fresh check of the user's right to the session's pod (RS2). */
  readonly mayResume: (session: SessionRecord) => Promise<boolean>;
}
