import type { ProfileName } from '../profile.ts';

/** A profile of whole relays, or one log alone. */
export type SeedProfile = ProfileName | 'log';

/** One realistic bug: a patch of one hunk to one production file. A hunk that does not match exactly once is an error, not a pass. */
export interface Mutant {
  /** Names it for ever: in the record, on the command line. */
  readonly id: string;
  /** Rules of SPEC.md that it breaks, and what that means. */
  readonly breaks: string;
  /** Under `src/`. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** Where it is looked for; with `--everywhere` in all others too. */
  readonly profile: SeedProfile;
  /** Nobody can tell it from the production code: why. It does not count, and is hunted with `--open` all the same. */
  readonly equivalent?: string;
  /** No seed has found it so far, and what is known of why: it is hunted with `--open` and does not count. */
  readonly open?: string;
  /** Counts, and the simulation cannot see it: why, and the test that does. */
  readonly survives?: { readonly why: string; readonly killedBy: string };
}
