import { type ClientFrame, encodeClientFrame, type Viewport } from '../protocol/client-frame.ts';
import { CloseCode, mayComeBack } from '../protocol/close-code.ts';
import { decodeEntry } from '../protocol/entry.ts';
import { CloseStreamCause } from '../protocol/ephemeral.ts';
import { isLogEntry } from '../protocol/frame-type.ts';
import { type ClientStream, isClientStream, isSessionId, type SessionId } from '../protocol/ids.ts';
import type { Position } from '../protocol/position.ts';
import { type Attached, decodeServerFrame, type ServerFrame } from '../protocol/server-frame.ts';
import type { Control, SessionStatus } from '../protocol/session-status.ts';
import type { ClientHost, ClientSocket, ClientState, Queued, SavedSession } from './client-host.ts';
import { helloFrame } from './hello.ts';
import { InputKeeper } from './input-keeper.ts';
import { LostInput } from './lost-input.ts';
import { OutputIntake } from './output-intake.ts';
import { pingToken, SocketKeeper } from './socket-keeper.ts';

type Size = Pick<Viewport, 'cols' | 'rows'>;

/**
 * The browser's end of a session: connects to any edge, checks every frame, acknowledges what was parsed, keeps input until it was
 * typed, and comes back after every break from where it was (RS1, RS4, WP3). Used unchanged by the page, the load driver and the tests.
 */
export class SessionClient {
  readonly #host: ClientHost;
  readonly #socket: SocketKeeper;
  readonly #output: OutputIntake;
  readonly #lostInput = new LostInput();
  #input: InputKeeper;
  #ticket: string | undefined;
  #session: SessionId | undefined;
  #key = '';
  #previous: ClientStream | undefined;
  #connection = 0;
  #size: Size = { cols: 80, rows: 24 };
  /** The size that the relay knows. */
  #toldSize: Size = this.#size;
  #watch = false;
  #takeWhenJoined = false;
  #closeTold: { readonly code: number; readonly text: string } | undefined;
  #disposed = false;
  #state: ClientState;

  constructor(host: ClientHost) {
    this.#host = host;
    this.#input = InputKeeper.ofNewStream(host);
    this.#socket = new SocketKeeper(host, {
      due: () => this.#connect(),
      silent: () => this.#drop(CloseCode.silent, 'the relay did not answer'),
    });
    this.#output = new OutputIntake(host, {
      ended: (reason) => this.#over({ kind: 'ended', reason }),
      parsed: () => this.#acknowledge(),
    });
    this.#state = {
      connection: { kind: 'connecting', tries: 0 },
      session: undefined,
      driving: false,
      ...this.#input.shown,
      status: {},
      edgeRttMs: undefined,
      ...this.#lostInput.shown,
      ...this.#output.shown,
    };
  }

  get state(): ClientState {
    return this.#state;
  }

  get position(): Position {
    return this.#output.position;
  }

  get queued(): Queued {
    return this.#output.queued;
  }

  /** What a later page needs to join this session; undefined before there is one and when it is over. */
  get saved(): SavedSession | undefined {
    const { session, connection } = this.#state;
    if (!session || connection.kind === 'ended') return undefined;
    const parsed = Math.max(this.#output.parsedOffset, this.#output.replayBelow);
    return { session, key: this.#key, stream: this.#input.stream, connection: this.#connection, parsed };
  }

  /** Starts a new session. */
  start(size: Size): void {
    this.#size = size;
    this.#connect();
  }

  /** Joins a session of this tab again, after a page load; output comes from the beginning of the log. */
  startAgain(saved: SavedSession, size: Size): void {
    this.#size = size;
    if (!isSessionId(saved.session) || !isClientStream(saved.stream))
      return this.#over({ kind: 'lost', code: CloseCode.unknownSession, text: 'the saved session is not readable' });
    this.#session = saved.session;
    this.#key = saved.key;
    this.#previous = saved.stream;
    this.#output.replayBelow = saved.parsed;
    this.#connect();
  }

  /** Keys, pastes, mouse reports as bytes. @returns false when nothing was taken: not driving, ended, or too much un-typed */
  type(bytes: Uint8Array): boolean {
    const { kind } = this.#state.connection;
    if (kind === 'ended' || kind === 'lost' || this.#watch || (kind === 'attached' && !this.#state.driving)) return false;
    if (!this.#input.keep(bytes)) return false;
    this.#sendInput();
    this.#change({ ...this.#input.shown });
    return true;
  }

  resized(cols: number, rows: number): void {
    this.#size = { cols, rows };
    this.#sendSize();
  }

  /** The terminal has parsed everything up to the output of this token. */
  parsed(token: number): void {
    this.#output.parsed(token);
  }

  /** Takes control from whoever drives, or only from a silent driver (DR1). What was kept for an earlier stream is not sent. */
  takeControl(ifFence?: number): void {
    this.#watch = false;
    // What a socket that has not joined is told about control would mean the stream before this one: asked for when it has.
    this.#takeWhenJoined = this.#state.connection.kind !== 'attached';
    if (this.#takeWhenJoined) return;
    this.#changeStream();
    const { stream } = this.#input;
    this.#send({ kind: 'takeControl', stream, connection: this.#connection, ...(ifFence !== undefined && { ifFence }) });
  }

  /** Asks for the newest output instead of what is queued; what is left out is declared (FC9). */
  skip(): void {
    if (this.#state.driving) this.#send({ kind: 'skip' });
  }

  /** Ends the session for everybody. */
  end(): void {
    this.#send({ kind: 'end' });
  }

  /** Tries at once instead of waiting; also after the sign-in that a lost session asked for. */
  retryNow(): void {
    const { connection } = this.#state;
    if (connection.kind === 'waiting' || (connection.kind === 'lost' && connection.code === CloseCode.unauthorized)) this.#connect();
  }

  /** Leaves; the session goes on. Nothing is called back after it. */
  dispose(): void {
    this.#disposed = true;
    this.#socket.stopWaiting();
    this.#socket.drop();
  }

  // --- the socket ---

  socketOpened(socket: ClientSocket): void {
    if (!this.#socket.isCurrent(socket)) return;
    this.#socket.heard();
    this.#toldSize = this.#size;
    this.#output.toldParsed();
    const { position, base, parsedOffset: parsed, windowBytes } = this.#output;
    const { stream, typed } = this.#input;
    const from = { position, base, typed, parsed, stream, connection: ++this.#connection, watch: this.#watch };
    const which = { ticket: this.#ticket, session: this.#session, key: this.#key, previous: this.#previous };
    this.#socket.send(helloFrame({ ...which, ...from, ...this.#size, windowBytes, lost: this.#lostInput.streams }));
  }

  socketMessage(socket: ClientSocket, frame: Uint8Array): void {
    if (!this.#socket.isCurrent(socket)) return;
    this.#socket.heard();
    if (isLogEntry(frame[0] ?? 0)) {
      const entry = decodeEntry(frame);
      if (!entry || !this.#output.entry(entry)) this.#refuse();
      else if (this.#state.connection.kind !== 'ended') this.#change(this.#output.shown);
      return;
    }
    const decoded = decodeServerFrame(frame);
    if (decoded.ok) this.#frame(decoded.frame);
    else if (!decoded.unknownType) this.#refuse();
  }

  socketClosed(socket: ClientSocket, code: number, text: string): void {
    if (!this.#socket.isCurrent(socket)) return;
    this.#socket.drop();
    const told = this.#closeTold ?? { code, text };
    this.#closeTold = undefined;
    // This socket is the newest of this client: what moved on is the session, past a stream whose names are spent (RS5).
    if (told.code === CloseCode.moved) this.#changeStream();
    if (mayComeBack(told.code) || (told.code === CloseCode.badTicket && !this.#session)) this.#wait(told.code, told.text);
    else this.#over({ kind: 'lost', ...told });
  }

  #connect(): void {
    this.#socket.stopWaiting();
    this.#change({ connection: { kind: 'connecting', tries: this.#socket.tries } });
    if (this.#session) return this.#socket.open();
    this.#host.ticket((answer) => {
      if (this.#disposed) return;
      if ('ticket' in answer) {
        this.#ticket = answer.ticket;
        this.#socket.open();
      } else if (answer.final) this.#over({ kind: 'lost', code: CloseCode.forbidden, text: answer.text });
      else this.#wait(0, answer.text);
    });
  }

  #send(frame: ClientFrame): void {
    this.#socket.send(encodeClientFrame(frame));
  }

  /** Ends this socket from our side and comes back. */
  #drop(code: number, text: string): void {
    this.#closeTold = undefined;
    if (this.#socket.drop()) this.#wait(code, text);
  }

  #wait(code: number, text: string): void {
    this.#change({ connection: { kind: 'waiting', retryMs: this.#socket.waitLonger(), code, text } });
  }

  #over(connection: Extract<ClientState['connection'], { kind: 'lost' | 'ended' }>): void {
    this.#socket.stopWaiting();
    this.#socket.drop();
    if (connection.kind === 'ended') {
      this.#changeStream();
      this.#lostInput.nobodyKnows();
    }
    this.#change({ connection, driving: false, ...this.#lostInput.shown, ...this.#output.shown });
  }

  // --- frames ---

  #frame(frame: ServerFrame): void {
    switch (frame.kind) {
      case 'attached':
        return this.#attached(frame);
      case 'inputAck':
        this.#input.acknowledged(frame.accepted, frame.typed);
        this.#sendInput();
        return this.#change({ ...this.#input.shown });
      case 'gap':
        this.#output.gap(frame, frame.to, frame.adoptCrc);
        return this.#change(this.#output.shown);
      case 'rewound':
        this.#output.rewound(frame.to, frame.adoptCrc);
        return this.#change(this.#output.shown);
      case 'pong':
        return this.#change({ edgeRttMs: (pingToken(this.#host) - frame.token) >>> 0 });
      case 'status':
        return this.#status(frame.status);
      case 'close':
        this.#closeTold = { code: frame.code, text: frame.text };
    }
  }

  #attached(attached: Attached): void {
    this.#socket.joined();
    this.#session = attached.session;
    if (attached.key) this.#key = attached.key;
    this.#previous = undefined;
    // What the last edge said of its own leg is over; the worker's is as it was until this edge knows better.
    const { worker } = this.#state.status;
    const status = worker ? { worker } : {};
    this.#change({ connection: { kind: 'attached', edge: attached.edge }, session: attached.session, status });
    this.#controlled(attached.control);
    // Parsed since the request to join was sent: an edge without credit waits for this, and nothing else would say it.
    this.#acknowledge();
    this.#save();
  }

  #controlled(control: Control): void {
    if (control.driving) {
      this.#takeWhenJoined = false;
      if (control.stream !== this.#input.stream) return;
      this.#input.startAt(control.next);
      this.#change({ driving: true, ...this.#input.shown });
      this.#sendSize();
      this.#sendInput();
      return;
    }
    if (this.#takeWhenJoined) return this.takeControl();
    if (control.cause === 'driver-silent') return this.takeControl(control.fence);
    if (control.cause !== 'ended') this.#watch = true;
    this.#changeStream({ driving: false });
  }

  /** Names are never reused: after every loss of control input has a new stream (RS4). */
  #changeStream(also: Partial<ClientState> = {}): void {
    this.#lostInput.gaveUp(this.#input);
    this.#input = InputKeeper.ofNewStream(this.#host);
    this.#connection = 1;
    this.#change({ ...this.#input.shown, ...this.#lostInput.shown, ...also });
  }

  #status(status: SessionStatus): void {
    const { control, closed, headOffset, ...shown } = status;
    if (headOffset !== undefined) this.#output.headOffset = headOffset;
    this.#change({ status: { ...this.#state.status, ...shown } });
    if (control) {
      this.#controlled(control);
      this.#save();
    }
    if (!closed) return;
    const own = closed.stream === this.#input.stream;
    if (own) this.#changeStream();
    this.#lostInput.closed(closed.stream, closed.typed);
    this.#change(this.#lostInput.shown);
    if (!own) return;
    const again = this.#state.driving && closed.cause === CloseStreamCause.hole;
    this.#change({ driving: false });
    // Still ours to drive: bytes of it got lost on the way, and a new stream goes on behind them (RS6).
    if (again) this.takeControl();
  }

  /** A frame that does not fit: shown, counted, and asked for again from the last good position (WP3). */
  #refuse(): void {
    const again = this.#output.refused();
    this.#change(this.#output.shown);
    if (again) this.#drop(0, 'a frame failed its check');
    else this.#over({ kind: 'lost', code: CloseCode.protocol, text: 'the relay keeps sending frames that fail their check' });
  }

  #acknowledge(): void {
    if (this.#state.connection.kind !== 'attached') return;
    const ack = this.#output.dueAck();
    if (ack) this.#send({ kind: 'ack', ...ack });
  }

  #sendInput(): void {
    if (!this.#state.driving || this.#state.connection.kind !== 'attached') return;
    for (let piece = this.#input.nextPiece(); piece; piece = this.#input.nextPiece()) this.#send({ kind: 'input', ...piece });
  }

  /** Only the driver's size counts (DR1). */
  #sendSize(): void {
    const { cols, rows } = this.#size;
    if (!this.#state.driving || this.#state.connection.kind !== 'attached') return;
    if (cols === this.#toldSize.cols && rows === this.#toldSize.rows) return;
    this.#toldSize = this.#size;
    this.#send({ kind: 'resize', offset: this.#input.sent, cols, rows });
  }

  #save(): void {
    if (this.saved) this.#host.save(this.saved);
  }

  #change(part: Partial<ClientState>): void {
    this.#state = { ...this.#state, ...part };
    this.#host.changed(this.#state);
  }
}
