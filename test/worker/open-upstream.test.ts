import { describe, expect, it } from 'vitest';
import type { SessionRecord } from '../../src/session/session-record.ts';
import { UpstreamRefusal } from '../../src/upstream/upstream.ts';
import { openUpstream } from '../../src/worker/open-upstream.ts';
import type { PumpTools } from '../../src/worker/pump-tools.ts';
import { ManualClock } from '../upstream/clocks.ts';
import { Recorder } from '../upstream/recorder.ts';

const size = { cols: 80, rows: 24 };
const busy = (retryAfterMs?: number) => new UpstreamRefusal({ kind: 'refused', reason: 'busy', message: 'Busy.' }, true, retryAfterMs);

function refusing(refusal: UpstreamRefusal) {
  const clock = new ManualClock();
  let tries = 0;
  const open = async () => {
    tries += 1;
    throw refusal;
  };
  const tools = { opener: { open }, unseal: () => undefined, random: { fraction: () => 1 }, clock, log: () => {} };
  // What is used of both; the rest has no part in it.
  const opening = openUpstream({ id: 's' } as SessionRecord, undefined, () => size, new Recorder(), tools as unknown as PumpTools, never);
  const pass = async (ms: number) => {
    clock.advance(ms);
    await new Promise((resolve) => setImmediate(resolve));
    return tries;
  };
  return { opening, pass, clock };
}

const never = new AbortController().signal;

describe('a refusal that may pass', () => {
  it('[UP3] is tried again when the upstream said, three times in all', async () => {
    const { opening, pass } = refusing(busy(7_000));
    expect([await pass(0), await pass(6_999), await pass(1), await pass(6_999), await pass(1)]).toEqual([1, 1, 2, 2, 3]);
    expect(await opening).toMatchObject({ refused: { reason: 'busy' } });
  });

  it('[UP3] is tried again after a moment when it said nothing, and within 30 seconds whatever it said', async () => {
    const soon = refusing(busy());
    expect([await soon.pass(0), await soon.pass(499), await soon.pass(1), await soon.pass(999), await soon.pass(1)]).toEqual([
      1, 1, 2, 2, 3,
    ]);
    await soon.opening;
    const late = refusing(busy(86_400_000));
    expect([await late.pass(0), await late.pass(29_999), await late.pass(1), await late.pass(30_000)]).toEqual([1, 1, 2, 3]);
    await late.opening;
    expect(late.clock.pending).toBe(0);
  });

  it('[UP3] is final at once when it cannot pass', async () => {
    const { opening, pass } = refusing(new UpstreamRefusal({ kind: 'refused', reason: 'forbidden', message: 'No.' }, false));
    expect(await pass(0)).toBe(1);
    expect(await opening).toMatchObject({ refused: { reason: 'forbidden' } });
  });
});
