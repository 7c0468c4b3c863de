import { describe, expect, it } from 'vitest';
import { Chaos } from './chaos.ts';

/** With it every kind of fault of a process comes in three minutes, and a worker is taken for dead. */
const seed = 249;
const minutes = 3;

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
