import { Backoff } from '../base/backoff.ts';
import { sleep } from '../base/clock.ts';
import type { EndReason } from '../protocol/end-reason.ts';
import type { SessionRecord } from '../session/session-record.ts';
import { UpstreamRefusal } from '../upstream/upstream.ts';
import type { PumpTools } from './pump-tools.ts';

/** Side by side: each is a process in a pod for some seconds. */
const lanes = 8;
const triesEach = 4;
const tryWithinMs = 20_000;
const between = { firstMs: 1_000, mostMs: 20_000 } as const;

/** Ends after which a shell may be left: its process has not said that it is over. */
const abnormal: readonly EndReason['kind'][] = ['ended', 'abandoned', 'broken', 'worker-lost', 'limit'];

/** Of a command that the relay did not choose nothing is hung up: its end says so. */
export function endOfOwnCommand({ target }: SessionRecord, end: EndReason): EndReason {
  const stays = target.kind === 'exec' && target.command.length > 0 && (end.kind === 'ended' || end.kind === 'abandoned');
  return stays ? { ...end, message: `${end.message} Its process may still run.` } : end;
}

/** Hangs up what shells of sessions that did not end by themselves have left in their pods (UP9). After the end is told: it does not wait. */
export class HangUps {
  readonly #tools: Pick<PumpTools, 'opener' | 'unseal' | 'clock' | 'random' | 'log'>;
  readonly #stop = new AbortController();
  readonly #waiting: SessionRecord[] = [];
  readonly #running = new Set<Promise<void>>();

  constructor(tools: Pick<PumpTools, 'opener' | 'unseal' | 'clock' | 'random' | 'log'>) {
    this.#tools = tools;
  }

  /** @param kind how the session ended */
  begin(session: SessionRecord, kind: EndReason['kind']): void {
    const { target } = session;
    if (target.kind !== 'exec' || target.command.length > 0 || !abnormal.includes(kind) || this.#stop.signal.aborted) return;
    this.#waiting.push(session);
    if (this.#running.size >= lanes) return;
    const lane: Promise<void> = this.#lane().finally(() => this.#running.delete(lane));
    this.#running.add(lane);
  }

  /** What has begun is done, or given up. */
  async settled(): Promise<void> {
    await Promise.all(this.#running);
  }

  close(): void {
    this.#waiting.length = 0;
    this.#stop.abort();
  }

  async #lane(): Promise<void> {
    for (let session = this.#waiting.shift(); session; session = this.#waiting.shift()) await this.#hangUp(session);
  }

  async #hangUp(session: SessionRecord): Promise<void> {
    const { clock, random, log } = this.#tools;
    const backoff = new Backoff(random, between.firstMs, between.mostMs);
    let reason: string | undefined;
    for (let tries = 0; tries < triesEach && !this.#stop.signal.aborted; tries++) {
      try {
        return log('shell hung up', { sessionId: session.id, left: await this.#once(session) });
      } catch (failure) {
        reason = failure instanceof UpstreamRefusal ? (failure.end.reason ?? failure.end.kind) : String(failure);
        if (failure instanceof UpstreamRefusal && !failure.retryable) break;
        await sleep(clock, backoff.nextMs(), this.#stop.signal);
      }
    }
    log('processes may be left', { sessionId: session.id, reason });
  }

  async #once({ id, target, size, ...record }: SessionRecord): Promise<number> {
    const { opener, unseal, clock } = this.#tools;
    const given = new AbortController();
    const timer = clock.after(tryWithinMs, () => given.abort());
    try {
      const request = { target, size, credential: unseal({ id, target, size, ...record }), sessionId: id };
      return await opener.hangUp(request, AbortSignal.any([given.signal, this.#stop.signal]));
    } finally {
      timer.cancel();
    }
  }
}
