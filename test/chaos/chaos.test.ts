import { describe, expect, it } from 'vitest';
import { Chaos } from './chaos.ts';

/** With it the first minute and a half has a worker that is taken for dead, Redis killed and frozen, edges killed, drained and frozen. */
const seed = 131;
const minutes = 1.5;

describe('two edges, three workers, redis-server and Kubernetes’ own server code, with a bad line on every leg', () => {
  it('[LG7] every byte comes once and in order in both directions, or is declared, whatever is killed, frozen or cut', async () => {
    const result = await Chaos.run({ seed, minutes });
    console.log(result.table);
    expect(result.undeclared).toEqual([]);
    expect(result.plantedErrorsFound).toBe(result.plantedErrors);
    expect(result.faults).toBeGreaterThan(5);
    expect(Math.min(result.outputBytes, result.inputBytes)).toBeGreaterThan(100_000);
  }, 600_000);
});
