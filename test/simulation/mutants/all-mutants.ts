import { brokerMutants } from './broker-mutants.ts';
import { inputMutants } from './input-mutants.ts';
import { logMutants } from './log-mutants.ts';
import type { Mutant } from './mutant.ts';
import { outputMutants } from './output-mutants.ts';
import { ownershipMutants } from './ownership-mutants.ts';

const planted: readonly Mutant[] = [...logMutants, ...brokerMutants, ...inputMutants, ...outputMutants, ...ownershipMutants];

/** Those that count. */
export const allMutants: readonly Mutant[] = planted.filter(({ open, equivalent }) => open === undefined && equivalent === undefined);

/** Those that no seed has found so far, or can find. */
export const openMutants: readonly Mutant[] = planted.filter((mutant) => !allMutants.includes(mutant));

/** Of all mutants the simulation finds at least so many. */
export const killedShare = 0.95;

export const quarters = 4;

/** Every fourth of the list, so that each quarter has some of every part. */
export function quarterOf(quarter: number): readonly Mutant[] {
  return allMutants.filter((_, index) => index % quarters === quarter);
}
