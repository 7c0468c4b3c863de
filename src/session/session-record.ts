import type { SessionId, WorkerId } from '../protocol/ids.ts';
import type { Target } from '../protocol/target.ts';

/** What the broker keeps of a session beside its logs; `meta` of design section 2. */
export interface SessionRecord {
  readonly id: SessionId;
  readonly target: Target;
  readonly state: SessionState;
  readonly owner: WorkerId | undefined;
  /** The upstream request was or may have been sent: the session can never be queued again (LS2). */
  readonly started: boolean;
  /** Who opened it; a resume by somebody else is refused (RS2). */
  readonly subject: string;
  /** Their name, for audit events (ED7) and nothing else. */
  readonly user: string;
  /** SHA-256 of the resume key, hex. */
  readonly keyHash: string;
  /** Sealed credential (UP8), base64url; empty: the relay's own. */
  readonly credential: string;
  readonly size: { readonly cols: number; readonly rows: number };
  readonly detached: 'run' | 'pause';
  readonly graceMs: number;
  readonly createdAtMs: number;
}

/** waiting: queued for a worker; owned: a worker holds it; ended: its exit is in the log, kept for the grace time. */
export type SessionState = 'waiting' | 'owned' | 'ended';
