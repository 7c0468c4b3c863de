import { takeNonce } from '../log/nonce.ts';
import type { SessionId, WorkerId } from '../protocol/ids.ts';
import { endEvent } from '../session/audit-event.ts';
import type { SessionRecord } from '../session/session-record.ts';
import type { PumpTools } from './pump-tools.ts';

type InheritanceTools = Pick<PumpTools, 'broker' | 'worker' | 'clock' | 'random' | 'audit' | 'hangUps' | 'log'>;

const workerLost = { kind: 'worker-lost', message: 'The worker that held this session was lost; its process may still run.' } as const;

/** What becomes of the sessions of a dead worker, or of this one's own that have no pump (LS2). */
export class Inheritance {
  readonly #tools: InheritanceTools;
  readonly #held: (session: SessionId) => boolean;
  /** Taken from a dead owner, as far as this worker knows, and not ended yet. */
  readonly #taking = new Set<SessionId>();

  /** @param held whether this worker runs the session, or is about to */
  constructor(tools: InheritanceTools, held: (session: SessionId) => boolean) {
    this.#tools = tools;
    this.#held = held;
  }

  /**
   * Exec and attach cannot be attached again: a declared end; a session that was not started, or a log, is queued again. Asked for again
   * after a failure it goes on where it was.
   * @throws BrokerUnavailable
   */
  async take(session: SessionId, dead: WorkerId): Promise<void> {
    const { sessions } = this.#tools.broker;
    if (this.#held(session)) return;
    const record = await sessions.read(session);
    if (this.#held(session)) return;
    const owner = record?.owner ?? dead;
    if (record?.state === 'owned' && (owner === dead || this.#taking.has(session))) await this.#settle(record, owner);
    else if (record?.state === 'waiting') await this.#queue(session);
    this.#taking.delete(session);
    await sessions.forget(session, dead);
  }

  async #settle(record: SessionRecord, owner: WorkerId): Promise<void> {
    const { broker, worker, clock, random, audit, hangUps, log } = this.#tools;
    const { id: session, target, graceMs } = record;
    if (await broker.sessions.release(session, owner, target.kind === 'log' ? 'started' : 'unstarted')) return this.#queue(session);
    if (this.#held(session)) return;
    // The index first, and it stays there for the next sweep: what this worker took and could not end, or what a fail-over opens again, is
    // found there (LS2).
    await broker.sessions.adopt(session, worker);
    this.#taking.add(session);
    const request = { nonce: takeNonce(random), writer: worker, expectedOwner: owner, newOwner: worker };
    const taken = await broker.logs.takeOutput(session, request);
    if (taken.kind === 'taken') {
      const end = { owner: worker, nonce: takeNonce(random), reason: workerLost, keepMs: graceMs };
      const answer = await broker.logs.end(session, end);
      log('session ended', { sessionId: session, kind: workerLost.kind, answer });
      if (answer !== 'ended') return;
      hangUps.begin(record, workerLost.kind);
      audit(endEvent(record, worker, workerLost, clock.wallMs(), { bytesOut: taken.fence.base.offset }));
    }
  }

  async #queue(session: SessionId): Promise<void> {
    await this.#tools.broker.opens.push({ kind: 'open', session });
  }
}
