import type { EndReason } from '../protocol/end-reason.ts';
import type { Gap } from '../protocol/gap.ts';
import type { SessionStatus } from '../protocol/session-status.ts';

/** What the client core needs from its surroundings: a page, the load driver, a test. No DOM in here. */
export interface ClientHost {
  /** Asks `POST /v1/sessions` for a ticket. `text` of a failure is fit for a person; `final`: trying again will not help. */
  ticket(done: (answer: { readonly ticket: string } | { readonly text: string; readonly final: boolean }) => void): void;
  /** Opens a WebSocket to the relay and reports through the `socket…` methods of the client. Any edge will do. */
  connect(): ClientSocket;
  /** Milliseconds, monotonic. */
  now(): number;
  after(delayMs: number, run: () => void): { cancel(): void };
  /** 0 ≤ value < 1. */
  random(): number;
  randomBytes(count: number): Uint8Array;

  /**
   * Bytes for the terminal, in order. Call `client.parsed(token)` when the terminal has parsed them, not earlier.
   * @param replayed the page before a reload has parsed them: questions in them to the terminal were answered then
   */
  output(bytes: Uint8Array, source: 'stdout' | 'stderr', token: number, replayed: boolean): void;
  /** Shown where it happened; nothing before it comes again. */
  gap(gap: Gap): void;
  /** The last `bytes` bytes shown are not on the record: the terminal is reset to what the log says from here (LG8). */
  rewound(bytes: number): void;
  /** The upstream was reopened, a container restarted (a mark entry). */
  mark(text: string): void;
  changed(state: ClientState): void;
  /** Written down for a reload of the page: everything `resumed` needs. Called when that has changed; `SessionClient.saved` tells it at any time. */
  save(saved: SavedSession): void;
}

export interface ClientSocket {
  send(frame: Uint8Array): void;
  close(): void;
}

/** All that a page shows about a session. */
export interface ClientState {
  readonly connection:
    | { readonly kind: 'connecting'; readonly tries: number }
    | { readonly kind: 'attached'; readonly edge: string }
    /** Trying again after `retryMs`. `text` says why it was lost. */
    | { readonly kind: 'waiting'; readonly retryMs: number; readonly code: number; readonly text: string }
    /** No way back; `text` is fit for a person. */
    | { readonly kind: 'lost'; readonly code: number; readonly text: string }
    | { readonly kind: 'ended'; readonly reason: EndReason };
  readonly session: string | undefined;
  readonly driving: boolean;
  /** Input kept and not yet typed, bytes. */
  readonly untypedBytes: number;
  /** Of these, those that are on the log: they are typed whatever becomes of this page. */
  readonly acceptedBytes: number;
  /** The last thing the relay said of each leg. */
  readonly status: SessionStatus;
  /** Round trip browser to edge; undefined until the first pong. */
  readonly edgeRttMs: number | undefined;
  /** Faults seen by the check of every frame (WP3). All zero is the promise. */
  readonly faults: { readonly mismatches: number; readonly gaps: number; readonly gapBytes: number; readonly rewinds: number };
  /** Input that was not typed and never will be, since the page was loaded (RS6). */
  readonly notSentBytes: number;
  /** Input that was on its way when the worker was lost: it may have been typed, and nobody knows (RS6). */
  readonly fateUnknownBytes: number;
  readonly receivedBytes: number;
}

/** JSON-safe. Holds the resume key: sessionStorage of one tab, nowhere else. */
export interface SavedSession {
  readonly session: string;
  readonly key: string;
  readonly stream: string;
  /** Streams of this tab before that one, the newest first. */
  readonly former?: readonly string[];
  readonly connection: number;
  /** Output below this offset was parsed: seen by a person, and its questions to the terminal answered. */
  readonly parsed: number;
}

/** Output on its way to the screen, in the page and on the log as far as known, and how long that takes at the rate of the last second (FC9). */
export interface Queued {
  readonly bytes: number;
  readonly ms: number;
}
