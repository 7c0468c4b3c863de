import { retrying } from '../../base/retrying.ts';
import type { TakeAnswer, TakeMode, TakenInput } from '../../broker/log-store.ts';
import { takeNonce } from '../../log/nonce.ts';
import type { Viewport } from '../../protocol/client-frame.ts';
import { type Ephemeral, encodeEphemeral } from '../../protocol/ephemeral.ts';
import type { Credit } from '../../protocol/fence-entry.ts';
import type { ClientStream, SessionId } from '../../protocol/ids.ts';
import { formerStreams } from '../../protocol/limits.ts';
import type { Control } from '../../protocol/session-status.ts';
import { probeAnswerMs, takeAgainMostMs } from './constants.ts';
import { InputLine, type InputLineEvents } from './input-line.ts';
import { LostStreams } from './lost-streams.ts';
import type { EdgeTools } from './relay-tools.ts';

/** What one client wants to drive with. */
export interface Claimant {
  readonly stream: ClientStream;
  readonly connection: number;
  /** Bytes of the stream the client knows to be typed. */
  readonly typed: number;
}

export interface SteeringHost extends Pick<InputLineEvents, 'acknowledge'> {
  viewport(): Viewport;
  credit(): Credit;
  /** The client drives, or no longer does. */
  control(control: Control): void;
}

/** One socket's part in driving its session: takes the input log, writes it while it is its own, and lets go of it (DR1, RS5, RS6). */
export class Steering {
  readonly #session: SessionId;
  readonly #tools: EdgeTools;
  readonly #host: SteeringHost;
  readonly #lost: LostStreams;
  /** Streams this client had before its last one, the newest first: the record of who drives may go back to one of them (DR1). */
  #former: readonly ClientStream[] = [];
  #claimant: Claimant | undefined;
  /** A fence of this client itself above its own, and whether it counts has been asked. */
  #doubted = 0;
  readonly #abort = new AbortController();
  /** Takes wait for each other: the last one asked for is the last one done. */
  #turn: Promise<unknown> = Promise.resolve();
  #input: InputLine | undefined;
  /** The driver that was asked for a sign of life because this client would drive, and until when its silence counts (DR2). */
  #probed: { readonly fence: number; readonly untilMs: number } | undefined;

  constructor(session: SessionId, tools: EdgeTools, host: SteeringHost) {
    this.#session = session;
    this.#tools = tools;
    this.#host = host;
    this.#lost = new LostStreams(tools.clock, (stream) =>
      this.#publish(encodeEphemeral({ input: 0, output: 0 }, { kind: 'ask', stream, givenUp: true })),
    );
  }

  get input(): InputLine | undefined {
    return this.#input;
  }

  get lostStreams(): number {
    return this.#lost.size;
  }

  /** Streams the client had before it came to this edge, and of which of them it has not been told the fate. */
  cameWith(former: readonly ClientStream[], lost: readonly ClientStream[]): void {
    this.#former = former;
    this.#lost.add(...lost);
  }

  /** Takes the input log for this client; a broker that does not answer is asked again while the socket lives. */
  take(claimant: Claimant, mode: TakeMode): Promise<Control> {
    return this.#inTurn(() => this.#take(claimant, mode));
  }

  told(told: Ephemeral): void {
    const input = this.#input;
    switch (told.kind) {
      case 'typed':
        return input?.told(told);
      case 'closed':
        return this.#lost.closed(told.stream);
      case 'workerStatus': {
        const { driver } = told.status;
        if (input && driver && driver.fence > input.fence) this.#newerDriver(input, driver);
        return driver && !this.#isOwnLost(driver) ? undefined : this.#driverSilent();
      }
      default:
        return;
    }
  }

  /** DR2: the socket is gone, so nobody drives, unless somebody else does already. */
  close(): void {
    this.#abort.abort();
    this.#lost.close();
    const input = this.#input;
    this.#input = undefined;
    if (input) this.#letGo(input);
  }

  async #take(claimant: Claimant, mode: TakeMode): Promise<Control> {
    const before = this.#input;
    this.#input = undefined;
    this.#probed = undefined;
    before?.close();
    if (before && before.stream !== claimant.stream) this.#lost.add(before.stream);
    const last = this.#claimant?.stream;
    if (last && last !== claimant.stream) this.#former = [last, ...this.#former].slice(0, formerStreams);
    this.#claimant = claimant;
    const answer = await this.#ask(claimant, mode);
    if (!answer) return { driving: false, cause: 'ended' };
    // A client that does not drive has given its stream up, whatever the reason.
    if (answer.kind !== 'taken') this.#lost.add(claimant.stream);
    switch (answer.kind) {
      case 'taken': {
        const tools = { ...this.#tools, store: this.#tools.broker.logs };
        const line = new InputLine(this.#session, answer, claimant.typed, tools, {
          acknowledge: (...upTo) => this.#host.acknowledge(...upTo),
          lost: (verdict) => {
            if (this.#input !== line) return;
            if (verdict === 'ended' || verdict === 'unknown') this.#loseControl('ended');
            else this.#takeAgain({ ...claimant, typed: line.typed });
          },
        });
        if (this.#abort.signal.aborted) this.#letGo(line);
        else this.#input = line;
        return { driving: true, stream: line.stream, next: line.next };
      }
      case 'old-connection':
        return { driving: false, cause: 'old-connection' };
      case 'driven-by-another':
        if (mode.kind === 'resume') this.#probe(answer.fence);
        return { driving: false, cause: 'driven-by-another' };
      default:
        return { driving: false, cause: 'ended' };
    }
  }

  /** Its fence is newer than this one's. Whether a newer socket of this client took it, or a fail-over has lost that take, the record knows. */
  #newerDriver(input: InputLine, { stream, fence }: { readonly stream: ClientStream; readonly fence: number }): void {
    if (!this.#claimant || !this.#isOwn(stream)) return this.#loseControl('replaced');
    if (stream !== input.stream || fence === this.#doubted) return;
    this.#doubted = fence;
    input.close();
    this.#takeAgain({ ...this.#claimant, typed: input.typed });
  }

  /**
   * The log is another writer's, or what the writer before this one had stored was lost (LG6). It need not be a person's doing: after a
   * fail-over, or a restore, the record may name this client still, and it sends again from what the log has.
   */
  #takeAgain(claimant: Claimant): void {
    this.#input = undefined;
    void this.#inTurn(async () => {
      // The client asked for control meanwhile, with a new stream: this one it has given up.
      if (this.#input || this.#abort.signal.aborted) return this.#lost.add(claimant.stream);
      const control = await this.#take(claimant, { kind: 'resume' });
      if (this.#abort.signal.aborted) return;
      const superseded = !control.driving && control.cause === 'old-connection';
      this.#host.control(superseded ? { driving: false, cause: 'replaced' } : control);
    }).catch(() => {});
  }

  #inTurn<Answer>(run: () => Promise<Answer>): Promise<Answer> {
    const done = this.#turn.then(run);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  /** Once the request was sent its answer is waited for even if the socket closes: a log that was taken has to be let go of. */
  async #ask(claimant: Claimant, mode: TakeMode): Promise<TakeAnswer<TakenInput> | undefined> {
    const { broker, clock, random, edge } = this.#tools;
    const { stream, connection, typed } = claimant;
    const { cols, rows } = this.#host.viewport();
    const driver = { stream, connection, cols, rows, credit: this.#host.credit() };
    const own = mode.kind === 'resume' ? { ...mode, former: this.#former } : mode;
    const request = { nonce: takeNonce(random), writer: edge, driver, typed, mode: own };
    return retrying(() => broker.logs.takeInput(this.#session, request), { clock, random }, this.#abort.signal, takeAgainMostMs);
  }

  #probe(fence: number): void {
    this.#probed = { fence, untilMs: this.#tools.clock.now() + probeAnswerMs };
    this.#publish(encodeEphemeral({ input: fence, output: 0 }, { kind: 'probe' }));
  }

  /** The worker's driver is this client, by a take that a fail-over has lost: the record has gone back to a driver before it (DR2). */
  #isOwnLost({ stream, fence }: { readonly stream: ClientStream; readonly fence: number }): boolean {
    return this.#probed !== undefined && fence > this.#probed.fence && this.#isOwn(stream);
  }

  #isOwn(stream: ClientStream): boolean {
    return stream === this.#claimant?.stream || this.#former.includes(stream);
  }

  /** Nobody drives, by what the worker says. One of the clients that wait for it wins: whoever replaces exactly that driver (DR1). */
  #driverSilent(): void {
    const probed = this.#probed;
    this.#probed = undefined;
    if (!probed || this.#input || this.#tools.clock.now() > probed.untilMs) return;
    this.#host.control({ driving: false, cause: 'driver-silent', fence: probed.fence });
  }

  #loseControl(cause: 'replaced' | 'ended'): void {
    const input = this.#input;
    this.#input = undefined;
    input?.close();
    // Also of an end: a fail-over may take it back, and this socket goes on.
    if (input) this.#lost.add(input.stream);
    this.#host.control({ driving: false, cause });
  }

  #letGo(input: InputLine): void {
    input.close();
    this.#publish(encodeEphemeral({ input: input.fence, output: 0 }, { kind: 'detach' }));
    this.#tools.broker.logs.leave(this.#session, input.fence).catch(() => {});
  }

  #publish(frame: Uint8Array): void {
    this.#tools.broker.logs.publish({ session: this.#session, log: 'in' }, frame);
  }
}
