import { type EndReason, parseEndReason } from '../protocol/end-reason.ts';
import { type Entry, entryContent, entryPayload, OutputFlag } from '../protocol/entry.ts';
import { FrameType } from '../protocol/frame-type.ts';
import { type Gap, GapCause, gapOf } from '../protocol/gap.ts';
import { decodeJsonObject } from '../protocol/json.ts';
import type { Position } from '../protocol/position.ts';
import { decodeUtf8 } from '../protocol/utf8.ts';
import type { ClientHost, ClientState, Queued } from './client-host.ts';
import { OutputCheck } from './output-check.ts';
import { OutputRate } from './output-rate.ts';
import { ParseLedger } from './parse-ledger.ts';
import { ParseMeter } from './parse-meter.ts';

/** Frames refused in a row, over as many connections: then it is not the network, and coming again would never end (WP3). */
const mostRefusals = 5;

/**
 * The longest step of an acknowledgement: an edge may give a slow link less than the window that the page asks for, and what is parsed and
 * not acknowledged must stay well below the least it gives (64 KiB), or both would wait for each other.
 */
const ackStepBytes = 32 * 1024;

export interface IntakeEvents {
  /** The last entry of a session was delivered. */
  ended(reason: EndReason): void;
  /** An acknowledgement may be due. */
  parsed(): void;
}

/** From checked entries to the host, and how far the host is: position, faults, acknowledgement (WP3, FC1, FC2). */
export class OutputIntake {
  readonly #host: ClientHost;
  readonly #events: IntakeEvents;
  readonly #check = new OutputCheck();
  readonly #ledger = new ParseLedger();
  readonly #meter: ParseMeter;
  readonly #rate: OutputRate;
  #ackedOffset = 0;
  /** The window the edge counts with. One measured since may be larger than all it will send before the next acknowledgement. */
  #toldWindowBytes = 0;
  #refusals = 0;
  #receivedBytes = 0;
  #faults: ClientState['faults'] = { mismatches: 0, gaps: 0, gapBytes: 0, rewinds: 0 };
  /** Output below it was parsed by the page before this one. */
  replayBelow = 0;
  /** Where the log ended when this client's edge said so last. */
  headOffset = 0;

  constructor(host: ClientHost, events: IntakeEvents) {
    this.#host = host;
    this.#events = events;
    this.#meter = new ParseMeter(() => host.now());
    this.#rate = new OutputRate(() => host.now());
  }

  get position(): Position {
    return this.#check.position;
  }

  get base(): Position {
    return this.#check.base;
  }

  get nonce(): number {
    return this.#check.nonce;
  }

  get parsedOffset(): number {
    return this.#ledger.parsed.offset;
  }

  get windowBytes(): number {
    return this.#meter.windowBytes;
  }

  get shown(): Pick<ClientState, 'faults' | 'receivedBytes'> {
    return { faults: this.#faults, receivedBytes: this.#receivedBytes };
  }

  get queued(): Queued {
    const bytes = this.#ledger.waitingBytes + Math.max(0, this.headOffset - this.position.offset);
    return { bytes, ms: this.#rate.msFor(bytes) };
  }

  /** The terminal has parsed everything up to the output of this token. */
  parsed(token: number): void {
    const bytes = this.#ledger.returned(token);
    this.#meter.parsed(bytes, this.#ledger.idle);
    this.#rate.parsed(bytes);
    this.#events.parsed();
  }

  /** A `resume` has told the relay how far it was parsed. */
  toldParsed(): void {
    this.headOffset = 0;
    this.#ackedOffset = this.#ledger.parsed.offset;
    this.#toldWindowBytes = this.#meter.windowBytes;
  }

  /** @returns what to acknowledge now, if it moved by a quarter of the window, or by 32 KiB; it counts as told then */
  dueAck(): { readonly outputFence: number; readonly offset: number; readonly windowBytes: number } | undefined {
    const { offset, fence } = this.#ledger.parsed;
    const { windowBytes } = this.#meter;
    if (offset - this.#ackedOffset < Math.min(windowBytes / 4, this.#toldWindowBytes / 4, ackStepBytes)) return undefined;
    this.#ackedOffset = offset;
    this.#toldWindowBytes = windowBytes;
    return { outputFence: fence, offset, windowBytes };
  }

  /** @returns false when the entry does not fit: come again from `position` */
  entry(entry: Entry): boolean {
    const before = this.#check.position;
    const verdict = this.#check.check(entry);
    if (verdict === 'refused') return false;
    this.#refusals = 0;
    if (verdict === 'adopted') this.#declare({ sizeBytes: Math.max(0, entry.offset - before.offset), cause: GapCause.damaged });
    switch (entry.type) {
      case FrameType.outputData:
        this.#output(entryContent(entry), entry.flags & OutputFlag.stderr ? 'stderr' : 'stdout');
        return true;
      case FrameType.outputGap: {
        const gap = gapOf(entry);
        if (gap && gap.sizeBytes > 0) this.#declare(gap);
        break;
      }
      case FrameType.outputMark:
        this.#host.mark(decodeUtf8(entryPayload(entry)) ?? '');
        break;
      case FrameType.outputExit: {
        const reason = parseEndReason(decodeJsonObject(entryPayload(entry)));
        this.#movedOn();
        this.#events.ended(reason ?? { kind: 'no-status', message: 'The session ended.' });
        return true;
      }
    }
    this.#movedOn();
    return true;
  }

  /** A frame was refused, here or before it was an entry. @returns whether coming again may still help */
  refused(): boolean {
    this.#faults = { ...this.#faults, mismatches: this.#faults.mismatches + 1 };
    return ++this.#refusals < mostRefusals;
  }

  /** The edge has moved this client over what it will never get. Size 0: only entries without bytes are missing. */
  gap(gap: Gap, to: Position, adoptCrc: boolean): void {
    this.#check.moveTo(to, adoptCrc);
    if (gap.sizeBytes > 0) this.#declare(gap);
    this.#movedOn();
  }

  rewound(to: Position, adoptCrc: boolean): void {
    const bytes = Math.max(0, this.#check.position.offset - to.offset);
    this.#check.moveTo(to, adoptCrc);
    this.#ledger.rewound(to);
    this.#ackedOffset = Math.min(this.#ackedOffset, to.offset);
    this.#faults = { ...this.#faults, rewinds: this.#faults.rewinds + 1 };
    this.#host.rewound(bytes);
    this.#events.parsed();
  }

  #output(bytes: Uint8Array, source: 'stdout' | 'stderr'): void {
    const to = this.#check.position;
    const token = this.#ledger.given(bytes.length, to);
    this.#meter.given();
    this.#receivedBytes += bytes.length;
    this.#host.output(bytes, source, token, to.offset <= this.replayBelow);
  }

  #declare(gap: Gap): void {
    this.#faults = { ...this.#faults, gaps: this.#faults.gaps + 1, gapBytes: this.#faults.gapBytes + gap.sizeBytes };
    this.#host.gap(gap);
  }

  /** A frame without output moves the parsed position as parsed bytes do (FC2). */
  #movedOn(): void {
    this.#ledger.movedOn(this.#check.position);
    this.#events.parsed();
  }
}
