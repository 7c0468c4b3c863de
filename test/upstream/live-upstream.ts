import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemClock, systemRandom } from '../../src/bin/system.ts';
import type { ExecTarget, LogTarget, Target } from '../../src/protocol/target.ts';
import type { ClusterRegistry } from '../../src/upstream/kubernetes/cluster.ts';
import { KubernetesOpener } from '../../src/upstream/kubernetes/kubernetes-opener.ts';
import { type Credential, type Upstream, UpstreamRefusal } from '../../src/upstream/upstream.ts';
import { until } from '../support/until.ts';
import { Recorder } from './recorder.ts';

/** A server under the contract, and where its pods are. */
export interface LiveServer {
  /** Its registry has one cluster, `test`, with the server's own token. */
  readonly clusters: ClusterRegistry;
  /** A running container that has sh, seq, stty and cat. */
  readonly shell: { readonly namespace: string; readonly pod: string; readonly container: string };
  /** A pod of several containers, and their names. */
  readonly several: { readonly namespace: string; readonly pod: string; readonly containers: readonly string[] };
  /** Prints numbered lines all the time; `number` finds the number in one. */
  readonly logger: {
    readonly namespace: string;
    readonly pod: string;
    readonly container: string;
    readonly number: (line: string) => number;
  };
  close(): Promise<void>;
}

export interface LiveOptions {
  /** Short names: v5, v4, v4.base64, base64, channel. */
  readonly protocols?: readonly string[];
  readonly logProtocols?: readonly ('binary' | 'base64')[];
}

/**
 * What UpstreamOpener promises, against a server that is really there (UP1 to UP5).
 * @param limits whether the server can be started with only some of its protocols
 */
export function upstreamContract(name: string, startServer: (options: LiveOptions) => Promise<LiveServer>, limits = true): void {
  describe(`${name}`, () => {
    let server: LiveServer;
    const open: Upstream[] = [];
    beforeAll(async () => {
      server = await startServer({});
    }, 300_000);
    afterAll(() => server?.close());
    afterEach(() => {
      for (const upstream of open.splice(0)) upstream.close();
    });

    const start = async (target: Target, from = server, credential?: Credential) => {
      const events = new Recorder();
      const opener = new KubernetesOpener({ clusters: from.clusters, clock: systemClock, random: systemRandom, version: '0.0.0' });
      const request = { target, size: { cols: 80, rows: 24 }, credential, sessionId: 'test-session' };
      const upstream = await opener.open(request, events, new AbortController().signal);
      open.push(upstream);
      return { upstream, events };
    };
    const exec = (command: readonly string[], tty: boolean, from = server): ExecTarget => ({
      kind: 'exec',
      cluster: 'test',
      ...from.shell,
      command,
      tty,
    });
    const log = (rest: Partial<LogTarget>, from = server): LogTarget => {
      const { namespace, pod, container } = from.logger;
      return { kind: 'log', cluster: 'test', namespace, pod, container, follow: false, previous: false, ...rest };
    };
    const refusal = async (opening: Promise<unknown>): Promise<UpstreamRefusal> => {
      const failure = await opening.then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(failure).toBeInstanceOf(UpstreamRefusal);
      return failure as UpstreamRefusal;
    };

    it('[UP1] runs a command on a terminal and types into it', async () => {
      const { upstream, events } = await start(exec(['sh'], true));
      upstream.write(bytes('echo a$((1+1))b\n'));
      await events.sees('a2b');
    });

    it('[UP2] passes characters that are cut between two messages', async () => {
      const { upstream, events } = await start(exec(['cat'], false));
      const text = bytes('héllo 😀\n');
      for (const byte of text) upstream.write(Uint8Array.of(byte));
      await events.sees('héllo 😀\n');
    });

    it('[UP7] gives the process its argv as it was, whatever is in it', async () => {
      const words = ['two words', '', 'a&b=c', 'a+b', '50%', '%2F', '#', '?', '../..', 'grüße 😀', "'$HOME'", 'line\nbreak', '*'];
      const { events } = await start(exec(['printf', '<%s>', ...words], false));
      expect(await events.ends()).toMatchObject({ kind: 'exited', code: 0 });
      expect(events.text()).toBe(words.map((word) => `<${word}>`).join(''));
    });

    it('[UP2] passes every value of a byte, both ways', async () => {
      const { upstream, events } = await start(exec(['cat'], false));
      const every = Uint8Array.from({ length: 4 * 256 }, (_, index) => (index * 7) % 256);
      upstream.write(every);
      expect(upstream.endInput()).toBe(true);
      expect(await events.ends()).toMatchObject({ kind: 'exited', code: 0 });
      expect(Buffer.concat(events.stdout).equals(Buffer.from(every))).toBe(true);
    });

    it('[UP2] passes bracketed pastes and NUL to a terminal as they are', async () => {
      const { upstream, events } = await start(exec(['sh', '-c', 'stty raw -echo; echo ready; head -c 18 | od -An -tx1'], true));
      await events.sees('ready');
      upstream.write(bytes('\u001b[200~a\u0000\u0003b\r\u001b[201~'));
      const hex = '1b 5b 32 30 30 7e 61 00 03 62 0d 1b 5b 32 30 31 7e';
      upstream.write(bytes('!'));
      expect((await events.ends()).code).toBe(0);
      expect(events.text().replace(/\s+/g, ' ')).toContain(`${hex} 21`);
    });

    it('[UP4] tells the exit code', async () => {
      const { events } = await start(exec(['sh', '-c', 'echo out; exit 3'], false));
      expect(await events.ends()).toMatchObject({ kind: 'exited', code: 3 });
      expect(events.text()).toBe('out\n');
      const quiet = await start(exec(['true'], false));
      expect(await quiet.events.ends()).toMatchObject({ kind: 'exited', code: 0 });
    });

    it('[UP4] tells a command that does not exist from one that failed', async () => {
      const { events } = await start(exec(['no-such-command-here'], false));
      expect(await events.ends()).toMatchObject({ kind: 'refused', reason: 'command-not-found' });
    });

    it('[UP2] gives a terminal its size, at the start and later', async () => {
      const { upstream, events } = await start(exec(['sh'], true));
      upstream.write(bytes('stty size\n'));
      await events.sees('24 80');
      upstream.resize(132, 43);
      upstream.resize(80.5, 24);
      upstream.resize(0, 70_000);
      upstream.resize(Number.NaN, -1);
      await until(async () => {
        upstream.write(bytes('stty size\n'));
        return /43 132/.test(events.text());
      });
    });

    it('[UP2] never sends a size without a terminal, which would freeze the input', async () => {
      const { upstream, events } = await start(exec(['cat'], false));
      for (let cols = 10; cols < 15; cols += 1) upstream.resize(cols, 20);
      upstream.write(bytes('still here\n'));
      await events.sees('still here');
    });

    it('[UP1] keeps stderr apart when there is no terminal', async () => {
      const { events } = await start(exec(['sh', '-c', 'echo one; echo two >&2'], false));
      expect(await events.ends()).toMatchObject({ kind: 'exited', code: 0 });
      expect([events.text('stdout'), events.text('stderr')]).toEqual(['one\n', 'two\n']);
    });

    it('[UP2] ends the input on v5 without a terminal, and the output still comes', async () => {
      const { upstream, events } = await start(exec(['sh', '-c', 'cat; echo end'], false));
      upstream.write(bytes('some input\n'));
      expect(upstream.endInput()).toBe(true);
      expect(await events.ends()).toMatchObject({ kind: 'exited', code: 0 });
      expect(events.text()).toBe('some input\nend\n');
    });

    it('[UP2] does not end the input of a terminal', async () => {
      const { upstream, events } = await start(exec(['sh'], true));
      expect(upstream.endInput()).toBe(false);
      upstream.write(bytes('echo o$((2+2))o\n'));
      await events.sees('o4o');
    });

    it('[UP2] takes Ctrl-C to a process that floods', async () => {
      const { upstream, events } = await start(exec(['sh', '-c', 'trap "echo; echo stopped-here; exit 7" INT; yes'], true));
      events.keep = false;
      await until(() => events.bytes > 200_000);
      events.keep = true;
      upstream.write(Uint8Array.of(3));
      expect(await events.ends()).toMatchObject({ kind: 'exited', code: 7 });
      expect(events.text()).toContain('stopped-here');
    });

    it('[FC2] blocks the process while paused and loses nothing when resumed', async () => {
      const lines = 3_000_000;
      const { upstream, events } = await start(exec(['seq', String(lines)], false));
      await until(() => events.bytes > 0);
      upstream.pause();
      const settled = await settledCount(() => events.bytes);
      const before = process.memoryUsage();
      await settledCount(() => events.bytes);
      expect(events.bytes).toBe(settled);
      expect(process.memoryUsage().arrayBuffers - before.arrayBuffers).toBeLessThan(8 * 1024 * 1024);
      upstream.resume();
      expect(await events.ends()).toMatchObject({ kind: 'exited', code: 0 });
      const output = Buffer.concat(events.stdout);
      expect(output.equals(Buffer.from(countTo(lines)))).toBe(true);
    });

    it('[FC2] loses nothing on a terminal that ends while paused', async () => {
      const { upstream, events } = await start(exec(['sh', '-c', 'stty -onlcr; seq 2000'], true));
      upstream.pause();
      await settledCount(() => events.bytes);
      upstream.resume();
      expect(await events.ends()).toMatchObject({ kind: 'exited', code: 0 });
      expect(events.text()).toBe(countTo(2000));
    });

    it('[FC5] says when its buffer is full and when it is not any more', async () => {
      // It reads nothing until the file is there.
      const go = `/tmp/poseidon-go-${randomUUID()}`;
      const { upstream, events } = await start(exec(['sh', '-c', `until [ -e ${go} ]; do sleep 0.05; done; wc -c`], false));
      // More than all buffers on the way together: the API server’s hop to the node alone has held 17 MiB.
      const paste = new Uint8Array(64 * 1024 * 1024).fill(0x78);
      let free = true;
      let sent = 0;
      for (; free && sent < paste.length; sent += 65_536) free = upstream.write(paste.subarray(sent, sent + 65_536));
      expect(free).toBe(false);
      await (await start(exec(['touch', go], false))).events.ends();
      await until(() => events.drains > 0);
      upstream.write(bytes('123456'));
      upstream.endInput();
      await events.ends();
      expect(events.text().trim()).toBe(String(sent + 6));
      await (await start(exec(['rm', go], false))).events.ends();
    });

    it('[UP5] opens a shell of its own choice, with a terminal type and the mark of the session', async () => {
      const { upstream, events } = await start(exec([], true));
      upstream.write(bytes('echo "<$TERM|$POSEIDON_SESSION>"\n'));
      await events.sees('<xterm-256color|test-session>');
    });

    const protocols = limits ? ['v5', 'v4', 'v4.base64', 'base64', 'channel'] : [];
    it.each(protocols)('[UP1] works against a server that knows only %s', async (protocol) => {
      await using only = disposable(await startServer({ protocols: [protocol] }));
      const { upstream, events } = await start(exec(['cat'], false, only), only);
      const text = bytes('grüße '.repeat(20_000));
      upstream.write(text);
      await until(() => events.bytes === text.length);
      expect(Buffer.concat(events.stdout).equals(text)).toBe(true);
      expect(upstream.endInput()).toBe(protocol === 'v5');
      upstream.close();
      const failing = await start(exec(['sh', '-c', 'exit 3'], true, only), only);
      expect(await failing.events.ends()).toMatchObject({ kind: 'exited', code: 3 });
      const succeeding = await start(exec(['true'], true, only), only);
      const kind = protocol === 'base64' || protocol === 'channel' ? 'no-status' : 'exited';
      expect(await succeeding.events.ends()).toMatchObject({ kind });
    });

    const framings = limits ? (['binary', 'base64'] as const) : [];
    it.each(framings)('[UP6] follows a log from a server that knows only %s', async (protocol) => {
      await using only = disposable(await startServer({ logProtocols: [protocol] }));
      const { events } = await start(log({ follow: true, tailLines: 5 }, only), only);
      await until(() => wholeLines(events.text()).length >= 8);
      expectCounting(wholeLines(events.text()), only.logger.number);
    });

    it('[UP3] names a pod that is not there', async () => {
      const refused = await refusal(start({ ...exec(['sh'], true), pod: 'not-there' }));
      expect(refused.end).toMatchObject({ kind: 'refused', reason: 'pod-not-found' });
      expect(refused.retryable).toBe(false);
    });

    it('[UP3] lists the containers when the name is missing or wrong', async () => {
      const { namespace, pod, containers } = server.several;
      const base = { ...exec(['sh'], true), namespace, pod };
      const missing = await refusal(start({ ...base, container: '' }));
      expect(missing.end).toMatchObject({ kind: 'refused', reason: 'wrong-container' });
      for (const container of containers) expect(missing.end.message).toContain(container);
      const wrong = await refusal(start({ ...base, container: 'nobody' }));
      expect(wrong.end).toMatchObject({ kind: 'refused', reason: 'wrong-container' });
    });

    it('[UP3] says that a credential is not accepted, without showing it', async () => {
      const refused = await refusal(start(exec(['sh'], true), server, { kind: 'bearer', token: 'not-the-secret-token' }));
      expect(refused.end).toMatchObject({ kind: 'refused', reason: 'unauthorized' });
      expect(refused.retryable).toBe(false);
      expect(JSON.stringify(refused.end)).not.toContain('not-the-secret-token');
    });

    it('[UP6] follows a log: numbered lines without a hole', async () => {
      const { events } = await start(log({ follow: true, tailLines: 3 }));
      await until(() => wholeLines(events.text()).length >= 6);
      expectCounting(wholeLines(events.text()), server.logger.number);
    });

    it('[UP6] reads a finite log to its very end', async () => {
      for (let round = 0; round < 5; round += 1) {
        const { events } = await start(log({ tailLines: 60 }));
        expect(await events.ends()).toMatchObject({ kind: 'completed' });
        expect(events.text().endsWith('\n')).toBe(true);
        const lines = wholeLines(events.text());
        expect(lines.length).toBeGreaterThanOrEqual(60);
        expectCounting(lines, server.logger.number);
      }
    });

    it('[UP3] says that there is no previous run', async () => {
      const refused = await refusal(start(log({ previous: true })));
      expect(refused.end).toMatchObject({ kind: 'refused', reason: 'no-previous' });
    });

    it('[UP1] attaches to the main process of a container', async () => {
      const { upstream, events } = await start({ kind: 'attach', cluster: 'test', ...server.shell, tty: true });
      upstream.write(bytes('echo at$((3+3))at\n'));
      await events.sees('at6at');
    });

    it('[UP2] tells nothing after it was closed', async () => {
      const { upstream, events } = await start(exec(['sh', '-c', 'yes'], true));
      await until(() => events.bytes > 0);
      upstream.close();
      const then = events.bytes;
      await settledCount(() => events.bytes);
      expect(events.bytes).toBe(then);
      expect(events.end).toBeUndefined();
    });
  });
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function countTo(lines: number): string {
  const numbers: number[] = [];
  for (let number = 1; number <= lines; number += 1) numbers.push(number);
  return `${numbers.join('\n')}\n`;
}

function wholeLines(text: string): string[] {
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .slice(0, -1);
}

function expectCounting(lines: readonly string[], number: (line: string) => number): void {
  const first = number(lines[0] ?? '');
  expect(lines.map(number)).toEqual(lines.map((_line, index) => first + index));
}

/** The count when it has stopped changing for a while: 20 looks in a row. */
async function settledCount(count: () => number): Promise<number> {
  let last = -1;
  let same = 0;
  await until(() => {
    same = count() === last ? same + 1 : 0;
    last = count();
    return same >= 20;
  });
  return last;
}

function disposable(server: LiveServer): LiveServer & AsyncDisposable {
  return { ...server, [Symbol.asyncDispose]: () => server.close() };
}
