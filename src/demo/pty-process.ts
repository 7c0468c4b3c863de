import { writeSync } from 'node:fs';
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

/**
 * A process on a pseudo terminal, with two things mended:
 * - `write` of node-pty blocks the whole event loop while the process does not read; here the descriptor is written without waiting;
 * - 200 ms after the process has ended node-pty destroys its side, and what a paused reader has not read is lost; here that waits.
 */
export class PtyProcess implements LocalProcess {
  readonly #pty: UnixPty;
  readonly #events: ProcessEvents;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #waiting = false;
  #exited = false;
  #paused = false;
  #destroy: (() => void) | undefined;

  constructor(file: string, args: readonly string[], plan: ProcessPlan, events: ProcessEvents) {
    this.#events = events;
    const settings = { cwd: plan.directory, env: plan.environment, encoding: null, cols: 80, rows: 24 };
    this.#pty = spawn(file, [...args], settings) as UnixPty;
    this.#destroyOnlyWhenRead();
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
    if (this.#destroy) setTimeout(this.#destroy, destroyAfterMs);
    this.#destroy = undefined;
    this.#pty.resume();
  }

  #destroyOnlyWhenRead(): void {
    const socket = this.#pty._socket;
    const destroy = socket.destroy.bind(socket);
    socket.destroy = (error?: Error) => {
      if (!this.#paused) return destroy(error);
      this.#destroy = () => destroy(error);
      return socket;
    };
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

/** What node-pty gives a reader after the end. */
const destroyAfterMs = 200;
