import type { FaultName, Profile, ProfileName } from './profile.ts';
import type { SeededRandom } from './seeded-random.ts';

const edgeFaults: readonly FaultName[] = ['cut', 'half-open', 'edge-kill', 'edge-stop', 'reload', 'take-control'];
const brokerFaults: readonly FaultName[] = ['link-break', 'subscription-break', 'broker-out', 'broker-frozen', 'trim', 'cut'];
const workerFaults: readonly FaultName[] = ['worker-kill', 'worker-stop', 'clock-jump', 'cut', 'link-break'];

/** What a profile changes of the numbers that are drawn for every run. */
export function variant(name: ProfileName, random: SeededRandom): Partial<Profile> {
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
    case 'pipes':
      return {
        faults: ['end-request', 'alternate', 'take-control', 'cut', 'reload', 'edge-kill', 'link-break', 'fail-over', 'slow-page'],
        sessions: random.whole(1, 3),
        logs: 0.3,
        pipes: 0.7,
        appendRefused: 0.01,
        appendAnswerLost: 0.01,
      };
    case 'emptied': {
      const much = random.chance(0.4);
      return {
        faults: [
          'broker-emptied',
          'keys-expire',
          'link-break',
          'subscription-break',
          'cut',
          'take-control',
          'alternate',
          'late-resume',
          'reload',
          'edge-kill',
          'slow-page',
        ],
        emptied: 4,
        appendAnswerLost: 0.01,
        outputRate: much ? random.between(200_000, 1_000_000) : random.between(200, 1_000),
        pieceBytes: much ? random.whole(1_000, 40_000) : 200,
      };
    }
    case 'leases':
      return {
        faults: [
          'worker-stop-lease',
          'worker-stop-lease',
          'worker-stop',
          'worker-gone',
          'worker-kill',
          // Neither clock tells of a machine that was suspended and then had its wall clock set back.
          ...(random.chance(0.5) ? (['worker-suspend', 'worker-suspend'] as const) : (['clock-jump', 'clock-jump'] as const)),
          'link-break',
          'cut',
        ],
        workers: random.whole(2, 3),
        faultsForMs: random.between(10_000, 60_000),
        faultEveryMs: random.between(500, 5_000),
        brokerSpikes: random.pick([0, 0.02, 0.2]) ?? 0,
        socketBuffer: true,
        heirsStop: true,
      };
    case 'outages':
      return {
        faults: ['broker-out-long', 'broker-out', 'broker-frozen', 'link-break', 'cut', 'subscription-break'],
        hintsLostAtOpen: true,
        workers: random.whole(2, 3),
        faultsForMs: random.between(10_000, 60_000),
        faultEveryMs: random.between(1_000, 8_000),
        appendAnswerLost: 0.01,
      };
    case 'floods':
      return {
        faults: ['fail-over', 'fail-over', 'slow-page', 'cut', 'take-control', 'link-break', 'subscription-break', 'reload', 'trim'],
        sessions: 1,
        faultsForMs: random.between(3_000, 10_000),
        outputRate: random.between(100_000, 2_000_000),
        pieceBytes: random.whole(500, 100_000),
        parseRate: random.between(20_000, 1_000_000),
        typingBytes: random.whole(100, 30_000),
        networkRate: random.between(100_000, 3_000_000),
        appendAnswerLost: 0.005,
        takeLost: true,
      };
    case 'pastes': {
      // Twice in a row an answer is lost, and all that its client may send is under way.
      const unanswered = random.chance(0.4);
      return {
        faults: ['take-control', 'alternate', 'late-resume', 'cut', 'reload', 'link-break', 'subscription-break', 'edge-kill'],
        sessions: 1,
        watchers: random.whole(1, 2),
        typingBytes: unanswered ? random.whole(100_000, 300_000) : random.whole(1_000, 60_000),
        typeEveryMs: unanswered ? random.between(1_000, 5_000) : random.between(300, 2_000),
        inputRate: unanswered ? [100, 2_000] : [5, 60],
        appendAnswerLost: unanswered ? 0.3 : 0.02,
      };
    }
    case 'people':
      return {
        faults: [
          'page-gone',
          'deaf-driver',
          'take-control',
          'alternate',
          'cut',
          'half-open',
          'edge-kill',
          'subscription-break',
          'slow-page',
        ],
        sessions: 1,
        watchers: random.whole(2, 4),
        edges: 3,
        faultsForMs: random.between(5_000, 20_000),
        faultEveryMs: random.between(500, 3_000),
        outputRate: random.chance(0.5) ? random.between(50_000, 500_000) : random.between(500, 5_000),
        pieceBytes: random.whole(100, 20_000),
        parseRate: random.between(50_000, 1_000_000),
        watcherRate: random.pick([20_000, 1_000_000]) ?? 20_000,
        handOver: true,
      };
    case 'slow':
      return {
        faults: ['slow-page', 'stuck-page', 'stuck-page', 'hide'],
        sessions: 1,
        faultsForMs: random.between(8_000, 20_000),
        outputRate: random.between(50_000, 500_000),
        pieceBytes: random.whole(500, 20_000),
        parseRate: random.between(20_000, 1_000_000),
      };
    case 'damage':
      return { faults: ['cut', 'reload', 'take-control', 'edge-kill'], damaged: random.pick([0.01, 0.05]) ?? 0.01 };
    case 'idle':
      return {
        faults: ['cut', 'reload', 'edge-kill', 'take-control', 'link-break'],
        faultsForMs: random.between(150_000, 250_000),
        faultEveryMs: random.between(10_000, 60_000),
        outputRate: random.between(20, 200),
        pieceBytes: random.whole(20, 200),
        typeEveryMs: random.between(3_000, 20_000),
        sessionMs: 100_000,
        expiresAtLast: true,
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
