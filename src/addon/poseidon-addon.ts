import type { IDisposable, ITerminalAddon, Terminal } from '@xterm/xterm';
import type { ClientState, SavedSession } from '../client/client-host.ts';
import type { EndReason } from '../protocol/end-reason.ts';
import type { Gap } from '../protocol/gap.ts';
import type { AttachTarget, ExecTarget } from '../protocol/target.ts';
import { SavedSessions } from './saved-sessions.ts';
import { type Beginning, SessionRunner } from './session-runner.ts';
import { endOfTransmission, terminalInput, withLineEnds } from './terminal-input.ts';
import { TerminalOutput } from './terminal-output.ts';
import { tokenDoor } from './token-door.ts';

export interface PoseidonOptions {
  /** The relay, `https://shell.example.org`. Its operator has to allow the page's origin (`POSEIDON_ALLOWED_ORIGINS`), unless it is the same. */
  readonly url: string | URL;
  /** The container. An empty `command` lets the relay choose a shell, an empty `container` is the pod's only one. */
  readonly target: ExecTarget | AttachTarget;
  /** A token for `Authorization: Bearer`, asked for each request and each socket. Without it the browser's cookie of the relay counts. */
  readonly getToken?: () => string | Promise<string>;
  /** Go on with this session instead of this tab's own: {@link PoseidonAddon.saved} of another tab or device. It holds the session's key. */
  readonly resume?: SavedSession;
}

/** What happened, to {@link PoseidonAddon.on}. */
export interface PoseidonEvents {
  /** Connection, who drives, latency, the state of each leg, what was lost: everything there is to show. Often; cheap. */
  state: ClientState;
  /** Output that is missing, and why. The terminal shows a line at its place. */
  gap: Gap;
  /** The session is over. {@link PoseidonAddon.restart} begins another. */
  end: EndReason;
  /** This tab's session was gone after a reload; a new one has begun. The text says why. */
  replaced: string;
}

/**
 * A shell in a container, in an xterm of yours:
 *
 *     terminal.loadAddon(new PoseidonAddon({ url, target, getToken }));
 *
 * It comes back by itself, on any edge, after a lost connection and after a reload of the page, with every byte once and in order; what
 * is missing is shown in the terminal. It ends no session when it is disposed of.
 */
export class PoseidonAddon implements ITerminalAddon {
  readonly #options: PoseidonOptions;
  readonly #listeners = new Map<keyof PoseidonEvents, Set<(event: never) => void>>();
  #output: TerminalOutput | undefined;
  #runner: SessionRunner | undefined;
  #bound: readonly IDisposable[] = [];
  #ended = false;

  constructor(options: PoseidonOptions) {
    this.#options = options;
  }

  /** Called by xterm's `loadAddon`. */
  activate(terminal: Terminal): void {
    const { url, target, getToken, resume } = this.#options;
    const relay = new URL(url, location.href);
    // Where the process has no terminal nobody moves the cursor to the left.
    if (!target.tty) terminal.options.convertEol = true;
    const output = new TerminalOutput({ terminal, tty: target.tty, resize: (cols, rows) => this.#runner?.client?.resized(cols, rows) });
    this.#output = output;
    const saved = new SavedSessions(target, relay.href);
    if (resume) saved.write(resume);
    this.#runner = new SessionRunner({
      door: tokenDoor(relay, target, getToken),
      saved,
      size: () => ({ cols: terminal.cols, rows: terminal.rows }),
      view: {
        began: (beginning) => this.#began(beginning),
        output: (...piece) => output.output(...piece),
        gap: (gap) => {
          output.gap(gap);
          this.#tell('gap', gap);
        },
        rewound: (bytes) => output.rewound(bytes),
        mark: (text) => {
          if (text !== '') output.notice(text, 'note');
        },
        changed: (state) => this.#changed(state),
      },
    });
    this.#bound = [
      ...terminalInput(terminal, (bytes) => this.#typed(bytes)),
      terminal.onResize(({ cols, rows }) => this.#runner?.client?.resized(cols, rows)),
    ];
    this.#runner.start();
  }

  /** Undefined before xterm has loaded the addon. */
  get state(): ClientState | undefined {
    return this.#runner?.client?.state;
  }

  /** What another page needs to go on with this session ({@link PoseidonOptions.resume}); undefined while there is none. A secret. */
  get saved(): SavedSession | undefined {
    return this.#runner?.client?.saved;
  }

  /** Received and not yet on the screen. */
  get behindBytes(): number {
    return this.#output?.behindBytes ?? 0;
  }

  on<Name extends keyof PoseidonEvents>(name: Name, listener: (event: PoseidonEvents[Name]) => void): IDisposable {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners);
    listeners.add(listener);
    return { dispose: () => listeners.delete(listener) };
  }

  /** Drives from now on, whoever did so before. */
  takeControl(): void {
    this.#runner?.client?.takeControl();
  }

  /** Leaves out the output that is queued, and says in the terminal how much that was. */
  skip(): void {
    this.#runner?.client?.skip();
  }

  /** Ends the session, for everybody who watches too. */
  end(): void {
    this.#runner?.client?.end();
  }

  /** Connects now instead of after the wait; also after a sign-in that was refused. */
  retry(): void {
    this.#runner?.client?.retryNow();
  }

  /** Begins another session in the same terminal. */
  restart(): void {
    this.#output?.notice('new session', 'seam');
    this.#runner?.startNew({ kind: 'new' });
  }

  /** Lets go of the terminal. The session lives on for its grace time, and this tab finds it again. */
  dispose(): void {
    for (const bound of this.#bound) bound.dispose();
    this.#bound = [];
    this.#runner?.dispose();
    this.#output?.dispose();
    this.#listeners.clear();
  }

  #typed(bytes: Uint8Array): void {
    const client = this.#runner?.client;
    if (this.#options.target.tty) client?.type(bytes);
    else if (bytes.length === 1 && bytes[0] === endOfTransmission) client?.endInput();
    else client?.type(withLineEnds(bytes));
  }

  #began(beginning: Beginning): void {
    this.#ended = false;
    if (beginning.kind !== 'instead') return;
    this.#output?.notice('the shell of this tab is gone; this is a new one', 'note');
    this.#tell('replaced', beginning.text);
  }

  #changed(state: ClientState): void {
    this.#tell('state', state);
    const { connection } = state;
    if (connection.kind !== 'ended' || this.#ended) return;
    this.#ended = true;
    this.#output?.finishCharacters();
    this.#tell('end', connection.reason);
  }

  #tell<Name extends keyof PoseidonEvents>(name: Name, event: PoseidonEvents[Name]): void {
    for (const listener of this.#listeners.get(name) ?? []) (listener as (event: PoseidonEvents[Name]) => void)(event);
  }
}
