import type { ClientState } from '../client/client-host.ts';
import type { SessionClient } from '../client/session-client.ts';
import { CloseCode } from '../protocol/close-code.ts';
import { BrowserHost, type OutputView, type SessionDoor } from './browser-host.ts';
import type { SavedSessions } from './saved-sessions.ts';

interface Size {
  readonly cols: number;
  readonly rows: number;
}

/** How a session came to be: the page tells the reader what to expect on the screen. */
export type Beginning =
  | { readonly kind: 'new' }
  | { readonly kind: 'again' }
  /** The session of this tab is gone; `text` says why. This is a new one. */
  | { readonly kind: 'instead'; readonly text: string };

export interface SessionRunnerParts {
  readonly door: SessionDoor;
  readonly saved: SavedSessions;
  /** Resolves when the user has signed in again. Without it a sign-in that is over is the end. */
  readonly signInAgain?: () => Promise<void>;
  readonly view: OutputView & { began(beginning: Beginning): void };
  readonly size: () => Size;
}

/** Runs one session after the other at one place: the tab's own again after a reload, or a new one. */
export class SessionRunner {
  readonly #parts: SessionRunnerParts;
  readonly #abort = new AbortController();
  #host: BrowserHost | undefined;
  #again = false;

  constructor(parts: SessionRunnerParts) {
    this.#parts = parts;
    const { signal } = this.#abort;
    addEventListener('pagehide', () => this.#keep(), { signal });
    addEventListener('online', () => this.client?.retryNow(), { signal });
    const seen = () => {
      if (document.visibilityState === 'visible') this.client?.retryNow();
      else this.#keep();
    };
    document.addEventListener('visibilitychange', seen, { signal });
  }

  get client(): SessionClient | undefined {
    return this.#host?.client;
  }

  /** The tab's session if it has one, or a new one. */
  start(): void {
    const saved = this.#parts.saved.read();
    if (!saved) return this.startNew({ kind: 'new' });
    this.#again = true;
    this.#parts.view.began({ kind: 'again' });
    this.#open().startAgain(saved, this.#parts.size());
  }

  startNew(beginning: Beginning): void {
    this.#again = false;
    this.#parts.saved.forget();
    this.#parts.view.began(beginning);
    this.#open().start(this.#parts.size());
  }

  /** Leaves the session as it is: another page, or this one later, may go on with it. */
  dispose(): void {
    this.#keep();
    this.#abort.abort();
    this.#host?.dispose();
    this.#host = undefined;
  }

  #open(): SessionClient {
    this.#host?.dispose();
    const { door, saved, view } = this.#parts;
    const watched: OutputView = {
      output: (bytes, source, replayed, parsed) => view.output(bytes, source, replayed, parsed),
      gap: (gap) => view.gap(gap),
      rewound: (bytes) => view.rewound(bytes),
      mark: (text) => view.mark(text),
      changed: (state) => this.#changed(state),
    };
    this.#host = new BrowserHost({ door, saved, view: watched });
    return this.#host.client;
  }

  #changed(state: ClientState): void {
    const { connection } = state;
    if (connection.kind === 'attached') this.#again = false;
    if (connection.kind === 'lost') {
      if (connection.code === CloseCode.unauthorized) {
        const { client } = this;
        void this.#parts.signInAgain?.().then(() => client?.retryNow());
      } else if (this.#again && isGone(connection.code)) {
        // Not from inside the client's own call.
        queueMicrotask(() => this.startNew({ kind: 'instead', text: connection.text }));
        return;
      }
    }
    this.#parts.view.changed(state);
  }

  #keep(): void {
    const saved = this.client?.saved;
    if (saved) this.#parts.saved.write(saved);
  }
}

function isGone(code: number): boolean {
  return code === CloseCode.unknownSession || code === CloseCode.ended;
}
