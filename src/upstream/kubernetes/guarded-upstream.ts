import type { Clock, Timer } from '../../base/clock.ts';
import type { EndReason } from '../../protocol/end-reason.ts';
import { type Upstream, type UpstreamEvents, UpstreamRefusal } from '../upstream.ts';
import type { ContainerLook } from './container-look.ts';

/** How often it looks whether it should ask. */
const tickMs = 5_000;
/** A quiet stream's pod is asked for so often; one that says nothing to what was typed, sooner. */
const askAfter = { quietMs: 120_000, unansweredMs: 10_000, leastMs: 30_000 } as const;

const podGone: EndReason = { kind: 'broken', reason: 'pod-gone', message: 'The pod was deleted.' };
const containerGone: EndReason = {
  kind: 'broken',
  reason: 'container-ended',
  message: 'The container has ended, and the process with it.',
};

/** An exec or attach whose pod is asked for while nothing comes: upstream may stay open and silent when it is deleted (facts 5). */
export class GuardedUpstream implements Upstream, UpstreamEvents {
  readonly #events: UpstreamEvents;
  readonly #look: (signal: AbortSignal) => Promise<ContainerLook>;
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  #upstream: Upstream | undefined;
  #timer: Timer | undefined;
  #run: number | undefined;
  #paused = false;
  #asking = false;
  #saidAtMs: number;
  #askedAtMs: number;
  #typedAtMs: number | undefined;

  constructor(events: UpstreamEvents, look: (signal: AbortSignal) => Promise<ContainerLook>, clock: Clock) {
    this.#events = events;
    this.#look = look;
    this.#clock = clock;
    this.#saidAtMs = this.#askedAtMs = clock.now();
  }

  /** Once, when it is open. */
  guard(upstream: Upstream): void {
    this.#upstream = upstream;
    if (!this.#stop.signal.aborted) this.#tickLater();
  }

  get guarded(): Upstream | undefined {
    return this.#upstream;
  }

  output(bytes: Uint8Array, source: 'stdout' | 'stderr'): void {
    this.#saidAtMs = this.#clock.now();
    this.#typedAtMs = undefined;
    this.#events.output(bytes, source);
  }

  remark(text: string): void {
    this.#events.remark(text);
  }

  drained(): void {
    this.#events.drained();
  }

  ended(reason: EndReason): void {
    if (this.#leave()) this.#events.ended(reason);
  }

  write(bytes: Uint8Array): boolean {
    this.#typedAtMs ??= this.#clock.now();
    return this.#upstream?.write(bytes) ?? true;
  }

  get unsentBytes(): number {
    return this.#upstream?.unsentBytes ?? 0;
  }

  resize(cols: number, rows: number): void {
    this.#upstream?.resize(cols, rows);
  }

  endInput(): boolean {
    return this.#upstream?.endInput() ?? false;
  }

  pause(): void {
    this.#paused = true;
    this.#upstream?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#saidAtMs = this.#clock.now();
    this.#upstream?.resume();
  }

  close(): void {
    this.#leave();
    this.#upstream?.close();
  }

  #leave(): boolean {
    if (this.#stop.signal.aborted) return false;
    this.#stop.abort();
    this.#timer?.cancel();
    return true;
  }

  #tickLater(): void {
    this.#timer = this.#clock.after(tickMs, () => {
      this.#tickLater();
      if (this.#due()) void this.#ask();
    });
  }

  #due(): boolean {
    const now = this.#clock.now();
    // While nobody reads nothing can come.
    if (this.#asking || this.#paused) return false;
    const unanswered = this.#typedAtMs !== undefined && now - this.#typedAtMs >= askAfter.unansweredMs;
    if (unanswered) return now - this.#askedAtMs >= askAfter.leastMs;
    return now - Math.max(this.#saidAtMs, this.#askedAtMs) >= askAfter.quietMs;
  }

  async #ask(): Promise<void> {
    this.#asking = true;
    this.#askedAtMs = this.#clock.now();
    try {
      const { current, podOver } = await this.#look(this.#stop.signal);
      this.#run ??= current?.running ? current.id : undefined;
      const same = current?.running && current.id === this.#run;
      if (podOver || (this.#run !== undefined && !same)) this.#end(containerGone);
    } catch (failure) {
      const reason = failure instanceof UpstreamRefusal ? failure.end.reason : undefined;
      if (reason === 'pod-not-found') this.#end(podGone);
      // Who may exec need not be allowed to read the pod.
      else if (reason === 'forbidden') this.#timer?.cancel();
    } finally {
      this.#asking = false;
    }
  }

  #end(reason: EndReason): void {
    if (!this.#leave()) return;
    this.#upstream?.close();
    this.#events.ended(reason);
  }
}
