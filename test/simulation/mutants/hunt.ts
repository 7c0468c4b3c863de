import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Mutant, SeedProfile } from './mutant.ts';
import { bundle } from './plant.ts';
import { runBundle } from './run-bundle.ts';
import type { SeedRange } from './seed-process.ts';

/** The seed by which a mutant was found, and what was wrong then. */
export interface Kill {
  readonly id: string;
  readonly profile: SeedProfile;
  readonly seed: number;
  readonly failure: string;
}

export type Hunted =
  | { readonly id: string; readonly kill: Kill; readonly recorded: boolean }
  | { readonly id: string; readonly kill: undefined };

/** Runs mutants, each in a bundle of its own: its recorded seed first, then others until one fails. */
export class Hunt implements AsyncDisposable {
  readonly #folder: string;
  readonly #record: ReadonlyMap<string, Kill>;
  /** Seeds of each profile, where the recorded one does not find the mutant any more. */
  readonly #seeds: number;
  readonly #others: readonly SeedProfile[];

  private constructor(folder: string, record: readonly Kill[], seeds: number, others: readonly SeedProfile[]) {
    this.#folder = folder;
    this.#record = new Map(record.map((kill) => [kill.id, kill]));
    this.#seeds = seeds;
    this.#others = others;
  }

  /** @param others profiles that are searched after the mutant's own */
  static async begin(record: readonly Kill[], seeds: number, others: readonly SeedProfile[] = []): Promise<Hunt> {
    return new Hunt(await mkdtemp(join(tmpdir(), 'poseidon-mutants-')), record, seeds, others);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  async find(mutant: Mutant): Promise<Hunted> {
    const { id } = mutant;
    const file = join(this.#folder, `${id}.mjs`);
    await bundle(file, mutant);
    const known = this.#record.get(id);
    if (known) {
      const { failed } = await runBundle(file, [{ profile: known.profile, from: known.seed, count: 1 }]);
      if (failed) return { id, kill: { id, ...failed }, recorded: true };
    }
    const { failed } = await runBundle(file, this.#search(mutant.profile));
    return failed ? { id, kill: { id, ...failed }, recorded: false } : { id, kill: undefined };
  }

  /** Without a bug these seeds have to pass, or their failures prove nothing. @returns the first that does not */
  async innocent(kills: readonly Kill[]): Promise<Kill | undefined> {
    const file = join(this.#folder, 'without-a-bug.mjs');
    await bundle(file);
    const { failed } = await runBundle(
      file,
      kills.map(({ profile, seed }) => ({ profile, from: seed, count: 1 })),
    );
    return failed && { id: 'none', ...failed };
  }

  #search(first: SeedProfile): readonly SeedRange[] {
    const all = { from: 1, count: this.#seeds };
    return [first, ...this.#others.filter((profile) => profile !== first)].map((profile) => ({ profile, ...all }));
  }
}
