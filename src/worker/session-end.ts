import { sleep } from '../base/clock.ts';
import type { EndAnswer, EndRequest, LogName } from '../broker/log-store.ts';
import { takeNonce } from '../log/nonce.ts';
import type { EndReason } from '../protocol/end-reason.ts';
import { endEvent } from '../session/audit-event.ts';
import type { SessionRecord } from '../session/session-record.ts';
import { EndKeeper } from './end-keeper.ts';
import type { PumpTools } from './pump-tools.ts';
import { type Held, restoreSession } from './restore-session.ts';

/** Before an `end` that was not answered is asked for again. */
const againMs = 200;

export const endedByUser: EndReason = { kind: 'ended', message: 'The session was ended by its user.' };
export const endedBySignIn: EndReason = {
  kind: 'ended',
  reason: 'sign-in-over',
  message: 'The sign-in of its user has expired or was revoked.',
};

export interface SessionBytes {
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** One end of one session, the same however often it has to be asked for (LS3). */
export class SessionEnd {
  readonly #request: EndRequest;
  readonly #session: SessionRecord;
  readonly #bytes: () => SessionBytes;
  readonly #tools: PumpTools;
  #asked = false;

  /** @param bytes that went through the session, as far as it is known when the end stands */
  constructor(reason: EndReason, session: SessionRecord, bytes: () => SessionBytes, tools: PumpTools) {
    this.#bytes = bytes;
    this.#request = { owner: tools.worker, nonce: takeNonce(tools.random), reason, keepMs: session.graceMs };
    this.#session = session;
    this.#tools = tools;
  }

  /** It may stand already, with its answer lost. */
  get asked(): boolean {
    return this.#asked;
  }

  /** @returns undefined when there was no answer, after a while */
  async write(signal: AbortSignal): Promise<EndAnswer | undefined> {
    const { broker, worker, clock, audit, log } = this.#tools;
    const { id } = this.#session;
    this.#asked = true;
    const answer = await broker.logs.end(id, this.#request).catch(() => undefined);
    const { kind, reason, code } = this.#request.reason;
    if (answer === 'ended') audit(endEvent(this.#session, worker, this.#request.reason, clock.wallMs(), this.#bytes()));
    if (answer) log('session ended', { sessionId: id, kind, reason, code, answer });
    else await sleep(clock, againMs, signal);
    return answer;
  }

  keeper(log: LogName, held: Held): EndKeeper {
    const restore = (signal: AbortSignal) => restoreSession(held, this.#tools, signal);
    return new EndKeeper(log, held.writer, this.#request, restore, this.#tools);
  }
}
