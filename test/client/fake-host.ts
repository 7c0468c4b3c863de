import type { ClientHost, ClientSocket, ClientState, SavedSession } from '../../src/client/client-host.ts';
import { SessionClient } from '../../src/client/session-client.ts';
import { type ClientFrame, decodeClientFrame } from '../../src/protocol/client-frame.ts';
import type { SessionId } from '../../src/protocol/ids.ts';
import { encodeServerFrame, type ServerFrame } from '../../src/protocol/server-frame.ts';
import type { Control } from '../../src/protocol/session-status.ts';

export const sessionId = 'session-0123456789' as SessionId;

/** One socket that the client opened, seen from the relay's side. */
export class FakeClientSocket implements ClientSocket {
  readonly frames: ClientFrame[] = [];
  closed = false;
  readonly #client: () => SessionClient;

  constructor(client: () => SessionClient) {
    this.#client = client;
  }

  send(frame: Uint8Array): void {
    const decoded = decodeClientFrame(frame);
    if (!decoded.ok) throw new Error(`the client sent a broken frame: ${decoded.problem}`);
    this.frames.push(decoded.frame);
  }

  close(): void {
    this.closed = true;
  }

  opened(): void {
    this.#client().socketOpened(this);
  }

  entry(frame: Uint8Array): void {
    this.#client().socketMessage(this, frame);
  }

  tell(frame: ServerFrame): void {
    this.#client().socketMessage(this, encodeServerFrame(frame));
  }

  lost(code = 1006, text = ''): void {
    this.#client().socketClosed(this, code, text);
  }

  sent<Kind extends ClientFrame['kind']>(kind: Kind): Extract<ClientFrame, { kind: Kind }>[] {
    return this.frames.filter((frame): frame is Extract<ClientFrame, { kind: Kind }> => frame.kind === kind);
  }

  /** The `open` or `resume` that this socket began with. */
  get hello(): Extract<ClientFrame, { kind: 'open' | 'resume' }> {
    const first = this.frames[0];
    if (first?.kind !== 'open' && first?.kind !== 'resume') throw new Error(`no hello but ${first?.kind}`);
    return first;
  }
}

/** A page without a browser: a clock that the test moves, sockets that the test answers, and all that was shown. */
export class FakeHost implements ClientHost {
  readonly client: SessionClient;
  readonly sockets: FakeClientSocket[] = [];
  readonly shown: { kind: string; [field: string]: unknown }[] = [];
  readonly saves: SavedSession[] = [];
  tickets: ({ readonly ticket: string } | { readonly text: string; readonly final: boolean })[] = [];
  state: ClientState;
  /** Whether output counts as parsed at once; otherwise the test calls `client.parsed`. */
  parsesAtOnce = true;
  readonly tokens: number[] = [];
  text = '';
  #now = 1000;
  #timers: { atMs: number; run: () => void }[] = [];
  #bytes = 0;

  constructor() {
    this.client = new SessionClient(this);
    this.state = this.client.state;
  }

  get socket(): FakeClientSocket {
    const last = this.sockets.at(-1);
    if (!last) throw new Error('no socket was opened');
    return last;
  }

  /** A client that has opened a session and drives it. */
  static attached(): FakeHost {
    const host = new FakeHost();
    host.client.start({ cols: 80, rows: 24 });
    host.socket.opened();
    host.answer();
    return host;
  }

  /** The relay's answer to the hello of the newest socket. */
  answer(next = 0, control?: Control): void {
    const { hello } = this.socket;
    const key = hello.kind === 'open' ? { key: 'k'.repeat(32) } : {};
    const driving: Control = { driving: true, stream: hello.stream, next };
    this.socket.tell({ kind: 'attached', session: sessionId, edge: 'edge-1', control: control ?? driving, target: {}, ...key });
  }

  advance(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      const due = this.#timers.filter((timer) => timer.atMs <= until).sort((a, b) => a.atMs - b.atMs)[0];
      if (!due) break;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      this.#now = due.atMs;
      due.run();
    }
    this.#now = until;
  }

  ticket(done: (answer: { readonly ticket: string } | { readonly text: string; readonly final: boolean }) => void): void {
    done(this.tickets.shift() ?? { ticket: 'ticket-1' });
  }

  connect(): ClientSocket {
    const socket = new FakeClientSocket(() => this.client);
    this.sockets.push(socket);
    return socket;
  }

  now(): number {
    return this.#now;
  }

  after(delayMs: number, run: () => void): { cancel(): void } {
    const timer = { atMs: this.#now + delayMs, run };
    this.#timers.push(timer);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      },
    };
  }

  random(): number {
    return 0;
  }

  randomBytes(count: number): Uint8Array {
    this.#bytes++;
    return new Uint8Array(count).fill(this.#bytes);
  }

  output(bytes: Uint8Array, source: 'stdout' | 'stderr', token: number, replayed: boolean): void {
    this.text += new TextDecoder().decode(bytes);
    this.shown.push({ kind: 'output', source, replayed, size: bytes.length });
    if (this.parsesAtOnce) this.client.parsed(token);
    else this.tokens.push(token);
  }

  gap(gap: { readonly sizeBytes: number; readonly cause: number }): void {
    this.shown.push({ kind: 'gap', sizeBytes: gap.sizeBytes, cause: gap.cause });
  }

  rewound(bytes: number): void {
    this.shown.push({ kind: 'rewound', bytes });
  }

  mark(text: string): void {
    this.shown.push({ kind: 'mark', text });
  }

  changed(state: ClientState): void {
    this.state = state;
  }

  save(saved: SavedSession): void {
    this.saves.push(saved);
  }
}
