import type { EndReason } from '../../src/protocol/end-reason.ts';
import type { Upstream, UpstreamEvents, UpstreamOpener, UpstreamRefusal, UpstreamRequest } from '../../src/upstream/upstream.ts';

/** A process behind an upstream connection: a test reads what was typed and says what it prints. */
export class FakeUpstream implements Upstream {
  readonly request: UpstreamRequest;
  readonly sizes: Array<{ readonly cols: number; readonly rows: number }> = [];
  paused = false;
  /** Output that still comes when it is paused: what one read has brought in. */
  underWayBytes = 0;
  #stillComingBytes = 0;
  closed = false;
  inputEnded = false;
  /** It speaks a protocol that can say so. */
  hasEndOfInput = true;
  /** As it is told. */
  unsentBytes = 0;
  /** Its buffer has passed the mark: `write` answers false. */
  full = false;
  /** Output of the process that TCP holds back while the upstream is paused. */
  readonly #blocked: Array<{ readonly bytes: Uint8Array; readonly source: 'stdout' | 'stderr' }> = [];
  readonly #typed: Uint8Array[] = [];
  readonly #events: UpstreamEvents;
  /** Bytes handed over although the upstream was paused would break the contract; what went through is counted. */
  passedBytes = 0;

  constructor(request: UpstreamRequest, events: UpstreamEvents) {
    this.request = request;
    this.#events = events;
  }

  // --- the worker's side ---

  write(bytes: Uint8Array): boolean {
    if (this.closed) throw new Error('typed into a closed upstream');
    this.#typed.push(bytes.slice());
    return !this.full;
  }

  resize(cols: number, rows: number): void {
    this.sizes.push({ cols, rows });
  }

  endInput(): boolean {
    this.inputEnded = this.hasEndOfInput;
    return this.hasEndOfInput;
  }

  pause(): void {
    if (!this.paused) this.#stillComingBytes = this.underWayBytes;
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    this.#pass();
  }

  close(): void {
    this.closed = true;
  }

  // --- the process's side ---

  get typed(): string {
    return Buffer.concat(this.#typed).toString();
  }

  /** The process prints; blocked while the upstream is paused. */
  print(output: string | Uint8Array, source: 'stdout' | 'stderr' = 'stdout'): void {
    this.#blocked.push({ bytes: typeof output === 'string' ? Buffer.from(output) : output, source });
    this.#pass();
  }

  /** The process took what was written. */
  drain(): void {
    this.full = false;
    this.#events.drained();
  }

  end(reason: EndReason): void {
    if (!this.closed) this.#events.ended(reason);
  }

  #pass(): void {
    for (let next = this.#blocked[0]; next && !this.closed; next = this.#blocked[0]) {
      if (this.paused && next.bytes.length > this.#stillComingBytes) return;
      if (this.paused) this.#stillComingBytes -= next.bytes.length;
      this.#blocked.shift();
      this.passedBytes += next.bytes.length;
      this.#events.output(next.bytes, next.source);
    }
  }
}

/** Opens fake upstreams; a test may hold the opening back or let it be refused. */
export class FakeOpener implements UpstreamOpener {
  readonly opened: FakeUpstream[] = [];
  readonly requests: UpstreamRequest[] = [];
  readonly hungUp: UpstreamRequest[] = [];
  /** Answers of the next opens, before any succeeds. */
  readonly refusals: UpstreamRefusal[] = [];
  #held: Array<() => void> | undefined;

  async open(request: UpstreamRequest, events: UpstreamEvents, signal: AbortSignal): Promise<Upstream> {
    this.requests.push(request);
    const refusal = this.refusals.shift();
    if (refusal) throw refusal;
    if (this.#held) await new Promise<void>((resolve) => this.#held?.push(resolve));
    signal.throwIfAborted();
    const upstream = new FakeUpstream(request, events);
    this.opened.push(upstream);
    return upstream;
  }

  async hangUp(request: UpstreamRequest): Promise<number> {
    this.hungUp.push(request);
    return 0;
  }

  /** Opens take their time until `release`. */
  hold(): void {
    this.#held ??= [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const open of held) open();
  }

  /** The newest one. */
  get upstream(): FakeUpstream {
    const newest = this.opened.at(-1);
    if (!newest) throw new Error('no upstream was opened');
    return newest;
  }
}
