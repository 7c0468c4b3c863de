import { readSync, writeSync } from 'node:fs';
import type { ReadStream } from 'node:tty';
import { type IPty, spawn } from '@lydell/node-pty';
import type { LocalProcess, ProcessEvents, ProcessPlan } from './local-process.ts';

/** The members of node-pty's terminal that its types leave out. */
interface UnixPty extends IPty {
  readonly fd: number;
  readonly _socket: ReadStream;
}

/** The terminal's input is full: the kernel does not say when it has room again. */
const writeAgainAfterMs = 10;
/** More than the kernel keeps of a terminal's output; what is written on and on by those who stay behind is not waited for. */
const maxRestBytes = 256 * 1024;

/**
 * A process on a pseudo terminal, with two things mended:
 * - `write` of node-pty blocks the whole event loop while the process does not read; here the descriptor is written without waiting;
 * - the end of the process ends the reading although the terminal still holds output: libuv takes a hang-up together with a short read for
 *   the end, and node-pty destroys its side after 200 ms, paused or not. Here the destroying waits until the rest has been read.
 */
export class PtyProcess implements LocalProcess {
  readonly #pty: UnixPty;
  readonly #events: ProcessEvents;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #waiting = false;
  #exited = false;
  #paused = false;
  #restBytes = 0;
  /** The destroying that waits for a resume. */
  #destroy: (() => void) | undefined;

  constructor(file: string, args: readonly string[], plan: ProcessPlan, events: ProcessEvents) {
    this.#events = events;
    const settings = { cwd: plan.directory, env: plan.environment, encoding: null, cols: 80, rows: 24 };
    this.#pty = spawn(file, [...args], settings) as UnixPty;
    this.#readAllBeforeDestroy();
    // With `encoding: null` these are Buffers, whatever the types say.
    this.#pty.onData((bytes: unknown) => events.output(bytes as Buffer, 'stdout'));
    this.#pty.onExit(({ exitCode, signal }) => {
      this.#exited = true;
      events.exited(signal ? 128 + signal : exitCode);
    });
  }

  get pid(): number {
    return this.#pty.pid;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  write(bytes: Uint8Array): void {
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
    this.#writeNext();
  }

  /** A terminal has no end of input; its user types ^D. */
  endInput(): void {}

  resize(cols: number, rows: number): void {
    if (!this.#exited) this.#pty.resize(cols, rows);
  }

  pause(): void {
    this.#paused = true;
    this.#pty.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#pty.resume();
    const destroy = this.#destroy;
    this.#destroy = undefined;
    destroy?.();
  }

  #readAllBeforeDestroy(): void {
    const socket = this.#pty._socket;
    const destroy = socket.destroy.bind(socket);
    let asked = false;
    const finish = (error: Error | undefined) => {
      if (this.#paused) this.#destroy = () => finish(error);
      else if (socket.readableLength > 0) setImmediate(finish, error);
      else if (this.#readRest()) setImmediate(finish, error);
      else destroy(error);
    };
    socket.destroy = (error?: Error) => {
      if (!asked) finish(error);
      asked = true;
      return socket;
    };
  }

  /** What the kernel still has. @returns false when that is nothing */
  #readRest(): boolean {
    const bytes = Buffer.allocUnsafe(16 * 1024);
    let length = 0;
    try {
      length = readSync(this.#pty.fd, bytes);
    } catch {
      return false; // EIO: the end; EAGAIN: somebody else holds the terminal open and is silent
    }
    this.#restBytes += length;
    if (length > 0) this.#events.output(bytes.subarray(0, length), 'stdout');
    return length > 0 && this.#restBytes < maxRestBytes;
  }

  /** The descriptor does not block: it takes what it has room for, or says EAGAIN. */
  #writeNext(): void {
    if (this.#waiting) return;
    while (this.#queue[0]) {
      if (this.#exited || this.#pty._socket.destroyed) return this.#forgetInput();
      const bytes = this.#queue[0];
      const written = this.#tryWrite(bytes);
      if (written === undefined) return this.#forgetInput();
      this.#queuedBytes -= written;
      if (written === bytes.length) this.#queue.shift();
      else {
        this.#queue[0] = bytes.subarray(written);
        this.#waiting = true;
        setTimeout(() => {
          this.#waiting = false;
          this.#writeNext();
        }, writeAgainAfterMs);
        return;
      }
    }
    this.#events.drained();
  }

  /** @returns undefined when nobody will ever read it */
  #tryWrite(bytes: Uint8Array): number | undefined {
    try {
      return writeSync(this.#pty.fd, bytes);
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'EAGAIN' ? 0 : undefined;
    }
  }

  #forgetInput(): void {
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#events.drained();
  }
}
