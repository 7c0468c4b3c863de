import type { Timer } from '../../base/clock.ts';
import { LogReader } from '../../log/log-reader.ts';
import { type ClientFrame, decodeClientFrame, type Open, type Resume, type Viewport } from '../../protocol/client-frame.ts';
import { CloseCode } from '../../protocol/close-code.ts';
import { type Ephemeral, encodeEphemeral } from '../../protocol/ephemeral.ts';
import type { SessionId, WorkerId } from '../../protocol/ids.ts';
import { browserDeadMs } from '../../protocol/limits.ts';
import { encodeServerFrame } from '../../protocol/server-frame.ts';
import type { Control, SessionStatus } from '../../protocol/session-status.ts';
import type { SessionRecord } from '../../session/session-record.ts';
import type { BrowserSocket, SocketEvents } from '../listener.ts';
import { queuedFromBytes, skipAnswerMs } from './constants.ts';
import { type EdgeHolds, noInput } from './edge-gauges.ts';
import { join, unknownSession } from './joining.ts';
import { OutputLine } from './output-line.ts';
import type { RelayTools } from './relay-tools.ts';
import { Steering } from './steering.ts';
import { WorkerLine } from './worker-line.ts';

type TakeControl = Extract<ClientFrame, { kind: 'takeControl' }>;

/**
 * One browser socket on its session: opens or resumes it, forwards output within the client's credit, appends its input while it
 * drives, and tells it what changes (RS1, DR1, FC1). Nothing here outlives the socket.
 */
export class Attachment implements SocketEvents {
  readonly #socket: BrowserSocket;
  readonly #tools: RelayTools;
  readonly #subject: string;
  readonly #closing: () => void;
  #state: 'new' | 'joining' | 'attached' | 'closed' = 'new';
  #session: SessionRecord | undefined;
  #viewport: Viewport = { cols: 80, rows: 24, windowBytes: 0 };
  #output: OutputLine | undefined;
  #worker: WorkerLine | undefined;
  #steering: Steering | undefined;
  /** Asked for before this socket had joined. */
  #takeLater: TakeControl | undefined;
  #silence: Timer;
  #heardAt: number;
  #brokerLost = false;
  #ownerSilent = false;
  #skipping: Timer | undefined;

  constructor(socket: BrowserSocket, subject: string, tools: RelayTools, closing: () => void) {
    this.#socket = socket;
    this.#subject = subject;
    this.#tools = tools;
    this.#closing = closing;
    this.#heardAt = tools.clock.now();
    this.#silence = this.#watchSilence();
  }

  get sessionId(): SessionId | undefined {
    return this.#session?.id;
  }

  get owner(): WorkerId | undefined {
    return this.#worker?.owner;
  }

  /** What this socket holds in memory. */
  get holds(): EdgeHolds {
    return {
      poseidon_edge_socket_buffer_bytes: this.#socket.bufferedBytes(),
      poseidon_edge_kept_push_bytes: this.#worker?.reader?.keptBytes ?? 0,
      poseidon_edge_lost_streams: this.#steering?.lostStreams ?? 0,
      ...(this.#steering?.input?.holds ?? noInput),
    };
  }

  message(bytes: Uint8Array): void {
    if (this.#state === 'closed') return;
    this.#heardAt = this.#tools.clock.now();
    const decoded = decodeClientFrame(bytes);
    if (decoded.ok) this.#frame(decoded.frame);
    else if (!decoded.unknownType) this.refuse(CloseCode.protocol, `broken frame: ${decoded.problem}`);
  }

  drained(): void {
    this.#worker?.resume();
  }

  closed(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#skipping?.cancel();
    this.#silence.cancel();
    this.#output?.close();
    this.#worker?.close();
    this.#steering?.close();
    this.#closing();
  }

  /** Tells the client why, then closes. */
  refuse(code: CloseCode, text: string): void {
    if (this.#state === 'closed') return;
    this.#socket.send(encodeServerFrame({ kind: 'close', code, text }));
    this.#socket.close(code, text.slice(0, 120));
    this.closed();
  }

  tell(status: SessionStatus): void {
    if (this.#state === 'attached') this.#socket.send(encodeServerFrame({ kind: 'status', status }));
  }

  /** Its client's sign-in is over: with another one it may come back. @returns the session it had joined */
  signInOver(): SessionRecord | undefined {
    this.refuse(CloseCode.signInOver, 'the sign-in has expired or was revoked');
    return this.#session;
  }

  /** The worker of this session does not raise its lease's counter, or does so again: that is what the client waits for (LS2). */
  ownerSilent(silent: boolean): void {
    if (silent === this.#ownerSilent || this.#state !== 'attached') return;
    this.#ownerSilent = silent;
    this.tell({ owner: silent ? 'silent' : 'up' });
  }

  #frame(frame: ClientFrame): void {
    switch (frame.kind) {
      case 'open':
      case 'resume':
        if (this.#state !== 'new') return this.refuse(CloseCode.protocol, 'this socket has joined a session already');
        this.#state = 'joining';
        void this.#join(frame).catch((error: unknown) => {
          this.#tools.log('join failed', { error: String(error) });
          this.refuse(CloseCode.brokerLost, 'the relay cannot reach its broker');
        });
        return;
      case 'ping':
        return this.#socket.send(encodeServerFrame({ kind: 'pong', token: frame.token }));
      case 'input':
        if (this.#steering?.input?.input(frame.offset, frame.bytes) === false) this.refuse(CloseCode.flow, 'more input than was granted');
        return;
      case 'resize':
        this.#viewport = { ...this.#viewport, cols: frame.cols, rows: frame.rows };
        return this.#steering?.input?.resize(frame.cols, frame.rows);
      case 'endOfInput':
        return this.#steering?.input?.endOfInput(frame.offset);
      case 'ack':
        if (this.#output?.ack(frame.outputFence, frame.offset, frame.windowBytes)) this.#tellCredit();
        this.#worker?.resume();
        return this.#tellQueued();
      case 'takeControl':
        if (this.#state === 'attached') void this.#takeControl(frame);
        else this.#takeLater = frame;
        return;
      case 'skip':
        return this.#skipOutput();
      case 'end':
        return this.#steering?.input?.endRequest();
    }
  }

  async #join(frame: { readonly kind: 'open' | 'resume' } & (Open | Resume)): Promise<void> {
    this.#viewport = { cols: frame.cols, rows: frame.rows, windowBytes: frame.windowBytes };
    const joined = await join(frame, this.#subject, this.#tools);
    if (this.#isClosed()) return;
    if ('code' in joined) return this.refuse(joined.code, joined.text);
    this.#session = joined.session;
    this.#output = new OutputLine(
      this.#socket,
      joined.from.position,
      { fence: joined.from.position.fence, offset: joined.from.parsed },
      frame.windowBytes,
      () => this.#tools.clock.now(),
    );
    const worker = this.#lineTo(joined.session.id);
    const steering = this.#steer(joined.session.id, this.#output);
    if ('session' in frame) steering.cameWith(frame.former ?? [], frame.lost ?? []);
    const watch = 'watch' in frame && frame.watch;
    const claimant = { stream: frame.stream, connection: frame.connection, typed: joined.from.typed };
    const control: Control = watch ? { driving: false, cause: 'watching' } : await steering.take(claimant, { kind: 'resume' });
    if (this.#isClosed()) return;
    if (!control.driving && control.cause === 'old-connection') return this.refuse(CloseCode.moved, 'this client has connected again');
    if (control.driving && joined.from.position.seq > 0) this.#output.cameBack();
    if ('ticket' in frame) await worker.enqueue();
    else if (joined.session.state === 'waiting') worker.enqueueLater();
    if (this.#isClosed()) return;
    this.#state = 'attached';
    const { id, target } = joined.session;
    const key = joined.key === undefined ? {} : { key: joined.key };
    this.#socket.send(encodeServerFrame({ kind: 'attached', session: id, edge: this.#tools.edge, control, target: { ...target }, ...key }));
    const { position, base, nonce } = joined.from;
    worker.follow(new LogReader(this.#output, position, base, nonce));
    if (this.#takeLater) void this.#takeControl(this.#takeLater);
  }

  #isClosed(): boolean {
    return this.#state === 'closed';
  }

  #lineTo(session: SessionId): WorkerLine {
    this.#worker = new WorkerLine(session, this.#tools, {
      told: (told) => this.#told(told),
      unknown: (young) => {
        const { code, text } = unknownSession(young);
        this.refuse(code, text);
      },
      connected: (connected) => this.#connected(connected),
    });
    return this.#worker;
  }

  #connected(connected: boolean): void {
    if (connected !== this.#brokerLost) return;
    this.#brokerLost = !connected;
    this.tell({ broker: connected ? 'up' : 'lost' });
  }

  #told(told: Ephemeral): void {
    switch (told.kind) {
      case 'stall':
        return this.#tellCredit();
      case 'typed':
        return this.#steering?.told(told);
      case 'closed':
        this.#steering?.told(told);
        return this.tell({ closed: { stream: told.stream, typed: told.typed, cause: told.cause } });
      case 'workerStatus':
        this.#steering?.told(told);
        // Whoever drives here was not heard: its credit tells that it is there (DR2).
        if (!told.status.driver) this.#tellCredit();
        return this.tell({ worker: told.status });
      default:
        return;
    }
  }

  // --- control ---

  #steer(session: SessionId, output: OutputLine): Steering {
    this.#steering = new Steering(session, this.#tools, {
      viewport: () => this.#viewport,
      credit: () => {
        const { fence, offset, windowBytes } = output.credit;
        return { outputFence: fence, offset, windowBytes };
      },
      acknowledge: (accepted, typed, endOfInput) => {
        this.#socket.send(encodeServerFrame({ kind: 'inputAck', accepted, typed, endOfInput }));
      },
      control: (control) => this.tell({ control }),
    });
    return this.#steering;
  }

  async #takeControl({ stream, connection, ifFence }: TakeControl): Promise<void> {
    const mode = ifFence === undefined ? ({ kind: 'force' } as const) : ({ kind: 'if-fence', fence: ifFence } as const);
    const control = await this.#steering?.take({ stream, connection, typed: 0 }, mode);
    if (control) this.tell({ control });
  }

  /** FC9: the worker discards what is queued upstream, this edge what is on the log, until it comes to the worker's gap. */
  #skipOutput(): void {
    if (!this.#steering?.input) return;
    this.#publishIn({ kind: 'skipOutput' });
    this.#output?.skip();
    this.#worker?.resume();
    this.#skipping?.cancel();
    this.#skipping = this.#tools.clock.after(skipAnswerMs, () => {
      this.#output?.endSkip();
      this.#worker?.resume();
    });
  }

  /** With every acknowledgement while a client is behind: the page knows how much is still to come (FC9). */
  #tellQueued(): void {
    const headOffset = this.#worker?.reader?.heardOffset ?? 0;
    if (headOffset - (this.#output?.credit.offset ?? headOffset) >= queuedFromBytes) this.tell({ headOffset });
  }

  #tellCredit(): void {
    const credit = this.#output?.credit;
    if (!credit || !this.#steering?.input) return;
    this.#output?.told();
    this.#publishIn({ kind: 'credit', offset: credit.offset, windowBytes: credit.windowBytes }, credit.fence);
  }

  #publishIn(
    body: { readonly kind: 'skipOutput' } | { readonly kind: 'credit'; offset: number; windowBytes: number },
    outputFence = 0,
  ): void {
    const input = this.#steering?.input;
    if (!input) return;
    this.#worker?.publish(encodeEphemeral({ input: input.fence, output: outputFence }, body));
  }

  #watchSilence(): Timer {
    const { clock } = this.#tools;
    return clock.after(this.#heardAt + browserDeadMs - clock.now(), () => {
      if (clock.now() - this.#heardAt >= browserDeadMs) this.refuse(CloseCode.silent, 'no sign of life');
      else this.#silence = this.#watchSilence();
    });
  }
}
