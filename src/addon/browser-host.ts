import type { ClientHost, ClientSocket, ClientState, SavedSession } from '../client/client-host.ts';
import { SessionClient } from '../client/session-client.ts';
import { CloseCode } from '../protocol/close-code.ts';
import type { Gap } from '../protocol/gap.ts';
import { ApiFailure } from './relay-request.ts';
import type { SavedSessions } from './saved-sessions.ts';

/** The relay as one page comes to it: with its cookie, or with a token of its own. */
export interface SessionDoor {
  /** @returns a ticket for a new session @throws ApiFailure */
  ticket(): Promise<string>;
  /** Where sockets go. */
  readonly attachUrl: URL;
  /** What the next socket offers. @throws ApiFailure */
  subprotocols(): Promise<string[]>;
  /** A socket was refused, and a browser does not say why: is the sign-in at fault? */
  signedIn(): Promise<boolean>;
}

/** Where the output of a session is shown: the terminal or the log. As in {@link ClientHost}. */
export interface OutputView {
  output(bytes: Uint8Array, source: 'stdout' | 'stderr', replayed: boolean, parsed: () => void): void;
  gap(gap: Gap): void;
  rewound(bytes: number): void;
  mark(text: string): void;
  changed(state: ClientState): void;
}

export interface BrowserHostParts {
  readonly door: SessionDoor;
  readonly saved: SavedSessions;
  readonly view: OutputView;
}

/** The browser's side of a {@link SessionClient}: a WebSocket to the relay, its clock, its storage. */
export class BrowserHost implements ClientHost {
  readonly client: SessionClient;
  readonly #parts: BrowserHostParts;
  #silent = false;

  constructor(parts: BrowserHostParts) {
    this.#parts = parts;
    this.client = new SessionClient(this);
  }

  /** Leaves the session as it is; nothing is shown any more. */
  dispose(): void {
    this.#silent = true;
    this.client.dispose();
  }

  ticket(done: (answer: { readonly ticket: string } | { readonly text: string; readonly final: boolean }) => void): void {
    this.#parts.door.ticket().then(
      (ticket) => done({ ticket }),
      (failure: unknown) => {
        const passing = failure instanceof ApiFailure && failure.passing;
        done({ text: failureText(failure), final: !passing });
      },
    );
  }

  connect(): ClientSocket {
    let web: WebSocket | undefined;
    let closed = false;
    const socket: ClientSocket = {
      send: (frame) => {
        // A socket that is not open yet, or no longer, loses the frame: all that matters is sent again after the next attach.
        if (web?.readyState === WebSocket.OPEN) web.send(frame as Uint8Array<ArrayBuffer>);
      },
      close: () => {
        closed = true;
        web?.close();
      },
    };
    this.#parts.door.subprotocols().then(
      (subprotocols) => {
        if (!closed) web = this.#open(socket, subprotocols);
      },
      (failure: unknown) => {
        if (closed) return;
        const signedOut = failure instanceof ApiFailure && failure.status === 401;
        this.client.socketClosed(socket, signedOut ? CloseCode.unauthorized : 1006, failureText(failure));
      },
    );
    return socket;
  }

  #open(socket: ClientSocket, subprotocols: string[]): WebSocket {
    const web = new WebSocket(this.#parts.door.attachUrl, subprotocols);
    web.binaryType = 'arraybuffer';
    let opened = false;
    web.onopen = () => {
      opened = true;
      this.client.socketOpened(socket);
    };
    web.onmessage = (event: MessageEvent<ArrayBuffer>) => this.client.socketMessage(socket, new Uint8Array(event.data));
    web.onclose = (event) => {
      if (opened || event.code !== 1006) this.client.socketClosed(socket, event.code, event.reason);
      else void this.#refused(socket);
    };
    return web;
  }

  async #refused(socket: ClientSocket): Promise<void> {
    const signedIn = await this.#parts.door.signedIn().catch(() => true);
    if (signedIn) this.client.socketClosed(socket, 1006, '');
    else this.client.socketClosed(socket, CloseCode.unauthorized, 'signed out');
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
    return crypto.getRandomValues(new Uint8Array(count));
  }

  output(bytes: Uint8Array, source: 'stdout' | 'stderr', token: number, replayed: boolean): void {
    if (!this.#silent) this.#parts.view.output(bytes, source, replayed, () => this.client.parsed(token));
  }

  gap(gap: Gap): void {
    if (!this.#silent) this.#parts.view.gap(gap);
  }

  rewound(bytes: number): void {
    if (!this.#silent) this.#parts.view.rewound(bytes);
  }

  mark(text: string): void {
    if (!this.#silent) this.#parts.view.mark(text);
  }

  changed(state: ClientState): void {
    if (this.#silent) return;
    if (state.connection.kind === 'ended') this.#parts.saved.forget();
    this.#parts.view.changed(state);
  }

  save(saved: SavedSession): void {
    if (!this.#silent) this.#parts.saved.write(saved);
  }
}

function failureText(failure: unknown): string {
  if (!(failure instanceof ApiFailure)) return 'The session could not be opened.';
  return [failure.message, failure.hint].filter((part) => part !== '').join(' ');
}
