import { describe, expect, it } from 'vitest';
import { decodeEntry, isFence } from '../../src/protocol/entry.ts';
import pins from './pinned.json' with { type: 'json' };
import { nothingPlanted, type Planted } from './planted.ts';
import { type ProfileName, profileNames } from './profile.ts';
import { runSeed } from './run-seed.ts';
import { SceneSum } from './scene-sum.ts';
import { sceneNames } from './scenes.ts';

/** Seeds of each profile in every test run, about two minutes of one quiet core; `npm run simulate` runs as many as one likes. */
const seedsOfProfile: Record<ProfileName, number> = {
  calm: 40,
  edges: 200,
  broker: 200,
  failover: 450,
  workers: 200,
  flow: 100,
  all: 450,
  control: 120,
  pages: 100,
  drains: 120,
  pipes: 150,
  primaries: 150,
  replica: 100,
  emptied: 60,
  leases: 60,
  outages: 30,
  floods: 15,
  pastes: 30,
  people: 60,
  idle: 20,
  damage: 20,
  slow: 20,
  logs: 100,
};

const minutes = 60_000;

/** Of the fixed seeds. */
const scenes = new SceneSum();

describe('whole relays on a virtual clock: every byte once and in order, or declared', () => {
  it.each(pins.pinned)('stays right where it once was not: $profile $seed, $found', async ({ seed, profile }) => {
    const { failure } = await runSeed(seed, { profile: profileOf(profile) });
    expect(failure).toBeUndefined();
  });

  it.each(profileNames)('holds in the fixed seeds of profile %s', { timeout: 10 * minutes }, async (profile) => {
    const failures: string[] = [];
    for (let seed = 1; seed <= seedsOfProfile[profile]; seed++) {
      const { failure, seen } = await runSeed(seed, { profile });
      scenes.add(seen);
      if (failure !== undefined) failures.push(`npm run simulate -- --seed ${seed} --profile ${profile}: ${failure}`);
    }
    expect(failures).toEqual([]);
  });

  it.each(sceneNames)('has come to this: %s', (name) => {
    expect(scenes.of(name)).toBeGreaterThan(0);
  });

  it('takes the same course from the same seed', async () => {
    for (const profile of profileNames) {
      const [first, other, again] = [await runSeed(11, { profile }), await runSeed(12, { profile }), await runSeed(11, { profile })];
      expect(again).toEqual(first);
      expect(other.hash).not.toBe(first.hash);
    }
  });
});

describe('an error that is planted is found', () => {
  it.each<[string, ProfileName, Partial<Planted>]>([
    ['the upstream’s bytes are repeated', 'calm', { output: once((bytes) => Uint8Array.of(bytes[0] ?? 0, ...bytes)) }],
    ['the upstream’s bytes are swapped', 'calm', { output: once((bytes) => bytes.toReversed()) }],
    ['a byte of an append is changed', 'calm', { append: (_log, frame) => changed(frame) }],
    ['a byte of typed input is changed', 'calm', { append: (log, frame) => (log.log === 'in' ? changed(frame) : frame) }],
    ['a pushed frame is not what was stored', 'calm', { push: (log, frame) => (log.log === 'out' ? changed(frame) : frame) }],
    ['pushes are lost although the subscription lives', 'calm', { push: (log, frame) => (log.log === 'in' ? undefined : frame) }],
  ])('%s', async (_name, profile, planted) => {
    expect(await firstFailure(profile, { ...nothingPlanted, ...planted })).toBeDefined();
  });
});

async function firstFailure(profile: ProfileName, planted: Planted): Promise<string | undefined> {
  for (let seed = 1; seed <= 40; seed++) {
    const { failure } = await runSeed(seed, { profile, planted });
    if (failure !== undefined) return failure;
  }
  return undefined;
}

function profileOf(name: string): ProfileName {
  const profile = profileNames.find((each) => each === name);
  if (!profile) throw new Error(`no profile ${name}`);
  return profile;
}

/** Of the pieces long enough to show it, the third. */
function once(change: (bytes: Uint8Array) => Uint8Array): (bytes: Uint8Array) => Uint8Array {
  let seen = 0;
  return (bytes) => (bytes.length > 3 && ++seen === 3 ? change(bytes) : bytes);
}

/** The last byte of an entry's content, if it has any. */
function changed(frame: Uint8Array): Uint8Array {
  const entry = decodeEntry(frame);
  if (!entry || isFence(entry) || frame.length < 48) return frame;
  const copy = frame.slice();
  copy[copy.length - 1] = (copy.at(-1) ?? 0) ^ 1;
  return copy;
}
