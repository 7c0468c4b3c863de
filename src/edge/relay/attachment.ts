import { Backoff } from '../../base/backoff.ts';
import { sleep, type Timer } from '../../base/clock.ts';
import { LogFollower } from '../../broker/log-follower.ts';
import type { TakeAnswer, TakeMode } from '../../broker/log-store.ts';
import { LogReader } from '../../log/log-reader.ts';
import { takeNonce } from '../../log/nonce.ts';
import { type ClientFrame, decodeClientFrame, type Open, type Resume, type Viewport } from '../../protocol/client-frame.ts';
import { CloseCode } from '../../protocol/close-code.ts';
import { decodeEphemeral, type Ephemeral, encodeEphemeral } from '../../protocol/ephemeral.ts';
import type { ClientStream, SessionId, WorkerId } from '../../protocol/ids.ts';
import { browserDeadMs } from '../../protocol/limits.ts';
import { startOfLog } from '../../protocol/position.ts';
import { encodeServerFrame } from '../../protocol/server-frame.ts';
import type { Control, SessionStatus } from '../../protocol/session-status.ts';
import type { SessionRecord } from '../../session/session-record.ts';
import type { BrowserSocket, SocketEvents } from '../listener.ts';
import { requeueOpenMs } from './constants.ts';
import { InputLine } from './input-line.ts';
import { OutputLine } from './output-line.ts';
import type { RelayTools } from './relay-tools.ts';

/** How a client joined: what its input and output start from. */
interface Joined {
  readonly session: SessionRecord;
  readonly key?: string;
  readonly from: Pick<Resume, 'position' | 'base' | 'parsed' | 'typed'>;
}

/**
 * One browser socket on its session: opens or resumes it, forwards output within the client's credit, appends its input while it
 * drives, and tells it what changes (RS1, DR1, FC1). Nothing here outlives the socket.
 */
export class Attachment implements SocketEvents {
  readonly #socket: BrowserSocket;
  readonly #tools: RelayTools;
  readonly #subject: string;
  readonly #closing: () => void;
  readonly #abort = new AbortController();
  #state: 'new' | 'joining' | 'attached' | 'closed' = 'new';
  #session: SessionRecord | undefined;
  #viewport: Viewport = { cols: 80, rows: 24, windowBytes: 0 };
  #stream: ClientStream | undefined;
  #connection = 0;
  #output: OutputLine | undefined;
  #follower: LogFollower | undefined;
  #input: InputLine | undefined;
  #owner: WorkerId | undefined;
  #requeue: Timer | undefined;
  #silence: Timer;
  #heardAt: number;
  #brokerLost = false;

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
    return this.#owner;
  }

  message(bytes: Uint8Array): void {
    if (this.#state === 'closed') return;
    this.#heardAt = this.#tools.clock.now();
    const decoded = decodeClientFrame(bytes);
    if (decoded.ok) this.#frame(decoded.frame);
    else if (!decoded.unknownType) this.refuse(CloseCode.protocol, `broken frame: ${decoded.problem}`);
  }

  drained(): void {
    this.#follower?.resume();
  }

  closed(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#abort.abort();
    this.#requeue?.cancel();
    this.#silence.cancel();
    this.#output?.close();
    this.#follower?.close();
    this.#letGoOfInput();
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
        if (this.#input?.input(frame.offset, frame.bytes) === false) this.refuse(CloseCode.flow, 'more input than was granted');
        return;
      case 'resize':
        this.#viewport = { ...this.#viewport, cols: frame.cols, rows: frame.rows };
        return this.#input?.resize(frame.cols, frame.rows);
      case 'endOfInput':
        return this.#input?.endOfInput(frame.offset);
      case 'ack':
        if (this.#output?.ack(frame.outputFence, frame.offset, frame.windowBytes)) this.#tellCredit();
        return this.#follower?.resume();
      case 'takeControl':
        this.#stream = frame.stream;
        this.#connection = frame.connection;
        if (this.#state === 'attached') void this.#takeControl({ kind: 'force' }, 0);
        return;
      case 'skip':
        return this.#publishIn({ kind: 'skipOutput' });
      case 'end':
        return this.#input?.endRequest();
    }
  }

  async #join(frame: { readonly kind: 'open' | 'resume' } & (Open | Resume)): Promise<void> {
    this.#stream = frame.stream;
    this.#connection = frame.connection;
    this.#viewport = { cols: frame.cols, rows: frame.rows, windowBytes: frame.windowBytes };
    const joined = 'ticket' in frame ? await this.#create(frame) : await this.#find(frame);
    if (!joined || this.#state === 'closed') return;
    this.#session = joined.session;
    this.#output = new OutputLine(
      this.#socket,
      joined.from.position,
      { fence: joined.from.position.fence, offset: joined.from.parsed },
      frame.windowBytes,
    );
    const previous = 'previous' in frame && frame.previous ? { previous: frame.previous } : {};
    const watch = 'watch' in frame && frame.watch;
    const control: Control = watch
      ? { driving: false, cause: 'watching' }
      : await this.#take({ kind: 'resume', ...previous }, joined.from.typed);
    if (this.#isClosed()) return;
    if (!control.driving && control.cause === 'old-connection') return this.refuse(CloseCode.moved, 'this client has connected again');
    if ('ticket' in frame) await this.#enqueue(joined.session.id);
    else if (joined.session.state === 'waiting') this.#enqueueLater(joined.session.id);
    if (this.#isClosed()) return;
    this.#state = 'attached';
    const { id, target } = joined.session;
    const key = joined.key === undefined ? {} : { key: joined.key };
    this.#socket.send(encodeServerFrame({ kind: 'attached', session: id, edge: this.#tools.edge, control, target: { ...target }, ...key }));
    this.#follow(joined);
  }

  #isClosed(): boolean {
    return this.#state === 'closed';
  }

  async #create(open: Open): Promise<Joined | undefined> {
    const { broker, clock, newId, hash } = this.#tools;
    const ticket = await broker.tickets.take(open.ticket);
    if (!ticket) {
      this.refuse(CloseCode.badTicket, 'the ticket was used or is too old');
      return undefined;
    }
    if (ticket.subject !== this.#subject) {
      this.refuse(CloseCode.forbidden, 'the ticket is somebody else’s');
      return undefined;
    }
    const id = newId(21) as SessionId;
    const key = newId(32);
    const { target, subject, credential, detached, graceMs } = ticket;
    const size = { cols: open.cols, rows: open.rows };
    const record = { id, target, subject, credential, detached, graceMs, size, keyHash: hash(key), createdAtMs: clock.wallMs() };
    if (!(await broker.sessions.create(record))) throw new Error('session id taken');
    const from = { position: startOfLog, base: startOfLog, parsed: 0, typed: 0 };
    return { session: { ...record, state: 'waiting', owner: undefined, started: false }, key, from };
  }

  async #find(resume: Resume): Promise<Joined | undefined> {
    const { broker, hash, mayResume } = this.#tools;
    const session = await broker.sessions.read(resume.session);
    if (!session) {
      this.refuse(CloseCode.unknownSession, 'no such session, or its grace time is over');
      return undefined;
    }
    const allowed = session.keyHash === hash(resume.key) && session.subject === this.#subject && (await mayResume(session));
    if (!allowed) {
      this.refuse(CloseCode.forbidden, 'this session is somebody else’s');
      return undefined;
    }
    return { session, from: resume };
  }

  /** Queues the session for a worker, and again as long as none has claimed it (LS2). */
  async #enqueue(session: SessionId): Promise<void> {
    this.#enqueueLater(session);
    await this.#tools.broker.opens.push({ kind: 'open', session });
  }

  #enqueueLater(session: SessionId): void {
    this.#requeue = this.#tools.clock.after(requeueOpenMs, () => {
      if (this.#owner === undefined) void this.#enqueue(session).catch(() => {});
    });
  }

  #follow(joined: Joined): void {
    const { broker, channels } = this.#tools;
    const output = this.#output;
    if (!output) return;
    const reader = new LogReader(output, joined.from.position, joined.from.base);
    this.#follower = new LogFollower(
      broker.logs,
      channels,
      { session: joined.session.id, log: 'out' },
      reader,
      {
        ephemeral: (frame) => {
          const told = decodeEphemeral(frame);
          if (told) this.#told(told);
        },
        owner: (owner) => {
          this.#owner = owner;
        },
        unknown: () => this.refuse(CloseCode.notYet, 'the session’s keys are missing'),
        connected: (connected) => this.#connected(connected),
      },
      this.#tools,
    );
    this.#follower.start();
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
        if (told.stream === this.#input?.stream) this.#input.typedUpTo(told.typed, told.endOfInput);
        return;
      case 'closed':
        return this.tell({ closed: { stream: told.stream, typed: told.typed, cause: told.cause } });
      case 'workerStatus': {
        this.#owner = told.status.worker as WorkerId;
        const { driver } = told.status;
        if (this.#input && driver && driver.fence > this.#input.fence) this.#loseControl('replaced');
        return this.tell({ worker: told.status });
      }
      default:
        return;
    }
  }

  // --- control ---

  async #takeControl(mode: TakeMode, typed: number): Promise<void> {
    const control = await this.#take(mode, typed);
    this.tell({ control });
  }

  /** Takes the input log for this client; a broker that does not answer is asked again while the socket lives. */
  async #take(mode: TakeMode, typed: number): Promise<Control> {
    this.#input?.close();
    this.#input = undefined;
    const answer = await this.#askTake(mode, typed);
    if (!answer || this.#isClosed()) return { driving: false, cause: 'ended' };
    switch (answer.kind) {
      case 'taken': {
        const line = new InputLine(
          this.#session?.id as SessionId,
          answer,
          typed,
          { ...this.#tools, store: this.#tools.broker.logs },
          {
            acknowledge: (accepted, typedNow, endOfInput) => {
              this.#socket.send(encodeServerFrame({ kind: 'inputAck', accepted, typed: typedNow, endOfInput }));
            },
            lost: (verdict) => {
              if (verdict === 'take-again') void this.#takeControl({ kind: 'resume' }, line.typed);
              else this.#loseControl(verdict === 'replaced' ? 'replaced' : 'ended');
            },
          },
        );
        this.#input = line;
        return { driving: true, stream: line.stream, next: line.next };
      }
      case 'old-connection':
        return { driving: false, cause: 'old-connection' };
      case 'driven-by-another':
        return { driving: false, cause: 'driven-by-another' };
      default:
        return { driving: false, cause: 'ended' };
    }
  }

  async #askTake(mode: TakeMode, typed: number): Promise<TakeAnswer | undefined> {
    const { broker, clock, random, edge } = this.#tools;
    const { cols, rows, windowBytes } = this.#viewport;
    const [session, stream, credit] = [this.#session?.id, this.#stream, this.#output?.credit];
    if (!session || !stream || !credit) return undefined;
    const driver = {
      stream,
      connection: this.#connection,
      cols,
      rows,
      credit: { outputFence: credit.fence, offset: credit.offset, windowBytes: windowBytes || credit.windowBytes },
    };
    const request = { nonce: takeNonce(random), writer: edge, driver, typed, mode };
    const backoff = new Backoff(random, 50, 1000);
    while (!this.#isClosed()) {
      try {
        return await broker.logs.takeInput(session, request);
      } catch {
        await sleep(clock, backoff.nextMs(), this.#abort.signal);
      }
    }
    return undefined;
  }

  #loseControl(cause: 'replaced' | 'ended'): void {
    this.#input?.close();
    this.#input = undefined;
    this.tell({ control: { driving: false, cause } });
  }

  /** DR2: the socket is gone, so nobody drives, unless somebody else does already. */
  #letGoOfInput(): void {
    const [input, session] = [this.#input, this.#session];
    this.#input = undefined;
    if (!input || !session) return;
    input.close();
    const frame = encodeEphemeral({ input: input.fence, output: 0 }, { kind: 'detach' });
    this.#tools.broker.logs.publish({ session: session.id, log: 'in' }, frame);
    this.#tools.broker.logs.leave(session.id, input.fence).catch(() => {});
  }

  #tellCredit(): void {
    const credit = this.#output?.credit;
    if (!credit || !this.#input) return;
    this.#output?.told();
    this.#publishIn({ kind: 'credit', offset: credit.offset, windowBytes: credit.windowBytes }, credit.fence);
  }

  #publishIn(
    body: { readonly kind: 'skipOutput' } | { readonly kind: 'credit'; offset: number; windowBytes: number },
    outputFence = 0,
  ): void {
    if (!this.#session || !this.#input) return;
    const frame = encodeEphemeral({ input: this.#input.fence, output: outputFence }, body);
    this.#tools.broker.logs.publish({ session: this.#session.id, log: 'in' }, frame);
  }

  #watchSilence(): Timer {
    const { clock } = this.#tools;
    return clock.after(this.#heardAt + browserDeadMs - clock.now(), () => {
      if (clock.now() - this.#heardAt >= browserDeadMs) this.refuse(CloseCode.silent, 'no sign of life');
      else this.#silence = this.#watchSilence();
    });
  }
}
