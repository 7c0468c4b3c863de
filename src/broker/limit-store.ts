import type { SessionId } from '../protocol/ids.ts';

/** What sessions are counted by: all of them, those of one subject, those of one pod. */
export type Counted =
  | { readonly kind: 'all' }
  | { readonly kind: 'subject'; readonly subject: string }
  | { readonly kind: 'pod'; readonly cluster: string; readonly namespace: string; readonly pod: string };

/** At most so many sessions at once, and opened in a minute; undefined: no limit, and nothing is counted for it. */
export interface Limit {
  readonly of: Counted;
  readonly sessions: number | undefined;
  readonly opensPerMinute: number | undefined;
}

export interface Reached {
  readonly limit: Limit;
  readonly what: 'sessions' | 'opens';
  /** When it may be worth trying again. */
  readonly retryAfterMs: number;
}

/**
 * Counts sessions where all edges meet, so that any of them counts the same (FC10). Nobody counts down: a session that is in the list and not
 * on the record any more, or ended, is taken off the list when the list is full. So nothing drifts, whoever dies when.
 */
export interface LimitStore {
  /**
   * Counts a session under all limits, or under none of them; repeating it changes nothing. The record is to be created after it.
   * @returns the first limit that is reached @throws BrokerUnavailable
   */
  enter(session: SessionId, limits: readonly Limit[]): Promise<Reached | undefined>;
  /** The limit that would be reached; nothing is counted. @throws BrokerUnavailable */
  look(limits: readonly Limit[]): Promise<Reached | undefined>;
}

/** A session that was counted and is not on the record yet is not taken off the list for so long. */
export const arrivingMs = 30_000;

/** Full of sessions: some end at any time. */
export const fullRetryMs = 5_000;

export const minuteMs = 60_000;

export function countedKey(of: Counted): string {
  switch (of.kind) {
    case 'all':
      return 'all';
    case 'subject':
      return `subject ${of.subject}`;
    case 'pod':
      return `pod ${of.cluster}/${of.namespace}/${of.pod}`;
  }
}
