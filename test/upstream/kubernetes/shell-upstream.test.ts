import { describe, expect, it } from 'vitest';
import type { EndReason } from '../../../src/protocol/end-reason.ts';
import { ShellUpstream } from '../../../src/upstream/kubernetes/shell-upstream.ts';
import { type Upstream, type UpstreamEvents, UpstreamRefusal } from '../../../src/upstream/upstream.ts';
import { until } from '../../support/until.ts';
import { ManualClock } from '../clocks.ts';
import { Recorder } from '../recorder.ts';

const missing: EndReason = { kind: 'refused', reason: 'command-not-found', message: 'The command does not exist in this container.' };

class Attempt implements Upstream {
  readonly calls: string[] = [];
  readonly unsentBytes = 0;
  free = true;

  readonly command: readonly string[];
  readonly size: { readonly cols: number; readonly rows: number };
  readonly events: UpstreamEvents;

  constructor(command: readonly string[], size: { readonly cols: number; readonly rows: number }, events: UpstreamEvents) {
    this.command = command;
    this.size = size;
    this.events = events;
  }

  write(bytes: Uint8Array): boolean {
    this.calls.push(`write ${Buffer.from(bytes)}`);
    return this.free;
  }
  resize(cols: number, rows: number): void {
    this.calls.push(`resize ${cols} ${rows}`);
  }
  endInput(): boolean {
    this.calls.push('endInput');
    return true;
  }
  pause(): void {
    this.calls.push('pause');
  }
  resume(): void {
    this.calls.push('resume');
  }
  close(): void {
    this.calls.push('close');
  }
}

async function openShell(settings: { tty?: boolean; opening?: () => Promise<void> } = {}) {
  const attempts: Attempt[] = [];
  const events = new Recorder();
  const clock = new ManualClock();
  const shell = await ShellUpstream.open({
    sessionId: 'session-7',
    tty: settings.tty ?? true,
    size: { cols: 80, rows: 24 },
    events,
    clock,
    signal: new AbortController().signal,
    exec: async (command, size, inner) => {
      if (attempts.length > 0) await settings.opening?.();
      const attempt = new Attempt(command, size, inner);
      attempts.push(attempt);
      return attempt;
    },
  });
  const attempt = (number: number) => until(() => attempts[number]);
  return { shell, events, clock, attempts, attempt };
}

describe('the choice of a shell', () => {
  it('[UP5] tries /bin/sh first, which goes on to bash where there is one, and marks it with the session', async () => {
    const { attempts } = await openShell();
    expect(attempts[0]?.command.slice(0, 2)).toEqual(['/bin/sh', '-c']);
    expect(attempts[0]?.command.at(-1)).toBe('session-7');
    expect(attempts[0]?.command[2]).toContain('TERM=xterm-256color');
    expect(attempts[0]?.command[2]).toContain('POSEIDON_SESSION');
  });

  it('[UP5] goes to the next one without a sound, with the keys, the size and the pause', async () => {
    const { shell, events, attempt } = await openShell();
    const first = await attempt(0);
    shell.write(Buffer.from('l'));
    shell.resize(100, 30);
    first.events.ended(missing);
    shell.write(Buffer.from('s'));
    shell.pause();
    const second = await attempt(1);
    shell.write(Buffer.from('\r'));
    expect(second.command[0]).toBe('bash');
    expect(second.size).toEqual({ cols: 100, rows: 30 });
    expect(second.calls).toEqual(['pause', 'write l', 'write s', 'write \r']);
    second.events.output(Buffer.from('$ '), 'stdout');
    expect(events.text()).toBe('$ ');
    expect(events.end).toBeUndefined();
  });

  it('[UP5] sends a size that came while the next one was being opened', async () => {
    let let_go = () => {};
    const opening = new Promise<void>((resolve) => {
      let_go = resolve;
    });
    const { shell, attempt } = await openShell({ opening: () => opening });
    (await attempt(0)).events.ended(missing);
    shell.resize(90, 20);
    shell.write(Buffer.from('a'));
    let_go();
    const second = await attempt(1);
    await until(() => second.calls.length === 2);
    expect(second.calls).toEqual(['resize 90 20', 'write a']);
  });

  it('[UP5] ends with the list of what was tried', async () => {
    const { events, attempt } = await openShell();
    for (let number = 0; number < 4; number += 1) (await attempt(number)).events.ended(missing);
    expect(await events.ends()).toMatchObject({
      kind: 'refused',
      reason: 'no-shell',
      message: 'There is no shell in this container; tried /bin/sh, bash, sh, cmd.',
    });
  });

  it('[UP5] goes straight to cmd where Windows says that there is no such program', async () => {
    const { attempt, events, attempts } = await openShell();
    const status = 'hcs::System::CreateProcess app: The system cannot find the file specified.';
    (await attempt(0)).events.ended({ ...missing, status });
    expect((await attempt(1)).command).toEqual(['cmd']);
    (await attempt(1)).events.ended({ ...missing, status });
    expect(await events.ends()).toMatchObject({ message: 'There is no shell in this container; tried /bin/sh, cmd.' });
    expect(attempts).toHaveLength(2);
  });

  it('[UP5] keeps a shell that has shown itself, whatever it ends with', async () => {
    const { events, attempt, attempts } = await openShell();
    const first = await attempt(0);
    first.events.output(Buffer.from('$ '), 'stdout');
    first.events.ended(missing);
    expect(events.end).toEqual(missing);
    expect(attempts).toHaveLength(1);
  });

  it('[UP5] does not try another shell when the trouble is another', async () => {
    const { events, attempt, attempts } = await openShell();
    (await attempt(0)).events.ended({ kind: 'refused', reason: 'node-unreachable', message: 'x' });
    expect(events.end).toMatchObject({ reason: 'node-unreachable' });
    expect(attempts).toHaveLength(1);
  });

  it('[UP5] bounds the keys it keeps, and lets them go when the shell has proved itself', async () => {
    const { shell, events, clock } = await openShell({ tty: false });
    expect(shell.write(new Uint8Array(64 * 1024 - 1))).toBe(true);
    expect(shell.write(new Uint8Array(1))).toBe(false);
    expect(shell.unsentBytes).toBe(64 * 1024);
    expect(events.drains).toBe(0);
    clock.advance(5_000);
    expect([events.drains, shell.unsentBytes]).toEqual([1, 0]);
    expect(shell.write(new Uint8Array(1024 * 1024))).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it('[UP5] passes the end of input on to the next one', async () => {
    const { shell, attempt } = await openShell({ tty: false });
    const first = await attempt(0);
    shell.write(Buffer.from('exit 4'));
    expect(shell.endInput()).toBe(true);
    first.events.ended(missing);
    const second = await attempt(1);
    await until(() => second.calls.length === 2);
    expect(second.calls).toEqual(['write exit 4', 'endInput']);
  });

  it('[UP5] tells how the next one was refused', async () => {
    const { events, attempt } = await openShell({
      opening: () => Promise.reject(new UpstreamRefusal({ kind: 'refused', reason: 'pod-not-found', message: 'gone' }, false)),
    });
    (await attempt(0)).events.ended(missing);
    expect(await events.ends()).toMatchObject({ reason: 'pod-not-found' });
  });

  it('[UP5] closes the shell that is opened after it was itself closed', async () => {
    let let_go = () => {};
    const opening = new Promise<void>((resolve) => {
      let_go = resolve;
    });
    const { shell, events, attempt } = await openShell({ opening: () => opening });
    (await attempt(0)).events.ended(missing);
    shell.close();
    let_go();
    const second = await attempt(1);
    await until(() => second.calls.includes('close'));
    expect(events.end).toBeUndefined();
  });
});
