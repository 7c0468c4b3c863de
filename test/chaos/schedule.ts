/** The legs between the processes, each through a proxy that can make its line bad. */
export const legs = ['browser–edge', 'edge–redis', 'worker–redis', 'worker–upstream'] as const;
export type Leg = (typeof legs)[number];

export const lineFaults = ['cut', 'half-open', 'stall', 'delay', 'rate'] as const;
export type LineFault = (typeof lineFaults)[number];

export const processFaults = [
  'edge killed',
  'edge frozen',
  'edge drained',
  'redis killed',
  'redis frozen 1 s',
  'redis frozen 3 to 6 s',
  'redis out 30 s',
  'redis back empty',
  'worker killed',
  'worker frozen past its lease',
] as const;
export type ProcessFault = (typeof processFaults)[number];

export interface Fault {
  /** What the table calls it. */
  readonly kind: string;
  readonly what:
    | { readonly process: ProcessFault; readonly line?: undefined }
    | { readonly line: LineFault; readonly leg: Leg; readonly process?: undefined };
  /** Between the last recovery and this. */
  readonly pauseMs: number;
  readonly holdMs: number;
  /** The next fault begins with this one, if it breaks something else. */
  readonly together: boolean;
  /** Chooses who is hit. Its own, so that the order of the faults depends on nothing but the seed. */
  readonly random: () => number;
}

/** The mulberry32 generator. @returns numbers, 0 ≤ n < 1 */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let z = Math.imul(state ^ (state >>> 15), state | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
}

type What = Fault['what'];

/** How long a fault lasts, ms. A worker's lease is 15 s; whoever takes its sessions sees that up to 5 s late, and later if Redis is out. */
function holdMs(what: What, random: () => number): number {
  const between = (least: number, most: number) => Math.round(least + random() * (most - least));
  if (what.line) return what.line === 'cut' ? between(0, 2000) : what.line === 'half-open' ? 0 : between(2000, 5000);
  switch (what.process) {
    case 'edge killed':
    case 'redis killed':
      return between(200, 2500);
    case 'redis out 30 s':
      return 30_000;
    case 'redis back empty':
      return between(200, 2500);
    case 'edge frozen':
    case 'redis frozen 3 to 6 s':
      return between(3000, 6000);
    case 'redis frozen 1 s':
      return 1000;
    case 'worker frozen past its lease':
      return between(40_000, 50_000);
    default:
      return 0;
  }
}

/** Of a hundred faults so many begin together with another. */
const togetherPercent = 25;

/** Endless: all kinds in an order drawn from the seed, then all again in another. */
export function* schedule(seed: number): Generator<Fault, never> {
  const random = randomFrom(seed);
  for (;;) {
    const all: What[] = processFaults.map((process) => ({ process }));
    for (const leg of legs) for (const line of lineFaults) all.push({ leg, line });
    while (all.length > 0) {
      const [what] = all.splice(Math.floor(random() * all.length), 1);
      if (!what) break;
      const kind = what.line ? `${what.leg} ${what.line}` : what.process;
      const pauseMs = 1000 + Math.round(random() * 1000);
      const together = random() * 100 < togetherPercent;
      yield { kind, what, pauseMs, together, holdMs: holdMs(what, random), random: randomFrom(random() * 2 ** 32) };
    }
  }
}

/** The same faults in the same order; those that begin together in one list. */
export function* together(faults: Iterable<Fault>): Generator<readonly Fault[]> {
  let list: Fault[] = [];
  for (const fault of faults) {
    if (list.some((other) => brokenBy(other) === brokenBy(fault))) {
      yield list;
      list = [];
    }
    list.push(fault);
    if (fault.together) continue;
    yield list;
    list = [];
  }
}

/** What a fault breaks: two of the same would undo each other. */
function brokenBy({ what }: Fault): string {
  return what.line ? what.leg : (what.process.split(' ')[0] ?? '');
}
