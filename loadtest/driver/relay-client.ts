import { randomBytes } from 'node:crypto';
import WebSocket from 'ws';
import type { ClientHost, ClientSocket, ClientState, SavedSession } from '../../src/client/client-host.ts';
import { SessionClient } from '../../src/client/session-client.ts';
import type { Gap } from '../../src/protocol/gap.ts';
import { maxServerFrameBytes } from '../../src/protocol/limits.ts';

/** What the owner of a client hears. Everything is optional: a load driver wants other things than a test. */
export interface RelayClientEvents {
  /** Bytes in order, as the terminal would parse them. Return a promise to be slow: the output is parsed when it resolves. */
  output?(bytes: Uint8Array, source: 'stdout' | 'stderr'): void | Promise<void>;
  gap?(gap: Gap): void;
  rewound?(bytes: number): void;
  changed?(state: ClientState): void;
  /** A socket is open; joining comes next. */
  opened?(): void;
  /** Every message, before the client core sees it. */
  received?(frame: Uint8Array): void;
}

export interface RelayClientOptions {
  /** `http://host:port` of an edge or a balancer. */
  readonly url: string;
  /** `name=value` of the sign-in cookie; empty for `none`. */
  readonly cookie: string;
  /** Body of `POST /v1/sessions`. */
  readonly target: Readonly<Record<string, unknown>>;
  readonly cols?: number;
  readonly rows?: number;
}

/** The client core of the page over Node's `ws`: the same code a browser runs, without a terminal. */
export class RelayClient implements ClientHost {
  readonly client: SessionClient;
  readonly #options: RelayClientOptions;
  readonly #events: RelayClientEvents;
  readonly #sockets = new Set<WebSocket>();
  #parsing: Promise<void> = Promise.resolve();
  #disposed = false;
  saved: SavedSession | undefined;
  /** Sockets opened so far. */
  connects = 0;

  constructor(options: RelayClientOptions, events: RelayClientEvents = {}) {
    this.#options = options;
    this.#events = events;
    this.client = new SessionClient(this);
  }

  start(): this {
    this.client.start({ cols: this.#options.cols ?? 80, rows: this.#options.rows ?? 24 });
    return this;
  }

  startAgain(saved: SavedSession): this {
    this.client.startAgain(saved, { cols: this.#options.cols ?? 80, rows: this.#options.rows ?? 24 });
    return this;
  }

  get state(): ClientState {
    return this.client.state;
  }

  type(text: string | Uint8Array): boolean {
    return this.client.type(typeof text === 'string' ? Buffer.from(text) : text);
  }

  /** Breaks the connection as a network does; the client comes back by itself. */
  cut(): void {
    for (const socket of this.#sockets) socket.terminate();
  }

  dispose(): void {
    this.#disposed = true;
    this.client.dispose();
    this.cut();
  }

  // --- ClientHost ---

  ticket(done: Parameters<ClientHost['ticket']>[0]): void {
    const { url, cookie, target } = this.#options;
    const headers = { 'content-type': 'application/json', cookie, origin: url };
    fetch(`${url}/v1/sessions`, { method: 'POST', headers, body: JSON.stringify(target) }).then(
      async (response) => {
        const body = (await response.json()) as { ticket?: string; message?: string };
        if (body.ticket) done({ ticket: body.ticket });
        else done({ text: body.message ?? `HTTP ${response.status}`, final: response.status < 500 });
      },
      (failure: unknown) => done({ text: String(failure), final: false }),
    );
  }

  connect(): ClientSocket {
    this.connects++;
    const { url, cookie } = this.#options;
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/v1/attach`, 'poseidon.v1', {
      headers: { cookie },
      origin: url,
      perMessageDeflate: false,
      maxPayload: maxServerFrameBytes,
    });
    this.#sockets.add(socket);
    const handle: ClientSocket = {
      send: (frame) => socket.readyState === WebSocket.OPEN && socket.send(frame),
      close: () => socket.close(),
    };
    socket.on('open', () => {
      this.#events.opened?.();
      this.client.socketOpened(handle);
    });
    socket.on('message', (data: Buffer) => {
      this.#events.received?.(data);
      this.client.socketMessage(handle, data);
    });
    socket.on('error', () => {});
    socket.on('close', (code, reason) => {
      this.#sockets.delete(socket);
      if (!this.#disposed) this.client.socketClosed(handle, code, reason.toString());
    });
    return handle;
  }

  now(): number {
    return performance.now();
  }

  after(delayMs: number, run: () => void): { cancel(): void } {
    const timer = setTimeout(run, delayMs);
    return { cancel: () => clearTimeout(timer) };
  }

  random(): number {
    return Math.random();
  }

  randomBytes(count: number): Uint8Array {
    return randomBytes(count);
  }

  output(bytes: Uint8Array, source: 'stdout' | 'stderr', token: number): void {
    const slow = this.#events.output?.(bytes, source);
    if (!slow) {
      this.client.parsed(token);
      return;
    }
    this.#parsing = this.#parsing.then(() => slow).then(() => this.client.parsed(token));
  }

  gap(gap: Gap): void {
    this.#events.gap?.(gap);
  }

  rewound(bytes: number): void {
    this.#events.rewound?.(bytes);
  }

  mark(): void {}

  changed(state: ClientState): void {
    this.#events.changed?.(state);
  }

  save(saved: SavedSession): void {
    this.saved = saved;
  }
}

/** Exchanges the access token for the sign-in cookie. @returns `name=value` */
export async function signIn(url: string, token: string): Promise<string> {
  const headers = { 'content-type': 'application/json', origin: url };
  const response = await fetch(`${url}/v1/login`, { method: 'POST', headers, body: JSON.stringify({ token }) });
  const cookie = response.headers.get('set-cookie')?.split(';')[0];
  if (!response.ok || !cookie) throw new Error(`sign-in failed: HTTP ${response.status}`);
  return cookie;
}
