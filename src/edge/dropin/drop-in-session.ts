import type { Timer } from '../../base/clock.ts';
import { LogReader, type ReaderSink } from '../../log/log-reader.ts';
import { type EndReason, parseEndReason } from '../../protocol/end-reason.ts';
import { EndRequestFlag, type Entry, entryPayload } from '../../protocol/entry.ts';
import { CloseStreamCause, type Ephemeral, encodeEphemeral } from '../../protocol/ephemeral.ts';
import { FrameType } from '../../protocol/frame-type.ts';
import type { Gap } from '../../protocol/gap.ts';
import type { SessionId, WorkerId } from '../../protocol/ids.ts';
import { decodeJsonObject } from '../../protocol/json.ts';
import { pageEntries } from '../../protocol/limits.ts';
import { startOfLog } from '../../protocol/position.ts';
import type { Control, WorkerStatus } from '../../protocol/session-status.ts';
import type { Target } from '../../protocol/target.ts';
import { decodeUtf8 } from '../../protocol/utf8.ts';
import { noInput } from '../relay/edge-gauges.ts';
import type { EdgeTools } from '../relay/relay-tools.ts';
import { Steering } from '../relay/steering.ts';
import { WorkerLine } from '../relay/worker-line.ts';
import { ClientInput } from './client-input.ts';
import { ClientOutput, type Front } from './client-output.ts';
import { firstSize, graceMs, leaveWithinMs, openWithinMs, windowBytes } from './constants.ts';
import type { DropInHolds } from './drop-in-gauges.ts';

export interface DropInPlan {
  readonly target: Target;
  readonly subject: string;
  readonly user: string;
  /** Sealed (UP8). */
  readonly credential: string;
}

/**
 * One session of a client that speaks Kubernetes: created like any other and driven by this edge, which is its client (DI1). What cannot
 * be said in that protocol ends it, and so does the client's leaving.
 */
export class DropInSession implements ReaderSink {
  readonly sessionId: SessionId;
  readonly input: ClientInput;
  readonly #plan: DropInPlan;
  readonly #tools: EdgeTools;
  readonly #over: () => void;
  readonly #steering: Steering;
  readonly #worker: WorkerLine;
  readonly #output = new ClientOutput(() => this.#tellCredit());
  #state: 'opening' | 'open' | 'leaving' | 'over' = 'opening';
  #opened: (end: EndReason | undefined) => void = () => {};
  #limit: Timer | undefined;
  #queued = false;
  #endFlags = 0;

  /** @param over called once, when nothing of the session is left here */
  constructor(plan: DropInPlan, tools: EdgeTools, over: () => void) {
    this.#plan = plan;
    this.#tools = tools;
    this.#over = over;
    this.sessionId = tools.newId(21) as SessionId;
    this.#worker = new WorkerLine(this.sessionId, tools, {
      told: (told) => this.#told(told),
      unknown: (young) => {
        if (!young) this.fail('The session is not known any more.', 'unknown-session');
      },
    });
    this.#steering = new Steering(this.sessionId, tools, {
      viewport: () => ({ ...firstSize, windowBytes }),
      credit: () => ({ outputFence: this.#output.credit.fence, offset: this.#output.credit.offset, windowBytes }),
      acknowledge: (accepted, typed) => this.input.acknowledged(accepted, typed),
      control: (control) => this.#controlled(control),
    });
    const line = () => this.#steering.input;
    this.input = new ClientInput(tools.random, line, (full) => this.#output.hold(full));
  }

  get owner(): WorkerId | undefined {
    return this.#worker.owner;
  }

  ownerSilent(): void {}

  get holds(): DropInHolds {
    const { poseidon_edge_input_held_bytes, poseidon_edge_input_pending_bytes, poseidon_edge_input_ring_bytes } =
      this.#steering.input?.holds ?? noInput;
    return {
      poseidon_dropin_input_bytes: this.input.keptBytes,
      poseidon_dropin_log_input_bytes: poseidon_edge_input_held_bytes + poseidon_edge_input_pending_bytes + poseidon_edge_input_ring_bytes,
      poseidon_dropin_kept_push_bytes: this.#worker.reader?.keptBytes ?? 0,
      poseidon_dropin_output_bytes: this.#output.bufferedBytes,
    };
  }

  /**
   * Creates the session, queues it, and waits for what the upstream says (LS4).
   * @returns undefined when it is open; else why it is not, and nothing is left
   * @throws BrokerUnavailable
   */
  async open(): Promise<EndReason | undefined> {
    if (this.#state !== 'opening') return clientGone;
    const opened = new Promise<EndReason | undefined>((resolve) => {
      this.#opened = resolve;
    });
    try {
      await this.#create();
    } catch (failure) {
      this.#close();
      throw failure;
    }
    return opened;
  }

  /** The client's request was answered: from here on it gets what there is. */
  start(front: Front): void {
    this.#output.start(front);
  }

  /** The client has gone or is to be let go of: the process is not kept for it. */
  leave(): void {
    if (this.#state === 'leaving' || this.#state === 'over') return;
    this.#opened(clientGone);
    this.#output.leave(this.#worker.reader?.position.offset ?? 0);
    if (!this.#queued) return this.#close();
    this.#state = 'leaving';
    this.#limit?.cancel();
    this.#worker.stopQueueing();
    // What the client wrote before it left is typed first; the request to end waits behind it on the log.
    this.#steering.input?.endRequest(this.#endFlags);
    this.#limit = this.#tools.clock.after(leaveWithinMs, () => this.#close());
    this.#tellCredit();
  }

  /** Its client cannot come back with another sign-in. */
  signInOver(): undefined {
    this.#endFlags = EndRequestFlag.signInOver;
    this.fail('The sign-in of this client has expired or was revoked.', 'sign-in-over');
  }

  /** Ends it with a reason of this relay's own. */
  fail(message: string, reason: string): void {
    if (this.#state === 'leaving' || this.#state === 'over') return;
    this.#tell({ kind: 'broken', message, reason });
    this.leave();
  }

  // --- ReaderSink ---

  /** Always: what is on the log and not with the client is what the worker's window lets be. */
  roomEntries(): number {
    return this.#state === 'over' ? 0 : pageEntries;
  }

  deliver(entry: Entry): void {
    if (this.#state === 'over') return;
    switch (entry.type) {
      case FrameType.outputFence:
        return this.#output.fence(entry.fence);
      case FrameType.outputData:
        this.#isOpen();
        return this.#output.data(entry);
      case FrameType.outputMark:
        return this.#output.say(decodeUtf8(entryPayload(entry)) ?? '');
      case FrameType.outputGap:
        return this.#missing();
      case FrameType.outputExit:
        return this.#ended(parseEndReason(decodeJsonObject(entryPayload(entry))) ?? { kind: 'no-status', message: 'The session ended.' });
      default:
        return;
    }
  }

  gap({ sizeBytes }: Pick<Gap, 'sizeBytes'>): void {
    if (sizeBytes > 0) this.#missing();
  }

  rewound(): void {
    if (this.#output.shown) this.#missing();
    this.#output.forgetEarly();
  }

  // --- the session ---

  async #create(): Promise<void> {
    const { broker, clock, newId, hash } = this.#tools;
    const { target, subject, user, credential } = this.#plan;
    const record = { id: this.sessionId, target, subject, user, credential, detached: 'pause', graceMs, size: firstSize } as const;
    // Nobody knows the key: there is no second attachment.
    if (!(await broker.sessions.create({ ...record, keyHash: hash(newId(32)), createdAtMs: clock.wallMs() })))
      throw new Error('session id taken');
    if (this.#state !== 'opening') return;
    const { stream, typed } = this.input;
    const control = await this.#steering.take({ stream, connection: 1, typed }, { kind: 'resume' });
    if (this.#state !== 'opening') return this.#close();
    this.#controlled(control);
    this.#limit = clock.after(openWithinMs, () => this.fail('The cluster did not answer in time.', 'timeout'));
    this.#queued = true;
    this.#worker.follow(new LogReader(this, startOfLog, startOfLog));
    await this.#worker.enqueue();
  }

  #told(told: Ephemeral): void {
    switch (told.kind) {
      case 'stall':
        return this.#tellCredit();
      case 'typed':
        return this.#steering.told(told);
      case 'closed':
        this.#steering.told(told);
        if (told.stream === this.input.stream && told.cause === CloseStreamCause.hole) this.fail('Input was lost.', 'input-lost');
        return;
      case 'workerStatus':
        this.#steering.told(told);
        return this.#workerSays(told.status);
      default:
        return;
    }
  }

  #workerSays(status: WorkerStatus): void {
    // Nobody drives, says a worker that has not heard of this edge: its credit tells that it is there (DR2).
    if (!status.driver) this.#tellCredit();
    if (status.upstream === 'open') this.#isOpen();
  }

  #controlled(control: Control): void {
    if (!control.driving || this.#state === 'over') return;
    this.input.startAt(control.next);
    if (this.#state === 'leaving') this.#steering.input?.endRequest(this.#endFlags);
  }

  #isOpen(): void {
    if (this.#state !== 'opening') return;
    this.#state = 'open';
    this.#limit?.cancel();
    this.#worker.stopQueueing();
    this.#opened(undefined);
  }

  /** The protocol of this client has no words for a hole: it must not take the rest for all of it. */
  #missing(): void {
    this.fail('Output of the process was lost on the way.', 'output-lost');
  }

  #ended(end: EndReason): void {
    this.#tell(end);
    this.#close();
  }

  #tell(end: EndReason): void {
    if (this.#state === 'opening') this.#opened(end);
    else this.#output.end(end);
  }

  #tellCredit(): void {
    const { input } = this.#steering;
    if (!input) return;
    const { fence, offset } = this.#output.credit;
    this.#output.told();
    this.#worker.publish(encodeEphemeral({ input: input.fence, output: fence }, { kind: 'credit', offset, windowBytes }));
  }

  #close(): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#limit?.cancel();
    this.#worker.close();
    this.#steering.close();
    this.#over();
  }
}

const clientGone: EndReason = { kind: 'ended', message: 'The client has gone.' };
