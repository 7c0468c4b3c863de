import type { Echoer } from './echoer.ts';

/** One way to the echo upstream. */
export interface Contender {
  readonly name: string;
  /** Processes whose CPU counts: without load generator and upstream. */
  readonly pids: readonly number[];
  open(command: 'echo' | 'flood'): Echoer;
}
