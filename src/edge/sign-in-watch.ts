import type { SignIn } from '../auth/sign-in.ts';
import type { Clock, Random, Timer } from '../base/clock.ts';
import { retrying } from '../base/retrying.ts';
import type { SessionRecord } from '../session/session-record.ts';

export interface SignInWatchOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** How often somebody is asked again; the end that a sign-in names itself is kept to within {@link lookEveryMs}. */
  readonly recheckMs: number;
  /** Ends a session unless somebody drives it. Rejects when the broker does not answer. */
  readonly end: (session: SessionRecord) => Promise<void>;
  readonly log: (event: string, fields: Record<string, unknown>) => void;
}

/** An open socket of somebody who has signed in. */
export interface SignedIn {
  readonly signIn: SignIn;
  /**
   * The sign-in has expired or was revoked: the socket is closed.
   * @returns the session that its client may come back to with another sign-in; undefined: it is dealt with
   */
  over(): SessionRecord | undefined;
}

/** How often the list is looked through. */
const lookEveryMs = 5_000;

/** Asked at once at most: whoever knows the users answers others too. */
const askedAtOnce = 8;

/**
 * How long a client has to come back with another sign-in. Until then nobody reads or types, so there is no hurry; and a browser lets a
 * page in the background act once a minute.
 */
const comeBackMs = 75_000;

/** Ends what lives longer than the sign-in it was opened with (ED5). */
export class SignInWatch {
  readonly #options: SignInWatchOptions;
  readonly #sockets = new Map<SignedIn, { askAtMs: number }>();
  /** To be asked, in turn. */
  readonly #due = new Set<SignedIn>();
  #asking = 0;
  readonly #ending = new Map<string, Timer>();
  readonly #stop = new AbortController();
  #look: Timer;

  constructor(options: SignInWatchOptions) {
    this.#options = options;
    this.#look = this.#lookLater();
  }

  /** Sessions that are ended unless somebody comes back to them. */
  get ending(): number {
    return this.#ending.size;
  }

  /** @returns stops it */
  watch(socket: SignedIn): () => void {
    this.#sockets.set(socket, { askAtMs: this.#options.clock.now() + this.#options.recheckMs });
    return () => this.#forget(socket);
  }

  /** What is not ended by then ends with its grace time. */
  close(): void {
    this.#stop.abort();
    this.#look.cancel();
    for (const timer of this.#ending.values()) timer.cancel();
    this.#ending.clear();
    this.#sockets.clear();
    this.#due.clear();
  }

  #forget(socket: SignedIn): void {
    this.#sockets.delete(socket);
    this.#due.delete(socket);
  }

  #lookLater(): Timer {
    return this.#options.clock.after(lookEveryMs, () => {
      this.#look = this.#lookLater();
      this.#lookThrough();
    });
  }

  #lookThrough(): void {
    const { clock, recheckMs } = this.#options;
    for (const [socket, plan] of this.#sockets) {
      const { expiresAtMs } = socket.signIn.user;
      if (expiresAtMs !== undefined && expiresAtMs <= clock.wallMs()) this.#over(socket);
      else if (plan.askAtMs <= clock.now()) {
        plan.askAtMs = clock.now() + recheckMs;
        this.#due.add(socket);
      }
    }
    while (this.#asking < askedAtOnce && this.#due.size > 0) void this.#askNext();
  }

  async #askNext(): Promise<void> {
    this.#asking++;
    for (const socket of this.#due) {
      this.#due.delete(socket);
      // Nothing is known when it fails: asked again next time.
      const user = await socket.signIn.again().catch(() => 'unknown');
      if (user === undefined && this.#sockets.has(socket)) this.#over(socket);
    }
    this.#asking--;
  }

  #over(socket: SignedIn): void {
    this.#forget(socket);
    const session = socket.over();
    this.#options.log('sign-in over', { subject: socket.signIn.user.subject, sessionId: session?.id });
    if (!session || this.#ending.has(session.id)) return;
    const end = () => {
      this.#ending.delete(session.id);
      void retrying(() => this.#options.end(session), this.#options, this.#stop.signal);
    };
    this.#ending.set(session.id, this.#options.clock.after(comeBackMs, end));
  }
}
