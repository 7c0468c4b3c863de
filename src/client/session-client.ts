import { type ClientFrame, encodeClientFrame } from '../protocol/client-frame.ts';
import { CloseCode, mayComeBack } from '../protocol/close-code.ts';
import { decodeEntry } from '../protocol/entry.ts';
import { isLogEntry } from '../protocol/frame-type.ts';
import { isClientStream, isSessionId, type SessionId } from '../protocol/ids.ts';
import type { Position } from '../protocol/position.ts';
import { type Attached, decodeServerFrame, type ServerFrame } from '../protocol/server-frame.ts';
import type { SessionStatus } from '../protocol/session-status.ts';
import type { ClientHost, ClientSocket, ClientState, Queued, SavedSession } from './client-host.ts';
import { Driving, type Size } from './driving.ts';
import { helloFrame } from './hello.ts';
import { OutputIntake } from './output-intake.ts';
import { pingToken, SocketKeeper } from './socket-keeper.ts';

/** For so long after it was attached a client does not believe that its session is unknown (LG11). */
const believesUnknownAfterMs = 15_000;

/**
 * The browser's end of a session: connects to any edge, checks every frame, acknowledges what was parsed, keeps input until it was
 * typed, and comes back after every break from where it was (RS1, RS4, WP3). Used unchanged by the page, the load driver and the tests.
 */
export class SessionClient {
  readonly #host: ClientHost;
  readonly #socket: SocketKeeper;
  readonly #output: OutputIntake;
  readonly #driving: Driving;
  #ticket: string | undefined;
  #session: SessionId | undefined;
  #key = '';
  /** When a socket of this client was last attached. */
  #knownAtMs = Number.NEGATIVE_INFINITY;
  #closeTold: { readonly code: number; readonly text: string } | undefined;
  #disposed = false;
  #state: ClientState;

  constructor(host: ClientHost) {
    this.#host = host;
    this.#driving = new Driving({
      randomBytes: (count) => host.randomBytes(count),
      joined: () => this.#state.connection.kind === 'attached',
      send: (frame) => this.#send(frame),
      changed: () => this.#change(this.#driving.shown),
    });
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
      status: {},
      edgeRttMs: undefined,
      ...this.#driving.shown,
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
    const { stream, former, connection: number } = this.#driving;
    return { session, key: this.#key, stream, former, connection: number, parsed };
  }

  /** Starts a new session. */
  start(size: Size): void {
    this.#driving.resized(size);
    this.#connect();
  }

  /** Joins a session of this tab again, after a page load; output comes from the beginning of the log. */
  startAgain(saved: SavedSession, size: Size): void {
    this.#driving.resized(size);
    if (!isSessionId(saved.session) || !isClientStream(saved.stream))
      return this.#over({ kind: 'lost', code: CloseCode.unknownSession, text: 'the saved session is not readable' });
    this.#session = saved.session;
    this.#key = saved.key;
    this.#driving.startAfter([saved.stream, ...(saved.former ?? []).filter(isClientStream)]);
    this.#output.replayBelow = saved.parsed;
    this.#connect();
  }

  /** Keys, pastes, mouse reports as bytes. @returns false when nothing was taken: not driving, ended, or too much un-typed */
  type(bytes: Uint8Array): boolean {
    const { kind } = this.#state.connection;
    return kind !== 'ended' && kind !== 'lost' && this.#driving.type(bytes);
  }

  /** Nothing will be typed behind what was: the end of a process's input, where there is no terminal (UP2). @returns false: not driving, or ended */
  endInput(): boolean {
    const { kind } = this.#state.connection;
    return kind !== 'ended' && kind !== 'lost' && this.#driving.endInput();
  }

  resized(cols: number, rows: number): void {
    this.#driving.resized({ cols, rows });
  }

  /** The terminal has parsed everything up to the output of this token. */
  parsed(token: number): void {
    this.#output.parsed(token);
  }

  /** Takes control from whoever drives, or only from a silent driver (DR1). What was kept for an earlier stream is not sent. */
  takeControl(ifFence?: number): void {
    this.#driving.takeControl(ifFence);
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
    this.#output.toldParsed();
    const { position, base, nonce, parsedOffset: parsed, windowBytes } = this.#output;
    const which = { ticket: this.#ticket, session: this.#session, key: this.#key };
    this.#socket.send(helloFrame({ ...which, position, base, nonce, parsed, windowBytes, ...this.#driving.nextHello() }));
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
    if (told.code === CloseCode.moved) this.#driving.changeStream();
    if (this.#state.connection.kind === 'attached') this.#knownAtMs = this.#host.now();
    if (this.#mayComeBack(told.code)) this.#wait(told.code, told.text);
    else this.#over({ kind: 'lost', ...told });
  }

  #mayComeBack(code: number): boolean {
    if (code === CloseCode.badTicket) return !this.#session;
    if (code === CloseCode.unknownSession) return this.#host.now() - this.#knownAtMs < believesUnknownAfterMs;
    return mayComeBack(code);
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
    if (frame.kind === 'input') this.#socket.asked();
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
    this.#driving.over(connection.kind === 'ended' ? connection.reason : undefined);
    this.#change({ connection, ...this.#driving.shown, ...this.#output.shown });
  }

  // --- frames ---

  #frame(frame: ServerFrame): void {
    switch (frame.kind) {
      case 'attached':
        return this.#attached(frame);
      case 'inputAck':
        return this.#driving.acknowledged(frame.accepted, frame.typed, frame.endOfInput);
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
    // What the last edge said of its own leg is over; the worker's is as it was until this edge knows better.
    const { worker } = this.#state.status;
    const status = worker ? { worker } : {};
    this.#change({ connection: { kind: 'attached', edge: attached.edge }, session: attached.session, status });
    this.#driving.attached(attached.control);
    // Parsed since the request to join was sent: an edge without credit waits for this, and nothing else would say it.
    this.#acknowledge();
    this.#save();
  }

  #status(status: SessionStatus): void {
    const { control, closed, headOffset, ...shown } = status;
    if (headOffset !== undefined) this.#output.headOffset = headOffset;
    this.#change({ status: { ...this.#state.status, ...shown } });
    if (control) {
      this.#driving.controlled(control);
      this.#save();
    }
    if (closed) this.#driving.closed(closed);
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

  #save(): void {
    if (this.saved) this.#host.save(this.saved);
  }

  #change(part: Partial<ClientState>): void {
    this.#state = { ...this.#state, ...part };
    this.#host.changed(this.#state);
  }
}
