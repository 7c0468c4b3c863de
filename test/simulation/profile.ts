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
  | 'alternate'
  | 'late-resume'
  | 'skip'
  | 'hide'
  | 'end-request'
  // broker
  | 'link-break'
  | 'subscription-break'
  | 'broker-out'
  | 'broker-frozen'
  | 'broker-emptied'
  | 'fail-over'
  | 'fail-over-to-replica'
  | 'trim'
  // workers
  | 'worker-kill'
  | 'worker-stop'
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
] as const;
export type ProfileName = (typeof profileNames)[number];

const edgeFaults: readonly FaultName[] = ['cut', 'half-open', 'edge-kill', 'edge-stop', 'reload', 'take-control'];
const brokerFaults: readonly FaultName[] = ['link-break', 'subscription-break', 'broker-out', 'broker-frozen', 'trim', 'cut'];
const workerFaults: readonly FaultName[] = ['worker-kill', 'worker-stop', 'clock-jump', 'cut', 'link-break'];

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
    twoPrimaries: false,
  };
}

function variant(name: ProfileName, random: SeededRandom): Partial<Profile> {
  switch (name) {
    case 'calm':
      return { faultEveryMs: 0 };
    case 'edges':
      return { faults: edgeFaults };
    case 'broker':
      return { faults: brokerFaults, appendRefused: 0.02, appendAnswerLost: 0.01 };
    case 'failover':
      return { faults: [...brokerFaults, 'fail-over', 'fail-over', 'edge-kill'], appendRefused: 0.01, appendAnswerLost: 0.01 };
    case 'workers':
      return { faults: workerFaults, workers: 2 };
    case 'flow':
      return {
        faults: ['slow-page', 'cut', 'reload', 'take-control', 'link-break'],
        sessions: 1,
        faultsForMs: random.between(3_000, 10_000),
        outputRate: random.between(200_000, 3_000_000),
        pieceBytes: random.whole(500, 100_000),
        parseRate: random.between(20_000, 1_000_000),
        typingBytes: random.whole(100, 100_000),
        networkRate: random.between(100_000, 3_000_000),
      };
    case 'control':
      return {
        faults: [
          'alternate',
          'alternate',
          'late-resume',
          'late-resume',
          'take-control',
          'reload',
          'cut',
          'edge-stop',
          'subscription-break',
        ],
        sessions: 1,
        watchers: random.whole(1, 3),
        edges: 3,
        faultEveryMs: random.between(200, 1_500),
      };
    case 'pages':
      return {
        faults: [
          'skip',
          'skip',
          'hide',
          'hide',
          'slow-page',
          'cut',
          'take-control',
          'alternate',
          'reload',
          'edge-kill',
          'link-break',
          'worker-stop',
        ],
        sessions: 1,
        faultsForMs: random.between(3_000, 10_000),
        outputRate: random.between(20_000, 2_000_000),
        pieceBytes: random.whole(100, 50_000),
        parseRate: random.between(20_000, 1_000_000),
        watcherRate: random.chance(0.5) ? 10_000 : 1_000_000,
        networkRate: random.between(100_000, 3_000_000),
      };
    case 'drains':
      return {
        faults: ['edge-drain', 'edge-drain', 'worker-drain', 'edge-kill', 'cut', 'take-control', 'reload', 'link-break', 'broker-frozen'],
        workers: 2,
        faultsForMs: random.between(5_000, 30_000),
        faultEveryMs: random.between(300, 3_000),
      };
    case 'primaries':
      return {
        faults: [
          'fail-over',
          'fail-over',
          'link-break',
          'subscription-break',
          'link-break',
          'cut',
          'take-control',
          'edge-kill',
          'worker-stop',
          'clock-jump',
        ],
        twoPrimaries: true,
        workers: 2,
        appendRefused: 0.01,
        faultEveryMs: random.between(200, 1_500),
      };
    case 'replica':
      return {
        faults: [
          'fail-over-to-replica',
          'link-break',
          'subscription-break',
          'broker-frozen',
          'cut',
          'take-control',
          'edge-kill',
          'slow-page',
        ],
        replica: true,
        sessions: 1,
        appendRefused: 0.01,
        appendAnswerLost: 0.005,
        outputRate: random.chance(0.5) ? random.between(500, 20_000) : random.between(200_000, 2_000_000),
        pieceBytes: random.whole(100, 40_000),
      };
    case 'pipes':
      return {
        faults: ['end-request', 'alternate', 'take-control', 'cut', 'reload', 'edge-kill', 'link-break', 'fail-over', 'slow-page'],
        sessions: random.whole(1, 3),
        logs: 0.3,
        pipes: 0.7,
        appendRefused: 0.01,
        appendAnswerLost: 0.01,
      };
    case 'logs':
      return {
        faults: [
          ...workerFaults,
          'worker-kill',
          'worker-drain',
          'subscription-break',
          'edge-kill',
          'take-control',
          'reload',
          'skip',
          'slow-page',
          ...(random.chance(0.3) ? (['fail-over'] as const) : []),
        ],
        workers: random.whole(2, 3),
        logs: 1,
        faultsForMs: random.between(10_000, 50_000),
        appendRefused: 0.01,
        outputRate: random.chance(0.7) ? random.between(500, 20_000) : random.between(50_000, 300_000),
      };
    case 'all':
      return {
        faults: [
          ...edgeFaults,
          ...brokerFaults,
          ...workerFaults,
          'fail-over',
          'slow-page',
          ...(random.chance(0.2) ? (['broker-emptied'] as const) : []),
        ],
        workers: 2,
        appendRefused: 0.01,
        appendAnswerLost: 0.01,
        faultEveryMs: random.between(100, 1_000),
      };
  }
}
