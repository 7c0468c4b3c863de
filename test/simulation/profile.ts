import { variant } from './profile-variants.ts';
import type { SeededRandom } from './seeded-random.ts';

export type FaultName =
  // network
  | 'cut'
  | 'half-open'
  // edges
  | 'edge-kill'
  | 'edge-stop'
  | 'edge-drain'
  // browsers
  | 'reload'
  | 'take-control'
  | 'slow-page'
  | 'stuck-page'
  | 'alternate'
  | 'late-resume'
  | 'skip'
  | 'hide'
  | 'end-request'
  | 'page-gone'
  | 'deaf-driver'
  // broker
  | 'link-break'
  | 'subscription-break'
  | 'broker-out'
  | 'broker-frozen'
  | 'broker-out-long'
  | 'broker-emptied'
  | 'keys-expire'
  | 'fail-over'
  | 'fail-over-to-replica'
  | 'trim'
  // workers
  | 'worker-kill'
  | 'worker-gone'
  | 'worker-stop'
  | 'worker-stop-lease'
  | 'worker-suspend'
  | 'worker-drain'
  | 'clock-jump';

export interface Profile {
  readonly name: ProfileName;
  readonly edges: number;
  readonly workers: number;
  readonly sessions: number;
  /** Pages of a session beside the first. */
  readonly watchers: number;
  /** Virtual time during which faults happen. */
  readonly faultsForMs: number;
  /** Mean time between two faults; 0: none. */
  readonly faultEveryMs: number;
  readonly faults: readonly FaultName[];
  /** Of each append: refused, answer lost. */
  readonly appendRefused: number;
  readonly appendAnswerLost: number;
  /** Stored, and the connection is gone before the push. */
  readonly appendUnpushed?: number;
  /** Share of broker messages that take long. */
  readonly brokerSpikes: number;
  /** Output of an upstream, bytes per second, and in one piece at most. */
  readonly outputRate: number;
  readonly pieceBytes: number;
  /** What a terminal parses, bytes per second. */
  readonly parseRate: number;
  /** The same of a page that only watches. */
  readonly watcherRate: number;
  /** Bytes of one typing at most. */
  readonly typingBytes: number;
  /** Mean time between two typings. */
  readonly typeEveryMs: number;
  /** Browser network, bytes per second. */
  readonly networkRate: number;
  /** Share of opens that the upstream refuses at first. */
  readonly refusals: number;
  readonly detached: 'run' | 'pause';
  /** Share of sessions that are a log; of the others, share without a TTY. */
  readonly logs: number;
  readonly pipes: number;
  /** The broker has a replica, and a fail-over loses what that does not have. */
  readonly replica: boolean;
  /** Input that a process takes, bytes per millisecond, drawn between these for each write. */
  readonly inputRate: readonly [number, number];
  /** How long a session lives without its owner's touch; absent: as in production. */
  readonly sessionMs?: number;
  /** What an upstream has written lies in the socket of a worker that stands still, and is read when it wakes. */
  readonly socketBuffer?: boolean;
  /** Whoever has just taken a session from a dead worker stands still, and the dead one wakes up. */
  readonly heirsStop?: boolean;
  /** A fail-over loses the take of an output log and all that was written since, and its worker cannot come to the new server for a while. */
  readonly takeLost?: boolean;
  /** Queue, leases and index are lost when a session has just been opened. */
  readonly hintsLostAtOpen?: boolean;
  /** How often the broker is emptied in a run at most. */
  readonly emptied?: number;
  /** Of each frame of output to a page: a byte of it is another one when it arrives. */
  readonly damaged?: number;
  /** When all has settled and nothing is written or typed, the keys are gone: the sweep of the sessions' workers finds it. */
  readonly expiresAtLast?: boolean;
  /** When all has settled a driver goes away, and somebody who comes must drive soon, without a person's doing. */
  readonly handOver?: boolean;
  /** After a fail-over the old primary goes on for a while beside the new one, also for new connections. */
  readonly twoPrimaries: boolean;
}

export const profileNames = [
  'calm',
  'edges',
  'broker',
  'failover',
  'workers',
  'flow',
  'all',
  'control',
  'pages',
  'drains',
  'pipes',
  'primaries',
  'replica',
  'logs',
  'emptied',
  'leases',
  'outages',
  'floods',
  'pastes',
  'people',
  'idle',
  'damage',
  'slow',
] as const;
export type ProfileName = (typeof profileNames)[number];

/** A seed picks a profile, unless one is asked for, and the profile's numbers. */
export function drawProfile(random: SeededRandom, asked?: ProfileName): Profile {
  const name = random.pick(profileNames) ?? 'all';
  const numbers = draw(random);
  return { ...numbers, ...variant(asked ?? name, random), name: asked ?? name };
}

function draw(random: SeededRandom): Omit<Profile, 'name'> {
  return {
    edges: random.whole(2, 3),
    workers: random.whole(1, 2),
    sessions: random.whole(1, 2),
    watchers: random.whole(0, 2),
    faultsForMs: random.between(4_000, 20_000),
    faultEveryMs: random.between(150, 2_000),
    faults: [],
    appendRefused: 0,
    appendAnswerLost: 0,
    brokerSpikes: random.chance(0.5) ? 0 : 0.02,
    outputRate: random.between(500, 20_000),
    pieceBytes: random.whole(1, 2_000),
    parseRate: 2_000_000,
    watcherRate: 2_000_000,
    typingBytes: random.whole(1, 60),
    typeEveryMs: random.between(30, 400),
    networkRate: 10_000_000,
    refusals: random.chance(0.2) ? 0.5 : 0,
    detached: random.chance(0.7) ? 'run' : 'pause',
    logs: 0,
    pipes: 0,
    replica: false,
    inputRate: [20, 2_000],
    twoPrimaries: false,
  };
}
