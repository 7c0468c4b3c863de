import type { RawData, WebSocket } from 'ws';
import { encodeUtf8 } from '../protocol/utf8.ts';
import type { LocalProcess, ProcessEvents } from './local-process.ts';
import { internalError, nonZeroExit, type Status, success } from './status.ts';

/** Output handed to the socket and not yet taken: at this mark the process is no longer read, at half of it again (bytes). */
const outputMarkBytes = 1024 * 1024;
/** Input not yet taken by the process: at this mark the socket is no longer read, until none is left (bytes). */
const inputMarkBytes = 256 * 1024;

export interface ChannelPlan {
  readonly kind: 'exec' | 'attach';
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** The server's end of one exec or attach connection, for all five protocols. */
export class ChannelServer implements ProcessEvents {
  readonly #socket: WebSocket;
  readonly #plan: ChannelPlan;
  readonly #base64: boolean;
  readonly #process: Promise<LocalProcess | string>;
  #running: LocalProcess | undefined;
  #early: Array<(process: LocalProcess) => void> = [];
  #ended = false;
  #outputHeld = false;

  /** @param gone called once when the client has left before the process did */
  constructor(
    socket: WebSocket,
    plan: ChannelPlan,
    start: (events: ProcessEvents) => Promise<LocalProcess | string>,
    gone: (process: LocalProcess, events: ProcessEvents) => void,
  ) {
    this.#socket = socket;
    this.#plan = plan;
    this.#base64 = socket.protocol.includes('base64');
    this.#send(plan.stdout ? 1 : plan.stderr ? 2 : 3, noBytes);
    socket.on('message', (data) => this.#message(data));
    socket.on('error', () => {}); // `close` follows
    socket.on('close', () => {
      if (this.#ended) return;
      this.#ended = true;
      void this.#process.then((process) => typeof process !== 'string' && gone(process, this));
    });
    this.#process = start(this);
    void this.#process.then((process) => this.#started(process));
  }

  output(bytes: Uint8Array, source: 'stdout' | 'stderr'): void {
    const wanted = source === 'stdout' ? this.#plan.stdout : this.#plan.stderr;
    if (!wanted || this.#ended) return;
    this.#send(source === 'stdout' ? 1 : 2, bytes);
    if (this.#socket.bufferedAmount < outputMarkBytes || this.#outputHeld) return;
    this.#outputHeld = true;
    this.#running?.pause();
  }

  drained(): void {
    if (this.#socket.isPaused) this.#socket.resume();
  }

  exited(code: number): void {
    if (this.#plan.kind === 'attach' || code === 0) this.#end(success);
    else this.#end(nonZeroExit(code));
  }

  #started(process: LocalProcess | string): void {
    if (typeof process === 'string') {
      this.#end(internalError(process));
      return;
    }
    this.#running = process;
    if (!this.#plan.stdin && !this.#plan.tty) process.endInput();
    if (this.#outputHeld) process.pause();
    for (const run of this.#early) run(process);
    this.#early = [];
  }

  #message(data: RawData): void {
    const message = data as Buffer; // nodebuffer is what ws hands out by default
    const first = message[0];
    if (first === undefined) return;
    const channel = this.#base64 ? first - 0x30 : first;
    const bytes = this.#base64 ? Buffer.from(message.toString('latin1', 1), 'base64') : message.subarray(1);
    this.#whenRunning((process) => this.#input(process, channel, bytes));
  }

  #input(process: LocalProcess, channel: number, bytes: Buffer): void {
    if (channel === 0 && this.#plan.stdin) {
      process.write(bytes);
      if (process.queuedBytes > inputMarkBytes) this.#socket.pause();
    } else if (channel === 4 && this.#plan.tty) {
      const size = parseSize(bytes);
      if (size) process.resize(size.cols, size.rows);
    } else if (channel === 255 && this.#socket.protocol.startsWith('v5') && !this.#plan.tty) process.endInput();
  }

  #whenRunning(run: (process: LocalProcess) => void): void {
    if (this.#running) run(this.#running);
    else this.#early.push(run);
  }

  #send(channel: number, bytes: Uint8Array): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    const message = this.#base64 ? channel + Buffer.from(bytes).toString('base64') : Buffer.concat([Uint8Array.of(channel), bytes]);
    this.#socket.send(message, () => {
      if (!this.#outputHeld || this.#socket.bufferedAmount > outputMarkBytes / 2) return;
      this.#outputHeld = false;
      this.#running?.resume();
    });
  }

  #end(status: Status): void {
    if (this.#ended) return;
    this.#ended = true;
    const json = this.#socket.protocol.startsWith('v');
    if (json) this.#send(3, encodeUtf8(JSON.stringify(status)));
    else if (status.message !== undefined) this.#send(3, encodeUtf8(status.message));
    // A process whose input has ended says nothing of having taken it: the client's answer to the close must be read.
    if (this.#socket.isPaused) this.#socket.resume();
    this.#socket.close(1000);
  }
}

function parseSize(bytes: Uint8Array): { readonly cols: number; readonly rows: number } | undefined {
  try {
    const { Width: cols, Height: rows } = JSON.parse(new TextDecoder().decode(bytes)) as { Width?: unknown; Height?: unknown };
    return isCells(cols) && isCells(rows) ? { cols, rows } : undefined;
  } catch {
    return undefined;
  }
}

function isCells(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= 65_535;
}

const noBytes = new Uint8Array();
