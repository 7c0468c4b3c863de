import { inputUntypedBytes, maxEntryPayloadBytes, outputLogBytes, writerRingBytes } from '../../src/protocol/limits.ts';
import { inputTrimBytes } from '../../src/worker/constants.ts';
import { heal, strike } from './faults.ts';
import { handOver } from './hand-over.ts';
import type { Planted } from './planted.ts';
import { drawProfile, type ProfileName } from './profile.ts';
import type { Seen } from './scenes.ts';
import { SeededRandom } from './seeded-random.ts';
import { unfinished, unsettled } from './settled.ts';
import { Trace } from './trace.ts';
import { World } from './world.ts';

/** Time in which everything must be delivered, typed or declared once nothing goes wrong any more: a lost worker takes the longest. */
const settleMs = 200_000;
const finishMs = 60_000;

/** In which a worker finds by itself that the keys of an idle session are gone: its sweep comes every minute (LG5). */
const sweptMs = 65_000;

/** A run takes thousands of events, a long one a few hundred thousand. */
const mostEvents = 2_000_000;

/** The writer's bound, and what a trim that was lost with its connection leaves for the next one. */
const mostOutputLogBytes = outputLogBytes * 1.5;
/** Of all streams together: what may be un-typed and a piece, and two steps of a worker's trims, of which one may get lost. */
const mostInputLogBytes = inputUntypedBytes + maxEntryPayloadBytes + 2 * inputTrimBytes;

export interface RunOptions {
  readonly profile?: ProfileName;
  readonly planted?: Planted;
  readonly print?: (line: string) => void;
}

export interface RunResult {
  readonly seed: number;
  readonly profile: ProfileName;
  readonly hash: string;
  readonly events: number;
  readonly virtualMs: number;
  readonly failure: string | undefined;
  readonly seen: Seen;
}

/** One run: faults, then healing, then everything must be delivered, typed or declared, then every session ends. */
export async function runSeed(seed: number, options: RunOptions = {}): Promise<RunResult> {
  const random = new SeededRandom(seed);
  const profile = drawProfile(random, options.profile);
  const trace = new Trace(options.print);
  options.print?.(JSON.stringify(profile));
  const world = new World(random, profile, trace, options.planted);
  const { truth, scheduler } = world;
  const unhandled = (error: unknown) => truth.fail(`unhandled: ${error instanceof Error ? error.stack : String(error)}`);
  // Of listeners that nobody removes.
  const warned = (warning: Error) => truth.fail(`warning: ${warning.message}`);
  process.on('unhandledRejection', unhandled);
  process.on('warning', warned);
  try {
    await phases(world);
  } catch (error) {
    unhandled(error);
  } finally {
    process.off('unhandledRejection', unhandled);
    process.off('warning', warned);
  }
  const { violation } = truth;
  if (violation) world.note(`violation: ${violation}`);
  const { done: events, nowMs: virtualMs } = scheduler;
  return { seed, profile: profile.name, hash: trace.hash, events, virtualMs, failure: violation, seen: world.seen };
}

async function phases(world: World): Promise<void> {
  const { random, profile, scheduler, truth } = world;
  const stop = () => {
    if (scheduler.done > mostEvents) truth.fail(`more than ${mostEvents} events: something goes round in circles`);
    return truth.violation !== undefined;
  };
  joinLater(world);
  watchBounds(world);
  if (profile.faultEveryMs > 0) faultLater(world);
  await scheduler.run(profile.faultsForMs, stop);
  heal(world);
  await scheduler.run(scheduler.nowMs + random.between(500, 3_000), stop);
  world.quiet = true;
  await until(world, settleMs, stop, () => unsettled(world));
  if (truth.violation) return;
  world.note('settled');
  if (profile.handOver) await handOver(world, (boundMs, missing) => until(world, boundMs, stop, missing));
  goOn(world);
  await until(world, settleMs, stop, () => unsettled(world));
  if (truth.violation) return;
  world.note('settled again');
  if (profile.expiresAtLast) {
    world.broker.expire();
    await until(world, sweptMs, stop, () => world.broker.missing());
    if (truth.violation) return;
  }
  for (const upstream of [...world.upstreams]) if (upstream.alive) upstream.exit(random.whole(0, 255));
  await until(world, finishMs, stop, () => unfinished(world));
}

/** What has settled is still of use: every process writes a second's worth of output, at most twice what its driver lets it, every driver types. */
function goOn({ upstreams, pages, profile }: World): void {
  for (const upstream of upstreams) if (upstream.alive) upstream.say(Math.ceil(Math.min(profile.outputRate, 1_000_000)));
  for (const page of pages) if (!page.over && page.client.state.driving) page.type(Math.ceil(profile.typingBytes));
}

/** Waits until nothing is missing any more; what is missing after the bound is the failure. */
async function until(world: World, boundMs: number, stop: () => boolean, missing: () => string | undefined): Promise<void> {
  const { scheduler, truth } = world;
  const endMs = scheduler.nowMs + boundMs;
  for (;;) {
    await scheduler.run(scheduler.nowMs + 250, stop);
    if (truth.violation) return;
    const what = missing();
    if (what === undefined) return;
    if (scheduler.nowMs >= endMs) return truth.fail(`after ${boundMs / 1000} s: ${what}`);
  }
}

function joinLater(world: World): void {
  const { random, profile, scheduler } = world;
  for (let i = 0; i < profile.watchers; i++) {
    scheduler.after(random.between(1_000, profile.faultsForMs), () => random.pick(world.sessions)?.join());
  }
}

function faultLater(world: World): void {
  const { random, profile, scheduler } = world;
  scheduler.after(random.exponential(profile.faultEveryMs), () => {
    if (!world.faulty) return;
    const fault = random.pick(profile.faults);
    if (fault) strike(world, fault);
    faultLater(world);
  });
}

function watchBounds(world: World): void {
  world.scheduler.after(200, () => {
    for (const { session } of world.truth.all) {
      const output = world.broker.logBytes(session, 'out');
      const input = world.broker.logBytes(session, 'in');
      if (output > mostOutputLogBytes) world.truth.fail(`the output log holds ${output} bytes (LG9)`);
      if (input > mostInputLogBytes) world.truth.fail(`the input log holds ${input} bytes (LG9)`);
    }
    watchRings(world);
    watchBounds(world);
  });
}

function watchRings(world: World): void {
  if (!world.profile.replica) return;
  for (const { pool } of world.workers) {
    const ring = pool.gauges().find(({ name }) => name === 'poseidon_worker_ring_bytes');
    if ((ring?.value ?? 0) >= writerRingBytes) world.saw('a writer waits for its replica with a full ring');
  }
}
