import type { FenceTable } from '../log/fence-table.ts';
import type { EndReason } from '../protocol/end-reason.ts';
import type { Entry } from '../protocol/entry.ts';
import type { Driver, FenceEntry } from '../protocol/fence-entry.ts';
import type { ClientStream, SessionId, WorkerId } from '../protocol/ids.ts';
import type { EntryId, LogPlace, Position } from '../protocol/position.ts';
import type { SessionRecord } from '../session/session-record.ts';

/** One of the two logs of a session: `out` is written by the worker, `in` by the edge whose client drives. */
export interface LogName {
  readonly session: SessionId;
  readonly log: 'out' | 'in';
}

/**
 * The data plane of the broker: the logs of all sessions and their channels. Two twins, memory and Redis, under one contract suite.
 * Answers are values. A promise is rejected only with `BrokerUnavailable`, and then nothing is known about what happened; every
 * operation may be repeated with the same arguments. `append` never rejects: what is not certain is doubt (LG6).
 * Commands of one log take effect in the order in which they were called, as long as the connection lives (LS3).
 */
export interface LogStore {
  /** Becomes the writer of the output log (LG1). */
  takeOutput(session: SessionId, request: TakeOutput): Promise<TakeAnswer>;
  /** Becomes the writer of the input log, if the rules of driving allow it (RS5, DR1). */
  takeInput(session: SessionId, request: TakeInput): Promise<TakeAnswer<TakenInput>>;
  /** After any doubt: am I still the writer, and where does the log end? Puts my fence entry and rows back if they were lost (LG6, LG8). */
  reassert(log: LogName, claim: WriterClaim): Promise<ReassertAnswer>;
  /**
   * The session's keys are gone, and the caller still holds the upstream and was not replaced: writes meta and both logs' tails from its
   * memory and takes the output log under a new fence, in one step (LG11). Same nonce: the same answer, nothing written.
   */
  restore(session: SessionId, request: RestoreRequest): Promise<RestoreAnswer>;
  /**
   * Stores one encoded frame under its id, then pushes it on the log's channel (LG4). Sending the same frame again is safe.
   * The push may arrive even if the append was refused.
   */
  append(log: LogName, frame: Uint8Array): Promise<'stored' | 'doubt'>;
  /**
   * Whether what was answered 'stored' before this call is on a replica too, or as safe as it gets (FC4).
   * @returns undefined when the log's server has no replica
   */
  confirm(log: LogName): Promise<Confirmation> | undefined;
  /**
   * Calls `lost` whenever the connection on which the commands of this log ran is gone, before anything is sent on another one: its
   * writer is in doubt then, also when nothing of it was un-answered (LG6).
   */
  watchConnection(log: LogName, lost: () => void): LogSubscription;
  /** Removes entries below `first` from the front; never the newest (LG9). Best effort: a lost trim is repeated by a later one. */
  trim(log: LogName, first: EntryId): void;
  /** Fences both logs and writes `exit` and `end` (LS3). */
  end(session: SessionId, request: EndRequest): Promise<EndAnswer>;
  /** A driving socket has closed: nobody drives, if the newest fence of the input log still is `ifFence` (DR2). */
  leave(session: SessionId, ifFence: number): Promise<void>;
  /** Sends an ephemeral frame on the log's channel. Best effort. */
  publish(log: LogName, frame: Uint8Array): void;
  /**
   * Listens on the log's channel. Frames arrive in the order in which they were published and none is missing until `broken` is
   * called, which ends the subscription (LG4). `subscribed` is called once reads sent from then on are answered by the same server.
   */
  subscribe(log: LogName, listener: LogListener): LogSubscription;
  /**
   * One page of the log: the fence table first, then entries from `from` on, in this order, by the server of the subscriptions (LG5, RS3).
   * Entries with id ≥ `from` (inclusive), at most `count`.
   */
  read(log: LogName, from: EntryId, count: number): Promise<PageAnswer>;
}

export type Confirmation =
  | 'replicated'
  /** There is no replica any more. */
  | 'alone'
  /** The connection is gone: nothing is known, the writer is in doubt. */
  | 'lost';

export interface LogListener {
  subscribed(): void;
  /** A log entry or an ephemeral frame; the receiver owns the bytes, shared with other listeners: never written to. */
  push(frame: Uint8Array): void;
  /** The subscription is over; pushes may have been lost. Not called after `close`. */
  broken(): void;
}

export interface LogSubscription {
  close(): void;
}

interface TakeRequest {
  /** Same nonce: the same answer, nothing written (LG1). Below 2^53, random. */
  readonly nonce: number;
  readonly writer: string;
}

export interface TakeOutput extends TakeRequest {
  /** The owner that `meta` must name; a taker of a dead owner names the dead one and becomes the owner (LS2). */
  readonly expectedOwner: WorkerId;
  readonly newOwner: WorkerId;
}

export interface TakeInput extends TakeRequest {
  readonly driver: Omit<Driver, 'next'>;
  /** What the client knows to be typed of its stream: `next` is never below it (RS4). */
  readonly typed: number;
  readonly mode: TakeMode;
}

export type TakeMode =
  /** Only if nobody drives, or this stream does, or one of those that this client had before. */
  | { readonly kind: 'resume'; readonly former?: readonly ClientStream[] }
  /** A person takes control. */
  | { readonly kind: 'force' }
  /** A silent driver is replaced; of several watchers one wins (DR1). */
  | { readonly kind: 'if-fence'; readonly fence: number };

/** `fence.driver.next` is the first client offset to append. `table` includes the new row; `frame` is the fence entry as stored. */
export interface Taken {
  readonly kind: 'taken';
  readonly fence: FenceEntry;
  readonly frame: Uint8Array;
  readonly table: FenceTable;
}

/** `front`: before the log's first entry. What lies behind it is not trimmed, so it may be un-typed (LG9). */
export interface TakenInput extends Taken {
  readonly front: LogPlace;
}

export type TakeAnswer<Kind extends Taken = Taken> =
  | Kind
  /** A higher connection number of the stream is recorded, or the stream was superseded (RS5). */
  | { readonly kind: 'old-connection' }
  | { readonly kind: 'driven-by-another'; readonly stream: ClientStream; readonly fence: number }
  /** `meta` names another owner. */
  | { readonly kind: 'not-owner' }
  | { readonly kind: 'ended' }
  | Unknown;

/** What a writer shows to prove that the log is still its own. */
export interface WriterClaim {
  readonly fence: FenceEntry;
  readonly frame: Uint8Array;
  readonly table: FenceTable;
}

export type ReassertAnswer =
  /** The log's last entry: resend from the ring what is above it (LG6). */
  | { readonly kind: 'tail'; readonly tail: EntryId }
  | { readonly kind: 'replaced' }
  /** Input only: what my predecessor wrote was lost; a new take tells where the client goes on (LG6). */
  | { readonly kind: 'take-again' }
  | { readonly kind: 'ended' }
  | Unknown;

/** No such session. Final unless the server that answered is `young`: then its owner may still restore it (LG11). */
export interface Unknown {
  readonly kind: 'unknown';
  readonly young: boolean;
}

export interface RestoreRequest {
  readonly nonce: number;
  /** As it is to stand: owned by the caller, and started. */
  readonly record: SessionRecord;
  /** The frames that are still there, oldest first, up to the last one ever encoded; `head` is behind it. The new fence continues it. */
  readonly out: { readonly frames: readonly Uint8Array[]; readonly table: FenceTable; readonly head: Position };
  /** The last entry that was delivered to the caller, with its fence's row: its writer goes on behind it. */
  readonly in: { readonly frames: readonly Uint8Array[]; readonly table: FenceTable };
  /** In the order of their newest take, newest last (RS4, RS5). */
  readonly streams: readonly StreamMark[];
  readonly driver: { readonly stream: ClientStream; readonly fence: number } | undefined;
}

/** What `meta` keeps of a client stream. */
export interface StreamMark {
  readonly stream: ClientStream;
  readonly connection: number;
  /** The client offset behind the last byte in the log, when its last writer was replaced. */
  readonly accepted: number;
}

export type RestoreAnswer =
  | { readonly kind: 'restored'; readonly fence: FenceEntry; readonly frame: Uint8Array; readonly table: FenceTable }
  /** The keys are back without the caller: `reassert` tells what they say. */
  | { readonly kind: 'exists' };

export interface EndRequest {
  /** The owner that `meta` must name. */
  readonly owner: WorkerId;
  readonly nonce: number;
  readonly reason: EndReason;
  /** How long the ended session can still be read. */
  readonly keepMs: number;
}

export type EndAnswer = 'ended' | 'not-yours' | 'already' | 'unknown';

export type PageAnswer =
  | {
      readonly kind: 'page';
      readonly table: FenceTable;
      readonly entries: readonly Entry[];
      /** Whether `meta` says that the session has ended. */
      readonly ended: boolean;
      /** Of the session now, so that a reader can watch the owner's lease (LS2). */
      readonly owner: WorkerId | undefined;
    }
  | Unknown;
