import { describe, expect, it } from 'vitest';
import type { Driver } from '../../src/protocol/fence-entry.ts';
import type { ClientStream } from '../../src/protocol/ids.ts';
import { CreditGate } from '../../src/session/credit-gate.ts';

const KiB = 1024;
const outputFence = 100;
const inputFence = 7;

function driver(credit: Partial<Driver['credit']> = {}): Driver {
  const stream = 'a'.repeat(32) as ClientStream;
  return { stream, connection: 1, next: 0, cols: 80, rows: 24, credit: { outputFence, offset: 0, windowBytes: 64 * KiB, ...credit } };
}

function driven(base = 0): CreditGate {
  const gate = new CreditGate({ outputFence, offset: base }, 'run');
  gate.adopt(inputFence, driver({ offset: base }), base);
  return gate;
}

describe('how far a worker may write', () => {
  it('[FC2] is two windows of the driver beyond what it parsed', () => {
    const gate = driven();
    expect(gate.room(0)).toBe(128 * KiB);
    expect(gate.room(100 * KiB)).toBe(28 * KiB);
    expect(gate.room(128 * KiB)).toBe(0);
    expect(gate.room(200 * KiB)).toBe(0);
  });

  it('[FC2] is never more than half the log, so that trimming cannot overtake an attached driver', () => {
    const gate = new CreditGate({ outputFence, offset: 0 }, 'run');
    gate.adopt(inputFence, driver({ windowBytes: 0xffffffff }), 0);
    expect(gate.room(0)).toBe(512 * KiB);
  });

  it('[FC1] never less than two smallest windows, whatever the client claims', () => {
    const gate = new CreditGate({ outputFence, offset: 0 }, 'run');
    gate.adopt(inputFence, driver({ windowBytes: 0 }), 0);
    expect(gate.room(0)).toBe(32 * KiB);
  });

  it('[LS4] starts at the base of this worker, until the first driver says more', () => {
    const gate = new CreditGate({ outputFence, offset: 1000 }, 'pause');
    gate.adopt(inputFence, driver({ outputFence: outputFence + 1, offset: 999_999 }), 1000);
    expect(gate.room(1000)).toBe(128 * KiB);
  });
});

describe('what counts as credit', () => {
  it('[FC2] a statement for the current driver and the current worker', () => {
    const gate = driven();
    expect(gate.credit({ input: inputFence, output: outputFence }, 10 * KiB, 64 * KiB, 100 * KiB)).toBe(true);
    expect(gate.room(100 * KiB)).toBe(38 * KiB);
  });

  it.each([
    ['an earlier driver', { input: inputFence - 1, output: outputFence }],
    ['a driver not delivered yet', { input: inputFence + 1, output: outputFence }],
    ['a later worker', { input: inputFence, output: outputFence + 1 }],
  ])('[FC2] not one of %s', (_who, fences) => {
    const gate = driven();
    expect(gate.credit(fences, 50 * KiB, 64 * KiB, 100 * KiB)).toBe(false);
    expect(gate.room(100 * KiB)).toBe(28 * KiB);
  });

  it('[LS2] of an earlier worker’s output, up to where this one began', () => {
    const base = { outputFence, offset: 60 * KiB };
    const gate = new CreditGate(base, 'pause');
    gate.adopt(inputFence, driver({ outputFence: outputFence - 1, offset: 10 * KiB }), 60 * KiB);
    expect(gate.room(100 * KiB)).toBe(38 * KiB);
    expect(gate.credit({ input: inputFence, output: outputFence - 1 }, 90 * KiB, 64 * KiB, 100 * KiB)).toBe(true);
    expect(gate.room(100 * KiB)).toBe(88 * KiB);
  });

  it('[LG11] after a restore one of the fence before counts: its client has parsed everything and has nothing new to acknowledge', () => {
    const gate = driven();
    gate.refenced(outputFence + 10);
    expect(gate.credit({ input: inputFence, output: outputFence }, 100 * KiB, 64 * KiB, 100 * KiB)).toBe(true);
    expect(gate.room(100 * KiB)).toBe(128 * KiB);
    expect(gate.credit({ input: inputFence, output: outputFence + 11 }, 0, 64 * KiB, 100 * KiB)).toBe(false);
  });

  it('[FC2] the highest is kept: a late smaller one takes nothing back', () => {
    const gate = driven();
    const fences = { input: inputFence, output: outputFence };
    gate.credit(fences, 90 * KiB, 64 * KiB, 100 * KiB);
    gate.credit(fences, 20 * KiB, 64 * KiB, 100 * KiB);
    expect(gate.room(100 * KiB)).toBe(118 * KiB);
  });

  it('[FC2] what was not written yet cannot have been parsed: credit ends at the head', () => {
    const gate = driven();
    gate.credit({ input: inputFence, output: outputFence }, 10_000 * KiB, 64 * KiB, 100 * KiB);
    expect(gate.room(100 * KiB)).toBe(128 * KiB);
    expect(gate.room(200 * KiB)).toBe(28 * KiB);
  });

  it('[FC2] a new driver brings its own first credit, also one that is further behind', () => {
    const gate = driven();
    gate.credit({ input: inputFence, output: outputFence }, 100 * KiB, 64 * KiB, 100 * KiB);
    gate.adopt(inputFence + 1, driver({ offset: 30 * KiB }), 100 * KiB);
    expect(gate.inputFence).toBe(inputFence + 1);
    expect(gate.room(100 * KiB)).toBe(58 * KiB);
  });

  it('[FC1] each statement brings the window measured then', () => {
    const gate = driven();
    gate.credit({ input: inputFence, output: outputFence }, 0, 16 * KiB, 0);
    expect(gate.room(0)).toBe(32 * KiB);
  });
});

describe('when nobody drives', () => {
  it('[FC3] a session that runs on may write everything', () => {
    const gate = driven();
    expect(gate.gone(inputFence)).toBe(true);
    expect(gate.driven).toBe(false);
    expect(gate.room(10_000 * KiB)).toBe(Number.POSITIVE_INFINITY);
  });

  it('[FC3] one that pauses writes up to the credit it had', () => {
    const gate = new CreditGate({ outputFence, offset: 0 }, 'pause');
    gate.adopt(inputFence, driver(), 0);
    gate.gone(inputFence);
    expect(gate.room(128 * KiB)).toBe(0);
  });

  it('[FC2] the leaving of an earlier driver changes nothing', () => {
    const gate = driven();
    gate.adopt(inputFence + 1, driver(), 0);
    expect(gate.gone(inputFence)).toBe(false);
    expect(gate.driven).toBe(true);
  });

  it('[FC3] after the grace time what is left is written, whoever reads', () => {
    const gate = new CreditGate({ outputFence, offset: 0 }, 'pause');
    gate.letGo();
    expect(gate.room(10_000 * KiB)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('a gap that the driver asked for', () => {
  it('[FC9] leaves half a window behind it, so that the prompt does not wait for the driver to come there', () => {
    const gate = driven();
    expect(gate.room(128 * KiB)).toBe(0);
    gate.jumped(5_000 * KiB);
    expect(gate.room(5_000 * KiB)).toBe(64 * KiB);
  });

  it('[FC9] takes no credit away', () => {
    const gate = driven();
    gate.credit({ input: inputFence, output: outputFence }, 1_000, 64 * KiB, 1_000);
    gate.jumped(1_000);
    expect(gate.room(1_000)).toBe(128 * KiB);
  });
});
