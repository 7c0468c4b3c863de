import type { Counted, Limit, LimitStore, Reached } from '../broker/limit-store.ts';
import type { SessionId } from '../protocol/ids.ts';
import type { Target } from '../protocol/target.ts';

/** At most so many; undefined: no limit. */
export interface SessionLimitNumbers {
  readonly subject: MostSessions;
  readonly pod: MostSessions;
  readonly all: MostSessions;
}

interface MostSessions {
  readonly sessions: number | undefined;
  readonly opensPerMinute: number | undefined;
}

/** Why no session is opened now. */
export interface LimitRefusal {
  /** A sentence that names the limit and its number. */
  readonly text: string;
  readonly retryAfterSeconds: number;
}

/** How many sessions one user, one pod, and all together may have open and may open in a minute, at whatever edges (FC10). */
export class SessionLimits {
  readonly #store: LimitStore;
  readonly #numbers: SessionLimitNumbers;

  constructor(store: LimitStore, numbers: SessionLimitNumbers) {
    this.#store = store;
    this.#numbers = numbers;
  }

  /** Counts a session that is to be created next. @throws BrokerUnavailable */
  async enter(session: SessionId, subject: string, target: Target): Promise<LimitRefusal | undefined> {
    return refusal(await this.#store.enter(session, this.#limits(subject, target)));
  }

  /** Whether {@link enter} would refuse one now. @throws BrokerUnavailable */
  async look(subject: string, target: Target): Promise<LimitRefusal | undefined> {
    return refusal(await this.#store.look(this.#limits(subject, target)));
  }

  #limits(subject: string, { cluster, namespace, pod }: Target): readonly Limit[] {
    const counted: readonly Counted[] = [{ kind: 'subject', subject }, { kind: 'pod', cluster, namespace, pod }, { kind: 'all' }];
    return counted
      .map((of) => ({ of, ...this.#numbers[of.kind] }))
      .filter(({ sessions, opensPerMinute }) => sessions !== undefined || opensPerMinute !== undefined);
  }
}

function refusal(reached: Reached | undefined): LimitRefusal | undefined {
  if (!reached) return undefined;
  const { limit, what, retryAfterMs } = reached;
  const { who, prefix } = names[limit.of.kind];
  const text =
    what === 'sessions'
      ? `${who} all the sessions that may be open at once (limit ${prefix}sessions: ${limit.sessions})`
      : `${who} all the sessions that may be opened in a minute (limit ${prefix}opens-per-minute: ${limit.opensPerMinute})`;
  return { text, retryAfterSeconds: Math.ceil(retryAfterMs / 1000) };
}

const names: Readonly<Record<Counted['kind'], { readonly who: string; readonly prefix: string }>> = {
  subject: { who: 'you have', prefix: 'subject-' },
  pod: { who: 'this pod has', prefix: 'pod-' },
  all: { who: 'this relay has', prefix: '' },
};
