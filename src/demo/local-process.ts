import { spawn } from 'node:child_process';
import { constants as fsConstants } from 'node:fs';
import { access } from 'node:fs/promises';
import { constants as osConstants } from 'node:os';
import { delimiter, join } from 'node:path';
import { PtyProcess } from './pty-process.ts';

/** A process behind an exec or an attach. */
export interface LocalProcess {
  readonly pid: number;
  /** Input taken and not yet written to the process, in bytes. */
  readonly queuedBytes: number;
  write(bytes: Uint8Array): void;
  endInput(): void;
  resize(cols: number, rows: number): void;
  /** Stops reading its output: the process blocks on its next write. */
  pause(): void;
  resume(): void;
}

export interface ProcessEvents {
  output(bytes: Uint8Array, source: 'stdout' | 'stderr'): void;
  /** The input queue is empty. */
  drained(): void;
  /** Once, after all output: the exit code, or 128 and the signal. */
  exited(code: number): void;
}

export interface ProcessPlan {
  readonly command: readonly string[];
  readonly tty: boolean;
  readonly directory: string;
  readonly environment: { readonly [name: string]: string };
}

/** @returns the runtime's sentence when the command cannot be started */
export async function startProcess(plan: ProcessPlan, events: ProcessEvents): Promise<LocalProcess | string> {
  const [name = '', ...args] = plan.command;
  const file = await findExecutable(name, plan);
  if (file === undefined) return startFailure(name);
  return plan.tty ? new PtyProcess(file, args, plan, events) : new PipedProcess(file, args, plan, events);
}

/** Pipes of its own for stdin, stdout and stderr. */
class PipedProcess implements LocalProcess {
  readonly #child;

  constructor(file: string, args: readonly string[], plan: ProcessPlan, events: ProcessEvents) {
    // `detached`: a process group of its own, so that all of it can be ended.
    this.#child = spawn(file, args, { cwd: plan.directory, env: plan.environment, detached: true, stdio: 'pipe' });
    const { stdin, stdout, stderr } = this.#child;
    stdout.on('data', (bytes: Buffer) => events.output(bytes, 'stdout'));
    stderr.on('data', (bytes: Buffer) => events.output(bytes, 'stderr'));
    stdin.on('drain', () => events.drained());
    stdin.on('error', () => {}); // the process does not read any more: the input goes nowhere
    this.#child.on('error', () => {}); // `close` follows
    this.#child.on('close', (code, signal) => events.exited(code ?? 128 + (signal ? osConstants.signals[signal] : 0)));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get queuedBytes(): number {
    return this.#child.stdin.destroyed ? 0 : this.#child.stdin.writableLength;
  }

  write(bytes: Uint8Array): void {
    if (this.#child.stdin.writable) this.#child.stdin.write(bytes);
  }

  endInput(): void {
    this.#child.stdin.end();
  }

  resize(): void {}

  pause(): void {
    this.#child.stdout.pause();
    this.#child.stderr.pause();
  }

  resume(): void {
    this.#child.stdout.resume();
    this.#child.stderr.resume();
  }
}

async function findExecutable(name: string, plan: ProcessPlan): Promise<string | undefined> {
  const places = name.includes('/') ? [plan.directory] : (plan.environment['PATH'] ?? '').split(delimiter);
  for (const place of name === '' ? [] : places) {
    const file = name.startsWith('/') ? name : join(place, name);
    const found = await access(file, fsConstants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return file;
  }
  return undefined;
}

/** As runc says it, wrapped as containerd and the kubelet do. */
function startFailure(name: string): string {
  const why = name.includes('/') ? `stat ${name}: no such file or directory` : 'executable file not found in $PATH';
  return `error executing command in container: failed to exec in container: OCI runtime exec failed: exec failed: unable to start container process: exec: "${name}": ${why}: unknown`;
}
