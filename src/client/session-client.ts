import { encodeClientFrame } from '../protocol/client-frame.ts';
import { CloseCode, mayComeBack } from '../protocol/close-code.ts';
import { type EndReason, parseEndReason } from '../protocol/end-reason.ts';
import { decodeEntry, type Entry, entryContent, entryPayload, OutputFlag } from '../protocol/entry.ts';
import { FrameType, isLogEntry } from '../protocol/frame-type.ts';
import { type Gap, GapCause, gapOf } from '../protocol/gap.ts';
import { type ClientStream, isClientStream, isSessionId, readStream, type SessionId } from '../protocol/ids.ts';
import { decodeJsonObject } from '../protocol/json.ts';
import { browserDeadMs, browserPingMs } from '../protocol/limits.ts';
import type { Position } from '../protocol/position.ts';
import { type Attached, decodeServerFrame, type ServerFrame } from '../protocol/server-frame.ts';
import type { Control, SessionStatus } from '../protocol/session-status.ts';
import { decodeUtf8 } from '../protocol/utf8.ts';
import type { ClientHost, ClientSocket, ClientState, SavedSession } from './client-host.ts';
import { InputKeeper } from './input-keeper.ts';
import { OutputCheck } from './output-check.ts';
import { ParseLedger } from './parse-ledger.ts';
import { ParseMeter } from './parse-meter.ts';

const retry = { firstMs: 150, mostMs: 5000 } as const;

/** Frames refused in a row, over as many connections: then it is not the network, and coming again would never end (WP3). */
const mostRefusals = 5;

/**
 * The browser's end of a session: connects to any edge, checks every frame, acknowledges what was parsed, keeps input until it was
 * typed, and comes back after every break from where it was (RS1, RS4, WP3). Used unchanged by the page, the load driver and the tests.
 */
export class SessionClient {
  readonly #host: ClientHost;
  #socket: ClientSocket | undefined;
  #timer: { cancel(): void } | undefined;
  #pinger: { cancel(): void } | undefined;
  #heardAt = 0;
  #tries = 0;
  #ticket: string | undefined;
  #session: SessionId | undefined;
  #key = '';
  #previous: ClientStream | undefined;
  #connection = 0;
  #input: InputKeeper;
  readonly #check = new OutputCheck();
  readonly #meter: ParseMeter;
  #size = { cols: 80, rows: 24 };
  #watch = false;
  readonly #ledger = new ParseLedger();
  #ackedOffset = 0;
  /** Output below it was on the screen of the page before this one (`startAgain`). */
  #replayBelow = 0;
  /** Frames refused since the last good one. */
  #refusals = 0;
  #sentSize = '';
  #disposed = false;
  #closeTold: { code: number; text: string } | undefined;
  #lostStreams: Array<{ readonly stream: ClientStream; readonly end: number }> = [];
  #state: ClientState;

  constructor(host: ClientHost) {
    this.#host = host;
    this.#input = new InputKeeper(this.#newStream());
    this.#meter = new ParseMeter(() => host.now());
    this.#state = {
      connection: { kind: 'connecting', tries: 0 },
      session: undefined,
      driving: false,
      untypedBytes: 0,
      status: {},
      edgeRttMs: undefined,
      faults: { mismatches: 0, gaps: 0, gapBytes: 0, rewinds: 0 },
      notSentBytes: 0,
      receivedBytes: 0,
    };
  }

  get state(): ClientState {
    return this.#state;
  }

  get position(): Position {
    return this.#check.position;
  }

  /** Starts a new session. */
  start(size: { readonly cols: number; readonly rows: number }): void {
    this.#size = size;
    this.#connect();
  }

  /** What a later page needs to join this session; undefined before there is one and when it is over. */
  get saved(): SavedSession | undefined {
    const { session, connection } = this.#state;
    if (!session || connection.kind === 'ended') return undefined;
    const parsed = Math.max(this.#ledger.parsed.offset, this.#replayBelow);
    return { session, key: this.#key, stream: this.#input.stream, connection: this.#connection, parsed };
  }

  /** Joins a session of this tab again, after a page load; output comes from the beginning of the log. */
  startAgain(saved: SavedSession, size: { readonly cols: number; readonly rows: number }): void {
    this.#size = size;
    if (!isSessionId(saved.session) || !isClientStream(saved.stream)) {
      this.#lost(CloseCode.unknownSession, 'the saved session is not readable');
      return;
    }
    this.#session = saved.session;
    this.#key = saved.key;
    this.#previous = saved.stream;
    this.#replayBelow = saved.parsed;
    this.#connect();
  }

  /** Keys, pastes, mouse reports as bytes. @returns false when nothing was taken: not driving, ended, or too much un-typed */
  type(bytes: Uint8Array): boolean {
    const { kind } = this.#state.connection;
    if (kind === 'ended' || kind === 'lost' || this.#watch || (kind === 'attached' && !this.#state.driving)) return false;
    if (!this.#input.keep(bytes)) return false;
    this.#sendInput();
    this.#change({ untypedBytes: this.#input.untypedBytes });
    return true;
  }

  resized(cols: number, rows: number): void {
    if (cols === this.#size.cols && rows === this.#size.rows) return;
    this.#size = { cols, rows };
    this.#sendSize();
  }

  /** The terminal has parsed everything up to the output of this token. */
  parsed(token: number): void {
    this.#meter.parsed(this.#ledger.returned(token), this.#ledger.idle);
    this.#acknowledge(false);
  }

  /** Takes control from whoever drives (DR1). What was kept for an earlier stream is not sent. */
  takeControl(): void {
    this.#watch = false;
    this.#changeStream();
    this.#send(encodeClientFrame({ kind: 'takeControl', stream: this.#input.stream, connection: this.#connection }));
  }

  skip(): void {
    this.#send(encodeClientFrame({ kind: 'skip' }));
  }

  /** Ends the session for everybody. */
  end(): void {
    this.#send(encodeClientFrame({ kind: 'end' }));
  }

  /** Tries at once instead of waiting; also after the sign-in that a lost session asked for. */
  retryNow(): void {
    const { connection } = this.#state;
    if (connection.kind === 'waiting' || (connection.kind === 'lost' && connection.code === CloseCode.unauthorized)) this.#connect();
  }

  /** Leaves; the session goes on. Nothing is called back after it. */
  dispose(): void {
    this.#disposed = true;
    this.#timer?.cancel();
    this.#pinger?.cancel();
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
  }

  // --- the socket ---

  socketOpened(socket: ClientSocket): void {
    if (socket !== this.#socket) return;
    this.#heardAt = this.#host.now();
    const viewport = { ...this.#size, windowBytes: this.#meter.windowBytes };
    this.#sentSize = sizeText(this.#size);
    this.#ackedOffset = this.#ledger.parsed.offset;
    const { stream } = this.#input;
    const connection = ++this.#connection;
    if (!this.#session) {
      this.#send(encodeClientFrame({ kind: 'open', ticket: this.#ticket ?? '', stream, connection, ...viewport }));
      return;
    }
    const { position, base } = this.#check;
    const from = { position, base, typed: this.#input.typed, parsed: this.#ledger.parsed.offset };
    const previous = this.#previous ? { previous: this.#previous } : {};
    const who = { session: this.#session, key: this.#key, stream, connection, watch: this.#watch };
    this.#send(encodeClientFrame({ kind: 'resume', ...who, ...from, ...previous, ...viewport }));
  }

  socketMessage(socket: ClientSocket, frame: Uint8Array): void {
    if (socket !== this.#socket) return;
    this.#heardAt = this.#host.now();
    if (isLogEntry(frame[0] ?? 0)) {
      const entry = decodeEntry(frame);
      if (entry) this.#entry(entry);
      else this.#refuse();
      return;
    }
    const decoded = decodeServerFrame(frame);
    if (decoded.ok) this.#frame(decoded.frame);
    else if (!decoded.unknownType) this.#refuse();
  }

  socketClosed(socket: ClientSocket, code: number, text: string): void {
    if (socket !== this.#socket) return;
    this.#socket = undefined;
    this.#pinger?.cancel();
    if (this.#state.connection.kind === 'ended') return;
    const told = this.#closeTold ?? { code, text };
    this.#closeTold = undefined;
    if (told.code === CloseCode.badTicket && !this.#session) this.#wait(told.code, told.text);
    else if (mayComeBack(told.code)) this.#wait(told.code, told.text);
    else this.#lost(told.code, told.text);
  }

  #connect(): void {
    this.#timer?.cancel();
    this.#change({ connection: { kind: 'connecting', tries: this.#tries } });
    if (this.#session) {
      this.#openSocket();
      return;
    }
    this.#host.ticket((answer) => {
      if (this.#disposed) return;
      if ('ticket' in answer) {
        this.#ticket = answer.ticket;
        this.#openSocket();
      } else if (answer.final) this.#lost(CloseCode.forbidden, answer.text);
      else this.#wait(0, answer.text);
    });
  }

  #openSocket(): void {
    const old = this.#socket;
    this.#heardAt = this.#host.now();
    this.#socket = this.#host.connect();
    old?.close();
    this.#pingLater();
  }

  #pingLater(): void {
    this.#pinger?.cancel();
    this.#pinger = this.#host.after(browserPingMs, () => {
      if (!this.#socket) return;
      if (this.#host.now() - this.#heardAt > browserDeadMs) {
        this.#drop(CloseCode.silent, 'the relay did not answer');
        return;
      }
      this.#ping();
      this.#pingLater();
    });
  }

  #ping(): void {
    this.#send(encodeClientFrame({ kind: 'ping', token: Math.floor(this.#host.now()) >>> 0 }));
  }

  #send(frame: Uint8Array): void {
    this.#socket?.send(frame);
  }

  /** Ends this socket from our side and comes back. */
  #drop(code: number, text: string): void {
    const socket = this.#socket;
    if (!socket) return;
    this.socketClosed(socket, code, text);
    socket.close();
  }

  #wait(code: number, text: string): void {
    const full = Math.min(retry.mostMs, retry.firstMs * 2 ** Math.min(this.#tries, 10));
    const retryMs = Math.round(full * (0.5 + this.#host.random() / 2));
    this.#tries++;
    this.#change({ connection: { kind: 'waiting', retryMs, code, text } });
    this.#timer?.cancel();
    this.#timer = this.#host.after(retryMs, () => this.#connect());
  }

  #lost(code: number, text: string): void {
    this.#change({ connection: { kind: 'lost', code, text }, driving: false });
  }

  // --- frames ---

  #frame(frame: ServerFrame): void {
    switch (frame.kind) {
      case 'attached':
        return this.#attached(frame);
      case 'inputAck':
        this.#input.acknowledged(frame.accepted, frame.typed);
        this.#sendInput();
        return this.#change({ untypedBytes: this.#input.untypedBytes });
      case 'gap':
        return this.#gap(frame, frame.to, frame.adoptCrc);
      case 'rewound':
        return this.#rewound(frame.to, frame.adoptCrc);
      case 'pong':
        return this.#change({ edgeRttMs: Math.max(0, (Math.floor(this.#host.now()) >>> 0) - frame.token) });
      case 'status':
        return this.#status(frame.status);
      case 'close':
        this.#closeTold = frame;
        return;
    }
  }

  #attached(attached: Attached): void {
    this.#tries = 0;
    this.#session = attached.session;
    if (attached.key) this.#key = attached.key;
    this.#previous = undefined;
    // What the last edge said of its own leg is over; the worker's is as it was until this edge knows better.
    const { worker } = this.#state.status;
    const status = worker ? { worker } : {};
    this.#change({ connection: { kind: 'attached', edge: attached.edge }, session: attached.session, status });
    this.#controlled(attached.control);
    this.#ping();
    this.#save();
  }

  #save(): void {
    const { saved } = this;
    if (saved) this.#host.save(saved);
  }

  #sendSize(): void {
    const text = sizeText(this.#size);
    if (!this.#state.driving || this.#state.connection.kind !== 'attached' || text === this.#sentSize) return;
    this.#sentSize = text;
    this.#send(encodeClientFrame({ kind: 'resize', offset: this.#input.sent, ...this.#size }));
  }

  #controlled(control: Control): void {
    if (control.driving && control.stream === this.#input.stream) {
      this.#input.startAt(control.next);
      this.#change({ driving: true });
      this.#sendSize();
      this.#sendInput();
    } else if (!control.driving) {
      if (control.cause === 'replaced' || control.cause === 'driven-by-another' || control.cause === 'old-connection') this.#watch = true;
      this.#changeStream();
      this.#change({ driving: false });
    }
  }

  /** Names are never reused: after every loss of control input has a new stream (RS4). */
  #changeStream(): void {
    const { stream, untypedBytes, typed } = this.#input;
    if (untypedBytes > 0) this.#lostStreams.push({ stream, end: typed + untypedBytes });
    this.#input = new InputKeeper(this.#newStream());
    this.#connection = 1;
    this.#change({ untypedBytes: 0 });
  }

  #status(status: SessionStatus): void {
    this.#change({ status: { ...this.#state.status, ...status } });
    if (status.control) this.#controlled(status.control);
    const { closed } = status;
    const lost = closed && this.#lostStreams.find((old) => old.stream === closed.stream);
    if (closed && lost) {
      this.#lostStreams = this.#lostStreams.filter((old) => old !== lost);
      this.#change({ notSentBytes: this.#state.notSentBytes + Math.max(0, lost.end - closed.typed) });
    } else if (closed && closed.stream === this.#input.stream) {
      const notSent = this.#input.typed + this.#input.untypedBytes - closed.typed;
      this.#input = new InputKeeper(this.#newStream());
      this.#change({ notSentBytes: this.#state.notSentBytes + Math.max(0, notSent), untypedBytes: 0, driving: false });
    }
  }

  #entry(entry: Entry): void {
    const before = this.#check.position;
    const verdict = this.#check.check(entry);
    if (verdict === 'refused') return this.#refuse();
    this.#refusals = 0;
    if (verdict === 'adopted') this.#countGap({ sizeBytes: Math.max(0, entry.offset - before.offset), cause: GapCause.damaged });
    const content = entryContent(entry);
    switch (entry.type) {
      case FrameType.outputData:
        return this.#output(content, entry.flags & OutputFlag.stderr ? 'stderr' : 'stdout');
      case FrameType.outputGap: {
        const gap = gapOf(entry);
        if (gap) this.#countGap(gap);
        return this.#movedOn();
      }
      case FrameType.outputMark:
        this.#host.mark(decodeUtf8(entryPayload(entry)) ?? '');
        return this.#movedOn();
      case FrameType.outputExit:
        return this.#exit(parseEndReason(decodeJsonObject(entryPayload(entry))));
      default:
        return this.#movedOn();
    }
  }

  #output(bytes: Uint8Array, source: 'stdout' | 'stderr'): void {
    const to = this.#check.position;
    const token = this.#ledger.given(bytes.length, to);
    this.#meter.given();
    this.#change({ receivedBytes: this.#state.receivedBytes + bytes.length });
    this.#host.output(bytes, source, token, to.offset <= this.#replayBelow);
  }

  #exit(reason: EndReason | undefined): void {
    const shown: EndReason = reason ?? { kind: 'no-status', message: 'The session ended.' };
    this.#change({ connection: { kind: 'ended', reason: shown }, driving: false, untypedBytes: 0 });
    this.#pinger?.cancel();
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
  }

  #gap(gap: Gap, to: Position, adoptCrc: boolean): void {
    this.#check.moveTo(to, adoptCrc);
    if (gap.sizeBytes > 0) this.#countGap(gap);
    this.#movedOn();
  }

  #countGap(gap: Gap): void {
    const { faults } = this.#state;
    this.#change({ faults: { ...faults, gaps: faults.gaps + 1, gapBytes: faults.gapBytes + gap.sizeBytes } });
    this.#host.gap(gap);
  }

  #rewound(to: Position, adoptCrc: boolean): void {
    const bytes = Math.max(0, this.#check.position.offset - to.offset);
    this.#check.moveTo(to, adoptCrc);
    this.#ledger.rewound(to);
    this.#ackedOffset = Math.min(this.#ackedOffset, to.offset);
    const { faults } = this.#state;
    this.#change({ faults: { ...faults, rewinds: faults.rewinds + 1 } });
    this.#host.rewound(bytes);
    this.#movedOn();
  }

  /** A frame without output moves the parsed position as parsed bytes do (FC2). */
  #movedOn(): void {
    this.#ledger.movedOn(this.#check.position);
    this.#acknowledge(false);
  }

  /** A frame that does not fit: shown, counted, and asked for again from the last good position (WP3). */
  #refuse(): void {
    const { faults } = this.#state;
    this.#change({ faults: { ...faults, mismatches: faults.mismatches + 1 } });
    if (++this.#refusals < mostRefusals) {
      this.#drop(0, 'a frame failed its check');
      return;
    }
    const socket = this.#socket;
    this.#socket = undefined;
    this.#lost(CloseCode.protocol, 'the relay keeps sending frames that fail their check');
    socket?.close();
  }

  #acknowledge(now: boolean): void {
    const { offset, fence } = this.#ledger.parsed;
    const { windowBytes } = this.#meter;
    if (!now && offset - this.#ackedOffset < windowBytes / 4) return;
    if (this.#state.connection.kind !== 'attached') return;
    this.#ackedOffset = offset;
    this.#send(encodeClientFrame({ kind: 'ack', outputFence: fence, offset, windowBytes }));
  }

  #sendInput(): void {
    if (!this.#state.driving || this.#state.connection.kind !== 'attached') return;
    for (let piece = this.#input.nextPiece(); piece; piece = this.#input.nextPiece()) {
      this.#send(encodeClientFrame({ kind: 'input', ...piece }));
    }
  }

  #newStream(): ClientStream {
    return readStream(this.#host.randomBytes(16), 0);
  }

  #change(part: Partial<ClientState>): void {
    this.#state = { ...this.#state, ...part };
    this.#host.changed(this.#state);
  }
}

function sizeText(size: { readonly cols: number; readonly rows: number }): string {
  return `${size.cols}x${size.rows}`;
}
