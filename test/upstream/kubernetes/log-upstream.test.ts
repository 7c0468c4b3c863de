import { describe, expect, it } from 'vitest';
import type { EndReason } from '../../../src/protocol/end-reason.ts';
import type { LogTarget } from '../../../src/protocol/target.ts';
import type { ContainerLook } from '../../../src/upstream/kubernetes/container-look.ts';
import { LogUpstream } from '../../../src/upstream/kubernetes/log-upstream.ts';
import { type UpstreamEvents, UpstreamRefusal } from '../../../src/upstream/upstream.ts';
import { ManualClock } from '../clocks.ts';
import { Recorder } from '../recorder.ts';

const completed: EndReason = { kind: 'completed', message: 'The log came to its end.' };
const broken: EndReason = { kind: 'broken', reason: 'close-1006', message: 'The connection to the log broke.' };
const target: LogTarget = { kind: 'log', cluster: 'c', namespace: 'n', pod: 'p', container: 'c', follow: true, previous: false };

const runs = (id: number): ContainerLook => ({
  current: { id, running: true, exitCode: undefined },
  previous: undefined,
  restarts: true,
  podOver: false,
});
const ended = (id: number, exitCode: number, restarts: boolean): ContainerLook => ({
  current: { id, running: false, exitCode },
  previous: undefined,
  restarts,
  podOver: false,
});

function refused(reason: string, retryable: boolean): UpstreamRefusal {
  return new UpstreamRefusal({ kind: 'refused', reason, message: `It is ${reason}.` }, retryable);
}

/** A log whose streams and whose pod a test has in its hand. */
class Scene {
  readonly clock = new ManualClock();
  readonly events = new Recorder();
  readonly streams: Array<{ readonly target: LogTarget; readonly events: UpstreamEvents; closed: boolean }> = [];
  look: ContainerLook | UpstreamRefusal = runs(7);
  refusal: UpstreamRefusal | undefined;

  async open(rest: Partial<LogTarget> = {}): Promise<this> {
    await LogUpstream.open(
      {
        target: { ...target, ...rest },
        goOn: undefined,
        events: this.events,
        clock: this.clock,
        random: { fraction: () => 1, bytes: (count) => new Uint8Array(count) },
        open: async (asked, events) => {
          if (this.refusal) throw this.refusal;
          const stream = { target: asked, events, closed: false };
          this.streams.push(stream);
          const close = () => {
            stream.closed = true;
          };
          const nothing = () => {};
          return { write: () => true, unsentBytes: 0, resize: nothing, endInput: () => false, pause: nothing, resume: nothing, close };
        },
        look: async () => {
          if (this.look instanceof UpstreamRefusal) throw this.look;
          return this.look;
        },
      },
      new AbortController().signal,
    );
    await settled();
    return this;
  }

  /** Lines of the newest stream, the number of each its time. */
  say(...numbers: readonly number[]): void {
    const lines = numbers.map((number) => `2023-11-14T22:13:20.${String(number).padStart(9, '0')}Z line ${number}\n`);
    this.streams.at(-1)?.events.output(Buffer.from(lines.join('')), 'stdout');
  }

  async end(reason: EndReason): Promise<void> {
    this.streams.at(-1)?.events.ended(reason);
    await settled();
  }

  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 500) {
      this.clock.advance(Math.min(left, 500));
      await settled();
    }
  }
}

/** Promises and turns that are due have had theirs. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe('a followed log', () => {
  it('[UP6] takes the end of a stream for a break while its container runs, and leaves out what it has given out', async () => {
    const scene = await new Scene().open();
    scene.say(1, 2);
    await scene.end(completed);
    scene.say(1, 2, 3);
    expect(scene.events.text()).toBe('line 1\nline 2\nline 3\n');
    expect([scene.streams.length, scene.events.end]).toEqual([2, undefined]);
  });

  it('[UP6] opens a stream anew, once, that has said something and is quiet', async () => {
    const scene = await new Scene().open();
    await scene.pass(300_000);
    expect(scene.streams.length).toBe(1);
    scene.say(1);
    await scene.pass(61_000);
    expect([scene.streams.length, scene.streams[0]?.closed]).toEqual([2, true]);
    scene.say(1);
    await scene.pass(300_000);
    expect([scene.streams.length, scene.events.text(), scene.events.remarks]).toEqual([2, 'line 1\n', []]);
  });

  it('[UP6] reads what is left when its container has ended, by a plain stream', async () => {
    const scene = await new Scene().open();
    scene.say(1);
    scene.look = ended(7, 3, false);
    await scene.end(completed);
    expect(scene.streams[1]?.target).toMatchObject({ follow: false, previous: false });
    scene.say(1, 2);
    await scene.end(completed);
    expect(scene.events.text()).toBe('line 1\nline 2\n');
    expect(scene.events.end).toMatchObject({ kind: 'completed', message: 'The container has ended with exit code 3.' });
  });

  it('[UP6] waits for a container that will be started again, and says so once', async () => {
    const scene = await new Scene().open();
    scene.say(1);
    scene.look = ended(7, 1, true);
    await scene.end(completed);
    await scene.end(completed);
    await scene.pass(60_000);
    expect(scene.events.remarks).toEqual([expect.stringContaining('goes on when it is started again')]);
    scene.look = runs(8);
    await scene.pass(20_000);
    expect(scene.streams.at(-1)?.target).toEqual({ ...target, timestamps: true });
    scene.say(5);
    expect([scene.events.text(), scene.events.remarks.at(-1)]).toEqual(['line 1\nline 5\n', 'The container was started again.']);
  });

  it('[UP6] that may not look at its pod is read to its end, and believed', async () => {
    const scene = new Scene();
    scene.look = refused('forbidden', false);
    await scene.open();
    scene.say(1);
    await scene.end(broken);
    expect(scene.streams[1]?.target.follow).toBe(true);
    scene.say(1, 2);
    await scene.end(completed);
    scene.say(1, 2, 3);
    await scene.end(completed);
    expect([scene.events.text(), scene.events.end]).toEqual(['line 1\nline 2\nline 3\n', completed]);
  });

  it('[UP6] is tried for ten minutes, and says after ten seconds that it cannot be reached', async () => {
    const scene = await new Scene().open();
    scene.say(1);
    scene.refusal = refused('cluster-unreachable', true);
    await scene.end(broken);
    await scene.pass(9_000);
    expect(scene.events.remarks).toEqual([]);
    await scene.pass(60_000);
    expect(scene.events.remarks).toEqual([expect.stringContaining('cannot be reached')]);
    await scene.pass(500_000);
    expect(scene.events.end).toBeUndefined();
    await scene.pass(60_000);
    expect(scene.events.end).toMatchObject({ kind: 'broken', reason: 'cluster-unreachable' });
    expect(scene.clock.pending).toBe(0);
  });

  it('[UP6] is not opened anew in circles when each stream ends at once', async () => {
    const scene = await new Scene().open();
    for (let round = 0; round < 20; round++) {
      await scene.end(broken);
      await scene.pass(1_000);
    }
    expect(scene.streams.length).toBeLessThan(10);
  });

  it('[UP6] ends with the run of its container for a client that knows no other way', async () => {
    const scene = await new Scene().open({ once: true });
    scene.say(1);
    scene.look = { ...runs(8), previous: { id: 7, running: false, exitCode: 0 } };
    await scene.end(completed);
    expect(scene.streams[1]?.target).toMatchObject({ follow: false, previous: true });
    scene.say(1, 2);
    await scene.end(completed);
    expect([scene.events.text(), scene.events.end?.kind]).toEqual(['line 1\nline 2\n', 'completed']);
  });
});
