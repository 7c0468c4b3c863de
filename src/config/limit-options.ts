import type { Command, Option } from './option.ts';
import { wholeNumber } from './values.ts';

const edges: readonly Command[] = ['standalone', 'edge'];
const counted = { group: 'Sessions', commands: edges } as const;

/** How many sessions may be open and may be opened, counted at the broker: the same for every edge (FC10). */
export const limitOptions = {
  subjectSessions: {
    env: 'POSEIDON_SUBJECT_SESSIONS',
    flag: '--subject-sessions',
    value: 'N',
    schema: wholeNumber(1, 1_000_000),
    description: 'Sessions that one user may have open at once, at whatever edges; not set: no limit.',
    ...counted,
  },
  subjectOpensPerMinute: {
    env: 'POSEIDON_SUBJECT_OPENS_PER_MINUTE',
    flag: '--subject-opens-per-minute',
    value: 'N',
    schema: wholeNumber(1, 1_000_000),
    description: 'Sessions that one user may open in a minute.',
    ...counted,
  },
  podSessions: {
    env: 'POSEIDON_POD_SESSIONS',
    flag: '--pod-sessions',
    value: 'N',
    schema: wholeNumber(1, 1_000_000),
    description: 'Sessions that one pod may have open at once.',
    ...counted,
  },
  podOpensPerMinute: {
    env: 'POSEIDON_POD_OPENS_PER_MINUTE',
    flag: '--pod-opens-per-minute',
    value: 'N',
    schema: wholeNumber(1, 1_000_000),
    description: 'Sessions that may be opened to one pod in a minute.',
    ...counted,
  },
  sessions: {
    env: 'POSEIDON_SESSIONS',
    flag: '--sessions',
    value: 'N',
    schema: wholeNumber(1, 1_000_000),
    description: 'Sessions that may be open at once in all.',
    ...counted,
  },
  opensPerMinute: {
    env: 'POSEIDON_OPENS_PER_MINUTE',
    flag: '--opens-per-minute',
    value: 'N',
    schema: wholeNumber(1, 1_000_000),
    description: 'Sessions that may be opened in a minute in all.',
    ...counted,
  },
} as const satisfies { readonly [name: string]: Option };
