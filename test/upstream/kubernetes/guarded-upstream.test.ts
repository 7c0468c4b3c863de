import { describe, expect, it } from 'vitest';
import type { ContainerLook } from '../../../src/upstream/kubernetes/container-look.ts';
import { GuardedUpstream } from '../../../src/upstream/kubernetes/guarded-upstream.ts';
import { UpstreamRefusal } from '../../../src/upstream/upstream.ts';
import { ManualClock } from '../clocks.ts';
import { Recorder } from '../recorder.ts';

const runs = (id: number): ContainerLook => ({
  current: { id, running: true, exitCode: undefined },
  previous: undefined,
  restarts: true,
  podOver: false,
});

function refused(reason: string): UpstreamRefusal {
  return new UpstreamRefusal({ kind: 'refused', reason, message: '.' }, false);
}

function scene() {
  const clock = new ManualClock();
  const events = new Recorder();
  const state = { look: runs(7) as ContainerLook | UpstreamRefusal, asked: 0, closed: false };
  const guarded = new GuardedUpstream(
    events,
    async () => {
      state.asked++;
      if (state.look instanceof UpstreamRefusal) throw state.look;
      return state.look;
    },
    clock,
  );
  const nothing = () => {};
  const close = () => {
    state.closed = true;
  };
  guarded.guard({ write: () => true, unsentBytes: 0, resize: nothing, endInput: () => false, pause: nothing, resume: nothing, close });
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= 5_000) {
      clock.advance(Math.min(left, 5_000));
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { clock, events, state, guarded, pass };
}

describe('an exec whose pod is deleted while the stream stays open and silent', () => {
  it('[UP4] is told so within two minutes', async () => {
    const { clock, events, state, pass } = scene();
    await pass(60_000);
    state.look = refused('pod-not-found');
    await pass(65_000);
    expect(events.end).toMatchObject({ kind: 'broken', reason: 'pod-gone' });
    expect([state.closed, clock.pending]).toEqual([true, 0]);
  });

  it('[UP4] is told so sooner when nothing answers to what was typed', async () => {
    const { events, state, guarded, pass } = scene();
    await pass(40_000);
    state.look = refused('pod-not-found');
    guarded.write(new Uint8Array(1));
    await pass(15_000);
    expect(events.end).toMatchObject({ reason: 'pod-gone' });
  });

  it('[UP4] and so is one whose container was started again', async () => {
    const { events, state, pass } = scene();
    await pass(125_000);
    expect([state.asked, events.end]).toEqual([1, undefined]);
    state.look = runs(8);
    await pass(125_000);
    expect(events.end).toMatchObject({ kind: 'broken', reason: 'container-ended' });
  });

  it('[UP4] nobody is asked while something comes, while nothing can come, after the end, or without the right', async () => {
    const { events, state, guarded, pass } = scene();
    for (let minute = 0; minute < 10; minute++) {
      guarded.output(new Uint8Array(1), 'stdout');
      await pass(60_000);
    }
    guarded.pause();
    await pass(600_000);
    expect(state.asked).toBe(0);
    guarded.resume();
    state.look = refused('forbidden');
    await pass(600_000);
    expect(state.asked).toBe(1);
    guarded.ended({ kind: 'exited', code: 0, message: '.' });
    await pass(600_000);
    expect([state.asked, events.end?.kind]).toEqual([1, 'exited']);
  });

  it('[UP4] a cluster that does not answer says nothing about the pod', async () => {
    const { events, state, pass } = scene();
    state.look = refused('cluster-unreachable');
    await pass(600_000);
    expect([state.asked, events.end]).toEqual([5, undefined]);
  });
});
