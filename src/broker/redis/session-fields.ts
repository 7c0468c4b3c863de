import type { SessionId, WorkerId } from '../../protocol/ids.ts';
import type { Target } from '../../protocol/target.ts';
import type { SessionRecord, SessionState } from '../../session/session-record.ts';
import type { NewSession } from '../broker.ts';
import { objectOf } from './control-replies.ts';

/**
 * Fields of `meta`: those below as text; `state`, `owner`, `started` by the scripts; `fo`, `fi` (packed fence tables), `pos` (packed stream
 * marks) and `driver` (stream 16 B │ fence u48) by the scripts of the logs. `keyHash` is what `create` compares.
 */
export const recordFields = [
  'state',
  'owner',
  'started',
  'target',
  'subject',
  'user',
  'keyHash',
  'credential',
  'cols',
  'rows',
  'detached',
  'graceMs',
  'createdAtMs',
] as const;

/** The fields that `create` writes beside state and key hash. */
export function writtenFields(session: Omit<NewSession, 'id' | 'keyHash'>): readonly (string | number)[] {
  const { target, subject, user, credential, size, detached, graceMs, createdAtMs } = session;
  const fields = {
    target: JSON.stringify(target),
    subject,
    user,
    credential,
    cols: size.cols,
    rows: size.rows,
    detached,
    graceMs,
    createdAtMs,
  };
  return Object.entries(fields).flat();
}

/** @param values of {@link recordFields}, in this order @returns undefined when there is no such session */
export function recordOf(id: SessionId, values: readonly (string | null)[]): SessionRecord | undefined {
  const text = (name: (typeof recordFields)[number]) => values[recordFields.indexOf(name)] ?? '';
  if (text('state') === '') return undefined;
  return {
    id,
    state: text('state') as SessionState,
    owner: text('owner') === '' ? undefined : (text('owner') as WorkerId),
    started: text('started') === '1',
    target: objectOf(text('target')) as Target,
    subject: text('subject'),
    user: text('user'),
    keyHash: text('keyHash'),
    credential: text('credential'),
    size: { cols: Number(text('cols')), rows: Number(text('rows')) },
    detached: text('detached') === 'pause' ? 'pause' : 'run',
    graceMs: Number(text('graceMs')),
    createdAtMs: Number(text('createdAtMs')),
  };
}
