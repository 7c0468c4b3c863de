import type { EndReason } from '../protocol/end-reason.ts';
import type { WorkerId } from '../protocol/ids.ts';
import type { Target } from '../protocol/target.ts';
import type { SessionRecord } from './session-record.ts';

/** Who did what to which pod, and how it ended (ED7): names and numbers, never what went through the session. */
export type AuditEvent = AuditedTarget & {
  /** As the cluster or the identity provider names them. */
  readonly user: string;
  readonly subject: string;
} & (
    | { readonly audit: 'session refused'; readonly edge: string; readonly reason: string; readonly message: string }
    | { readonly audit: 'session start'; readonly sessionId: string; readonly worker: string }
    | ({ readonly audit: 'session end'; readonly sessionId: string; readonly worker: string } & AuditedEnd)
  );

interface AuditedTarget {
  readonly kind: Target['kind'];
  readonly cluster: string;
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** The arguments that were asked for; absent: the relay chose a shell, or the kind has none. */
  readonly command?: readonly string[];
}

interface AuditedEnd {
  readonly end: EndReason['kind'];
  readonly reason?: string;
  readonly exitCode?: number;
  readonly createdAt: string;
  readonly seconds: number;
  /** Typed into the upstream; absent: the worker that knew is lost. */
  readonly bytesIn?: number;
  /** Came from the upstream. */
  readonly bytesOut: number;
}

/** Arguments are cut to so many characters in all: a line of a log is no file. */
const commandLength = 2048;

type Opened = Pick<SessionRecord, 'target' | 'subject' | 'user'>;

export function refusedEvent(asked: Opened, edge: string, reason: string, message: string): AuditEvent {
  return { audit: 'session refused', ...facts(asked), edge, reason, message };
}

export function startEvent(session: Opened & Pick<SessionRecord, 'id'>, worker: WorkerId): AuditEvent {
  return { audit: 'session start', sessionId: session.id, ...facts(session), worker };
}

export function endEvent(
  session: Opened & Pick<SessionRecord, 'id' | 'createdAtMs'>,
  worker: WorkerId,
  { kind, reason, code }: EndReason,
  wallMs: number,
  bytes: { readonly bytesIn?: number | undefined; readonly bytesOut: number },
): AuditEvent {
  const { bytesIn, bytesOut } = bytes;
  return {
    audit: 'session end',
    sessionId: session.id,
    ...facts(session),
    worker,
    end: kind,
    ...(reason === undefined ? {} : { reason }),
    ...(code === undefined ? {} : { exitCode: code }),
    createdAt: new Date(session.createdAtMs).toISOString(),
    seconds: Math.max(0, Math.round((wallMs - session.createdAtMs) / 1000)),
    ...(bytesIn === undefined ? {} : { bytesIn }),
    bytesOut,
  };
}

function facts({ target, subject, user }: Opened): AuditedTarget & { readonly user: string; readonly subject: string } {
  const { kind, cluster, namespace, pod, container } = target;
  const command = target.kind === 'exec' && target.command.length > 0 ? { command: shortened(target.command) } : {};
  return { user, subject, kind, cluster, namespace, pod, container, ...command };
}

function shortened(command: readonly string[]): readonly string[] {
  let left = commandLength;
  const kept: string[] = [];
  for (const part of command) {
    if (left <= 0) return [...kept, '…'];
    kept.push(part.length <= left ? part : `${part.slice(0, left)}…`);
    left -= part.length;
  }
  return kept;
}
