import type { ClientState } from '../client/client-host.ts';
import type { SessionClient } from '../client/session-client.ts';
import { CloseCode } from '../protocol/close-code.ts';
import type { Target } from '../protocol/target.ts';
import type { Api } from './api.ts';
import { SavedSessions } from './saved-sessions.ts';
import type { SignIn } from './sign-in.ts';
import { type OutputView, SocketHost } from './socket-host.ts';

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
  readonly api: Api;
  readonly signIn: SignIn;
  readonly target: Target;
  readonly view: OutputView & { began(beginning: Beginning): void };
  readonly size: () => Size;
}

/** Runs one session after the other for a page: the tab's own again after a reload, or a new one. */
export class SessionRunner {
  readonly #parts: SessionRunnerParts;
  readonly #saved: SavedSessions;
  #host: SocketHost | undefined;
  #again = false;

  constructor(parts: SessionRunnerParts) {
    this.#parts = parts;
    this.#saved = new SavedSessions(parts.target);
    addEventListener('pagehide', () => this.#keep());
    addEventListener('online', () => this.client?.retryNow());
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') this.client?.retryNow();
      else this.#keep();
    });
  }

  get client(): SessionClient | undefined {
    return this.#host?.client;
  }

  /** The tab's session if it has one, or a new one. */
  start(): void {
    const saved = this.#saved.read();
    if (!saved) return this.startNew({ kind: 'new' });
    this.#again = true;
    this.#parts.view.began({ kind: 'again' });
    this.#open().startAgain(saved, this.#parts.size());
  }

  startNew(beginning: Beginning): void {
    this.#again = false;
    this.#saved.forget();
    this.#parts.view.began(beginning);
    this.#open().start(this.#parts.size());
  }

  #open(): SessionClient {
    this.#host?.dispose();
    const { api, signIn, target, view } = this.#parts;
    const watched: OutputView = {
      output: (bytes, source, replayed, parsed) => view.output(bytes, source, replayed, parsed),
      gap: (gap) => view.gap(gap),
      rewound: (bytes) => view.rewound(bytes),
      mark: (text) => view.mark(text),
      changed: (state) => this.#changed(state),
    };
    this.#host = new SocketHost({ api, signIn, target, saved: this.#saved, view: watched });
    return this.#host.client;
  }

  #changed(state: ClientState): void {
    const { connection } = state;
    if (connection.kind === 'attached') this.#again = false;
    if (connection.kind === 'lost') {
      if (connection.code === CloseCode.unauthorized) {
        const { client } = this;
        void this.#parts.signIn.ask('Your sign-in is over.').then(() => client?.retryNow());
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
    if (saved) this.#saved.write(saved);
  }
}

function isGone(code: number): boolean {
  return code === CloseCode.unknownSession || code === CloseCode.ended;
}
