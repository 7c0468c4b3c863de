import type { Timer } from '../../base/clock.ts';
import { LogAppender, type ShellTools } from '../../broker/log-appender.ts';
import type { LogStore, TakenInput } from '../../broker/log-store.ts';
import { type FenceTable, isVoid, rowAt } from '../../log/fence-table.ts';
import { controlOffer, dataOffer, LogWriter, type WriterVerdict } from '../../log/log-writer.ts';
import type { RingBudget } from '../../log/ring-budget.ts';
import { writeU16, writeU64 } from '../../protocol/bytes.ts';
import { clientOffset, contentBytes, decodeEntry } from '../../protocol/entry.ts';
import { type Ephemeral, encodeEphemeral } from '../../protocol/ephemeral.ts';
import { FrameType } from '../../protocol/frame-type.ts';
import { type ClientStream, noStream, type SessionId } from '../../protocol/ids.ts';
import { InputIntake } from '../../session/input-intake.ts';
import { InputRoom } from '../../session/input-room.ts';
import { ackInputBytes, askTyped } from './constants.ts';
import type { InputHolds } from './edge-gauges.ts';

export interface InputLineEvents {
  /** Tell the client how far its stream was accepted and typed. */
  acknowledge(accepted: number, typed: number, endOfInput: boolean): void;
  /** Control is over, or is to be taken again (LG6). The line is closed. */
  lost(verdict: Exclude<WriterVerdict, 'go-on'>): void;
}

export interface InputLineTools extends ShellTools {
  readonly store: LogStore;
  readonly rings: RingBudget;
  readonly crc32: (bytes: Uint8Array, from: number) => number;
}

/** From one driving client to the input log, under its own fence (DR1, RS4, FC5). */
export class InputLine {
  readonly stream: ClientStream;
  readonly #session: SessionId;
  readonly #tools: InputLineTools;
  readonly #events: InputLineEvents;
  readonly #intake: InputIntake;
  readonly #appender: LogAppender;
  #toldAccepted: number;
  #ask: Timer | undefined;
  #askMs: number = askTyped.firstMs;
  readonly #room: InputRoom;
  readonly #table: FenceTable;
  /** The worker has said something since the last question. */
  #heard = false;
  /** What waits for room on the log, behind the bytes: the client's last size, the end of its input, its wish to end the session. */
  #size: { readonly cols: number; readonly rows: number } | undefined;
  #inputEnded = false;
  /** The flags of what is to be written. */
  #endRequested: number | undefined;

  /** @param typed what the client knows to be typed */
  constructor(session: SessionId, claim: TakenInput, typed: number, tools: InputLineTools, events: InputLineEvents) {
    const driver = claim.fence.driver;
    this.stream = driver?.stream ?? noStream;
    this.#session = session;
    this.#tools = tools;
    this.#events = events;
    this.#intake = new InputIntake(driver?.next ?? 0, typed);
    this.#toldAccepted = this.#intake.next;
    this.#room = new InputRoom(claim.front);
    this.#table = claim.table;
    this.#appender = new LogAppender(
      tools.store,
      { session, log: 'in' },
      new LogWriter(claim, tools.crc32, tools.rings),
      {
        stored: (frame) => this.#stored(frame),
        stopped: (verdict) => {
          this.close();
          events.lost(verdict);
        },
        // What was accepted and lost is a hole of the stream, which the worker closes with an exact statement (RS6).
        holed: () => dataOffer(FrameType.inputData, 0, new Uint8Array(0), u64(this.#intake.offered)),
        doubt: () => {},
      },
      tools,
    );
    // Accepted over an earlier socket and not known to be typed: nothing else would ever say it to a client that types no more.
    this.#askIfWaiting();
  }

  get fence(): number {
    return this.#appender.writer.fence;
  }

  get next(): number {
    return this.#intake.next;
  }

  get holds(): InputHolds {
    const { pendingBytes, pendingEntries, ringBytes } = this.#appender.writer;
    return {
      poseidon_edge_input_held_bytes: this.#intake.heldBytes,
      poseidon_edge_input_pending_bytes: pendingBytes,
      poseidon_edge_input_pending_entries: pendingEntries,
      poseidon_edge_input_ring_bytes: ringBytes,
    };
  }

  get typed(): number {
    return this.#intake.typed;
  }

  /** @returns false when the client sent beyond its grant (FC5) */
  input(offset: number, bytes: Uint8Array): boolean {
    const answer = this.#intake.take(offset, bytes);
    if (answer === 'taken') this.#release();
    return answer !== 'too-much';
  }

  /** Of sizes in a row the last one counts: however many a client sends, one waits. */
  resize(cols: number, rows: number): void {
    this.#size = { cols, rows };
    this.#release();
  }

  endOfInput(offset: number): void {
    if (offset !== this.#intake.next) return;
    this.#inputEnded = true;
    this.#release();
  }

  /** @param flags see {@link EndRequestFlag} */
  endRequest(flags = 0): void {
    this.#endRequested = flags;
    this.#release();
  }

  /** The worker has stated what it typed, of this stream or another, and how far it came on the log. */
  told({ stream, typed, endOfInput, consumed }: Extract<Ephemeral, { kind: 'typed' }>): void {
    // A place of a history that this line does not continue says nothing about its log.
    const known = rowAt(this.#table, consumed.fence) !== undefined && !isVoid(this.#table, consumed);
    const moved = known && this.#room.consumed(consumed);
    const own = stream === this.stream;
    if (!own && !moved) return;
    this.#heard = true;
    this.#askMs = askTyped.firstMs;
    if (own) this.#intake.typedUpTo(typed);
    this.#release();
    if (own) this.#acknowledge(endOfInput);
  }

  close(): void {
    this.#ask?.cancel();
    this.#appender.close();
  }

  /** It names the offset behind the bytes offered before it: the next writer of the log goes on there, so none may be claimed that is not in it. */
  #control(type: number, rest: readonly number[] = [], flags = 0): void {
    const payload = new Uint8Array(8 + 2 * rest.length);
    writeU64(payload, 0, this.#intake.offered);
    for (const [index, value] of rest.entries()) writeU16(payload, 8 + 2 * index, value);
    this.#appender.offer({ ...controlOffer(type, flags, payload), merge: 'replace-lead' });
  }

  /** Everything that waits, in its order, as far as the log has room for it (LG9). */
  #release(): void {
    while (this.#hasRoom()) {
      const held = this.#intake.release();
      if (!held) break;
      this.#appender.offer(dataOffer(FrameType.inputData, 0, held.bytes, u64(held.offset)));
    }
    const { cols, rows } = this.#size ?? {};
    if (cols !== undefined && rows !== undefined && this.#hasRoom()) {
      this.#size = undefined;
      this.#control(FrameType.inputResize, [cols, rows]);
    }
    if (this.#inputEnded && this.#intake.heldBytes === 0 && this.#hasRoom()) {
      this.#inputEnded = false;
      this.#control(FrameType.inputEndOfInput);
    }
    if (this.#endRequested !== undefined && this.#hasRoom()) {
      const flags = this.#endRequested;
      this.#endRequested = undefined;
      this.#control(FrameType.inputEndRequest, [], flags);
    }
    this.#askIfWaiting();
  }

  #hasRoom(): boolean {
    const { head, pendingEntries, offeredOffset } = this.#appender.writer;
    return this.#room.has({ seq: head.seq + pendingEntries, offset: offeredOffset });
  }

  #stored(frame: Uint8Array): void {
    const entry = decodeEntry(frame);
    if (!entry) return;
    if (entry.type === FrameType.inputData) this.#intake.stored(clientOffset(entry) + contentBytes(entry));
    if (this.#intake.accepted - this.#toldAccepted >= ackInputBytes) this.#acknowledge(false);
    this.#askIfWaiting();
  }

  #acknowledge(endOfInput: boolean): void {
    this.#toldAccepted = this.#intake.accepted;
    this.#events.acknowledge(this.#intake.accepted, this.#intake.typed, endOfInput);
  }

  /** Something was accepted and is not known to be typed, or waits for room. */
  get #waiting(): boolean {
    return (
      this.#intake.untyped > 0 ||
      this.#intake.heldBytes > 0 ||
      this.#size !== undefined ||
      this.#inputEnded ||
      this.#endRequested !== undefined
    );
  }

  #askIfWaiting(): void {
    if (!this.#ask && this.#waiting && !this.#appender.writer.stopped) this.#askLater();
  }

  #askLater(): void {
    this.#heard = false;
    this.#ask = this.#tools.clock.after(this.#askMs, () => {
      this.#ask = undefined;
      if (!this.#waiting) return;
      if (!this.#heard) {
        const frame = encodeEphemeral({ input: this.fence, output: 0 }, { kind: 'ask', stream: this.stream, givenUp: false });
        this.#tools.store.publish({ session: this.#session, log: 'in' }, frame);
        this.#askMs = Math.min(askTyped.mostMs, this.#askMs * 2);
      }
      this.#askLater();
    });
  }
}

function u64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  writeU64(bytes, 0, value);
  return bytes;
}
