import type { ClientFrame, Viewport } from '../protocol/client-frame.ts';
import type { EndReason } from '../protocol/end-reason.ts';
import { CloseStreamCause } from '../protocol/ephemeral.ts';
import type { ClientStream } from '../protocol/ids.ts';
import { formerStreams } from '../protocol/limits.ts';
import type { Control, SessionStatus } from '../protocol/session-status.ts';
import type { ClientHost, ClientState } from './client-host.ts';
import type { Hello } from './hello.ts';
import { InputKeeper } from './input-keeper.ts';
import { LostInput } from './lost-input.ts';

export type Size = Pick<Viewport, 'cols' | 'rows'>;

type Shown = Pick<ClientState, 'driving' | 'untypedBytes' | 'acceptedBytes' | 'notSentBytes' | 'fateUnknownBytes'>;

export interface DrivingHost extends Pick<ClientHost, 'randomBytes'> {
  /** Whether the socket has joined the session: frames before that would mean the stream before this one. */
  joined(): boolean;
  send(frame: ClientFrame): void;
  /** {@link Driving.shown} is another. */
  changed(): void;
}

/** Whether this client drives, and what hangs on it: its input stream, its size, and what becomes of both when control changes (DR1, RS4). */
export class Driving {
  readonly #host: DrivingHost;
  readonly #lostInput = new LostInput();
  #input: InputKeeper;
  /** Streams this tab had before and told an edge of, the newest first: the record of who drives may go back to one of them (DR1). */
  #former: readonly ClientStream[] = [];
  #named = false;
  #connection = 0;
  #size: Size = { cols: 80, rows: 24 };
  /** The size that the relay knows. */
  #toldSize: Size = this.#size;
  #drives = false;
  #watch = false;
  #takeWhenJoined = false;

  constructor(host: DrivingHost) {
    this.#host = host;
    this.#input = InputKeeper.ofNewStream(host);
  }

  get shown(): Shown {
    return { driving: this.#drives, ...this.#input.shown, ...this.#lostInput.shown };
  }

  get stream(): ClientStream {
    return this.#input.stream;
  }

  get connection(): number {
    return this.#connection;
  }

  get former(): readonly ClientStream[] {
    return this.#former;
  }

  /** The streams of this tab before the page was loaded: a socket of it may still drive. */
  startAfter(former: readonly ClientStream[]): void {
    this.#former = former.slice(0, formerStreams);
  }

  /** What a new socket's first frame says of input and size; the connection is a new one (RS1). */
  nextHello(): Omit<Hello, 'ticket' | 'session' | 'key' | 'position' | 'base' | 'nonce' | 'parsed' | 'windowBytes'> {
    this.#toldSize = this.#size;
    this.#named = true;
    const { stream, typed } = this.#input;
    const lost = this.#lostInput.streams;
    return { stream, connection: ++this.#connection, typed, former: this.#former, watch: this.#watch, lost, ...this.#size };
  }

  /** The relay knows this page's stream from now on. */
  attached(control: Control): void {
    this.controlled(control);
  }

  /** @returns false when nothing was taken: not driving, too much un-typed, or behind the end of the input */
  type(bytes: Uint8Array): boolean {
    if (this.#watching || !this.#input.keep(bytes)) return false;
    this.#sendInput();
    this.#host.changed();
    return true;
  }

  /** @returns false: not driving */
  endInput(): boolean {
    if (this.#watching) return false;
    this.#input.end();
    this.#sendInput();
    return true;
  }

  get #watching(): boolean {
    return this.#watch || (this.#host.joined() && !this.#drives);
  }

  resized(size: Size): void {
    this.#size = size;
    this.#sendSize();
  }

  acknowledged(accepted: number, typed: number, endTold: boolean): void {
    this.#input.acknowledged(accepted, typed, endTold);
    this.#sendInput();
    this.#host.changed();
  }

  /** From whoever drives, or only from a silent driver (DR1). What was kept for an earlier stream is not sent. */
  takeControl(ifFence?: number): void {
    this.#watch = false;
    // What a socket that has not joined is told about control would mean the stream before this one: asked for when it has.
    this.#takeWhenJoined = !this.#host.joined();
    if (this.#takeWhenJoined) return;
    this.changeStream();
    const { stream } = this.#input;
    this.#named = true;
    this.#host.send({ kind: 'takeControl', stream, connection: this.#connection, ...(ifFence !== undefined && { ifFence }) });
  }

  controlled(control: Control): void {
    if (control.driving) {
      this.#takeWhenJoined = false;
      if (control.stream !== this.#input.stream) return;
      this.#input.startAt(control.next);
      this.#drives = true;
      this.#host.changed();
      this.#sendSize();
      this.#sendInput();
      return;
    }
    if (this.#takeWhenJoined) return this.takeControl();
    if (control.cause === 'driver-silent') return this.takeControl(control.fence);
    if (control.cause !== 'ended') this.#watch = true;
    this.#drives = false;
    this.changeStream();
  }

  /** The worker types no more of a stream (RS6). */
  closed({ stream, typed, cause }: NonNullable<SessionStatus['closed']>): void {
    const own = stream === this.#input.stream;
    if (own) this.changeStream();
    this.#lostInput.closed(stream, typed, cause);
    const again = own && this.#drives && cause === CloseStreamCause.hole;
    if (own) this.#drives = false;
    this.#host.changed();
    // Still ours to drive: bytes of it got lost on the way, and a new stream goes on behind them (RS6).
    if (again) this.takeControl();
  }

  /** Names are never reused: after every loss of control input has a new stream (RS4). */
  changeStream(): void {
    this.#lostInput.gaveUp(this.#input);
    if (this.#named) this.#former = [this.#input.stream, ...this.#former].slice(0, formerStreams);
    this.#named = false;
    this.#input = InputKeeper.ofNewStream(this.#host);
    this.#connection = 1;
    this.#host.changed();
  }

  /** There is no way back. @param ended the session itself is over, and this is the last that is said of what was typed */
  over(ended: EndReason | undefined): void {
    if (ended) {
      this.changeStream();
      this.#lostInput.ended(ended);
    }
    this.#drives = false;
  }

  #sendInput(): void {
    if (!this.#drives || !this.#host.joined()) return;
    for (let piece = this.#input.nextPiece(); piece; piece = this.#input.nextPiece()) this.#host.send({ kind: 'input', ...piece });
    const offset = this.#input.endToSend();
    if (offset !== undefined) this.#host.send({ kind: 'endOfInput', offset });
  }

  /** Only the driver's size counts (DR1). */
  #sendSize(): void {
    const { cols, rows } = this.#size;
    if (!this.#drives || !this.#host.joined()) return;
    if (cols === this.#toldSize.cols && rows === this.#toldSize.rows) return;
    this.#toldSize = this.#size;
    this.#host.send({ kind: 'resize', offset: this.#input.sent, cols, rows });
  }
}
