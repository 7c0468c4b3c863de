import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemClock, systemRandom } from '../../src/bin/system.ts';
import type { CursorSpan } from '../../src/protocol/log-cursor.ts';
import type { LogTarget } from '../../src/protocol/target.ts';
import { Clusters } from '../../src/upstream/kubernetes/clusters.ts';
import { KubernetesOpener } from '../../src/upstream/kubernetes/kubernetes-opener.ts';
import { ServerCluster } from '../../src/upstream/kubernetes/server-cluster.ts';
import type { LogLeft, Upstream } from '../../src/upstream/upstream.ts';
import { canRunKubernetesServer, type KubernetesServer, startKubernetesServer } from '../support/kubernetes-server.ts';
import { NumberedLines } from '../support/numbered-lines.ts';
import { until } from '../support/until.ts';
import { Recorder } from './recorder.ts';

/** Checks the lines while they come, and remembers where the log was left. */
class LogRecorder extends Recorder {
  readonly numbered: NumberedLines;
  left: LogLeft | undefined;

  constructor(numbered = new NumberedLines()) {
    super();
    this.numbered = numbered;
  }

  override output(bytes: Uint8Array, source: 'stdout' | 'stderr', span?: CursorSpan): void {
    super.output(bytes, source);
    this.numbered.add(bytes);
    if (span) this.left = { cursor: span.after, outputBytes: this.bytes };
  }
}

const lineRate = 2000;

describe.skipIf(!canRunKubernetesServer())("logs of Kubernetes' own code, forty lines to a time", () => {
  let server: KubernetesServer;
  const open: Upstream[] = [];
  beforeAll(async () => {
    // The last piece of a log that ends may be missing over WebSocket, as it is upstream.
    server = await startKubernetesServer(['--log-rate', String(lineRate), '--log-stamp', '20ms', '--log-end-pause', '0']);
  }, 300_000);
  afterEach(async () => {
    for (const upstream of open.splice(0)) upstream.close();
    await server.control('reset');
  });
  afterAll(() => server?.close());

  const log = async (rest: Partial<LogTarget>, events = new LogRecorder(), goOn?: LogLeft, token = server.token) => {
    const cluster = new ServerCluster({ server: server.url, id: 'test', token, caFile: server.caFile }, systemClock);
    const opener = new KubernetesOpener({ clusters: new Clusters([cluster]), clock: systemClock, random: systemRandom, version: '0.0.0' });
    const place = { cluster: 'test', namespace: 'default', pod: 'logger', container: 'main' };
    const target: LogTarget = { kind: 'log', ...place, follow: true, previous: false, ...rest };
    const request = { target, size: { cols: 80, rows: 24 }, credential: undefined, sessionId: 's', ...(goOn ? { goOn } : {}) };
    const upstream = await opener.open(request, events, new AbortController().signal);
    open.push(upstream);
    return { upstream, events };
  };
  const more = (events: LogRecorder, lines: number) => {
    const from = events.numbered.lines;
    return until(() => events.numbered.wrong !== undefined || events.end !== undefined || events.numbered.lines > from + lines, {
      what: () => `${lines} more lines: ${JSON.stringify(events.end)} ${events.remarks}`,
    });
  };

  it('[UP6] goes on over connections that break and ends that are none: each line once, no word about it', async () => {
    const { events } = await log({});
    await more(events, 500);
    for (const fault of ['kill-sessions?kind=log', 'cut-logs?pod=logger', 'kill-sessions?kind=log&reset=true', 'cut-logs?pod=logger']) {
      await server.control(fault);
      await more(events, 2 * lineRate);
    }
    expect([events.numbered.wrong, events.end, events.remarks]).toEqual([undefined, undefined, []]);
  });

  it('[UP6] goes on with the next run of a container, after the last line of the one before', async () => {
    const { events } = await log({ tailLines: 10 });
    await more(events, 100);
    for (const restarts of [1, 2]) {
      await server.control('restart-container?pod=logger');
      await until(() => events.numbered.restarts === restarts, { what: () => `restart: ${events.remarks} ${events.numbered.wrong}` });
    }
    await more(events, 100);
    expect(events.numbered.wrong).toBeUndefined();
    expect(events.remarks).toEqual(['The container was started again.', 'The container was started again.']);
  });

  it('[UP6] is whole when its container has ended, and says how that ended', async () => {
    const { events } = await log({ once: true });
    await more(events, 100);
    await server.control('restart-container?pod=logger&stay=true');
    expect(await events.ends()).toMatchObject({ kind: 'completed', message: 'The container has ended with exit code 137.' });
    const whole = await log({ follow: false });
    await whole.events.ends();
    expect(events.numbered.wrong).toBeUndefined();
    expect([events.numbered.lines, events.numbered.unfinished]).toEqual([whole.events.numbered.lines, '']);
  });

  it('[UP6] says when its pod was deleted', async () => {
    const { events } = await log({});
    await more(events, 100);
    await server.control('delete-pod?pod=logger');
    expect(await events.ends()).toMatchObject({ kind: 'completed', reason: 'pod-gone' });
    expect(events.numbered.wrong).toBeUndefined();
  });

  it('[UP6] says where lines may be missing, when the file was rotated while nobody read it', async () => {
    const first = await log({});
    await more(first.events, 100);
    first.upstream.close();
    const later = await log({ tailLines: 1 });
    await more(later.events, 100);
    await server.control('rotate-log?pod=logger');
    first.events.numbered.mayMiss();
    const { events } = await log({}, new LogRecorder(first.events.numbered), first.events.left);
    await more(events, 100);
    expect([events.numbered.wrong, events.remarks]).toEqual([undefined, [expect.stringContaining('Lines may be missing')]]);
  });

  it('[LS2] goes on where another worker left it, also within a line', async () => {
    const numbered = new NumberedLines();
    let left: LogLeft | undefined;
    for (let round = 0; round < 5; round++) {
      const { upstream, events } = await log({}, new LogRecorder(numbered), left);
      await more(events, 300);
      upstream.close();
      const outputBytes = (left?.outputBytes ?? 0) + events.bytes;
      left = events.left && { ...events.left, outputBytes };
    }
    expect(numbered.wrong).toBeUndefined();
  });

  it('[UP6] gives as much as was asked for, counted as the user sees it', async () => {
    const limited = await log({ limitBytes: 1000 });
    expect(await limited.events.ends()).toMatchObject({ kind: 'completed' });
    expect(limited.events.bytes).toBe(1000);
    const stamped = await log({ limitBytes: 1000, timestamps: true });
    await stamped.events.ends();
    expect(stamped.events.bytes).toBe(1000);
    expect(stamped.events.text()).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z line 0 run 1 /);
    const tail = await log({ follow: false, tailLines: 7 });
    await tail.events.ends();
    expect(tail.events.numbered.lines).toBe(7);
  });

  it('[UP6] reads the run before', async () => {
    await server.control('restart-container?pod=logger');
    const { events } = await log({ previous: true });
    expect(await events.ends()).toMatchObject({ kind: 'completed' });
    expect(events.numbered.lines).toBeGreaterThan(100);
    expect(events.text()).toContain(' run 1 ');
    expect(events.text()).not.toContain(' run 2 ');
  });
});
