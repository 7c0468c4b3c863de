import { isSessionId, type SessionId, type WorkerId } from '../../protocol/ids.ts';
import type { SessionRecord } from '../../session/session-record.ts';
import type { ClaimAnswer, NewSession, Releasable, SessionStore } from '../broker.ts';
import { type Lifetimes, releasedMs } from '../lifetimes.ts';
import type { ControlClient } from './control-client.ts';
import { fieldsOf, textsOf, wordOf } from './control-replies.ts';
import { listedSessions, sessionKeys, subjectKey, workerSessionsKey } from './keys.ts';
import type { Script, SessionScriptName } from './scripts.ts';
import { recordFields, recordOf, writtenFields } from './session-fields.ts';

/** `meta` of sessions, a worker's index and a subject's list, on the control plane. */
export class RedisSessions implements SessionStore {
  readonly #control: ControlClient;
  readonly #scripts: Readonly<Record<SessionScriptName, Script>>;
  readonly #lifetimes: Lifetimes;

  constructor(control: ControlClient, scripts: Readonly<Record<SessionScriptName, Script>>, lifetimes: Lifetimes) {
    this.#control = control;
    this.#scripts = scripts;
    this.#lifetimes = lifetimes;
  }

  async create(session: NewSession): Promise<boolean> {
    const args = [this.#lifetimes.waitingMs, session.keyHash, ...writtenFields(session)];
    const word = wordOf(await this.#control.run(this.#scripts.create, [sessionKeys(session.id).meta], args));
    if (word !== 'created') return false;
    const key = subjectKey(session.subject);
    await this.#control.answer((redis) =>
      Promise.all([
        redis.zadd(key, session.createdAtMs, session.id),
        redis.zremrangebyrank(key, 0, -listedSessions - 1),
        redis.pexpire(key, this.#lifetimes.subjectMs),
      ]),
    );
    return true;
  }

  async read(id: SessionId): Promise<SessionRecord | undefined> {
    const values = await this.#control.answer((redis) => redis.hmget(sessionKeys(id).meta, ...recordFields));
    return recordOf(id, recordValues(values));
  }

  /** The index first: a claimed session that no index names would never be found when its worker dies (LS2). */
  async claim(id: SessionId, worker: WorkerId): Promise<ClaimAnswer> {
    await this.adopt(id, worker);
    const args = [worker, this.#lifetimes.sessionMs, ...recordFields];
    const reply = await this.#control.run(this.#scripts.claim, keysOf(id), args);
    const word = wordOf(reply);
    const session = word === 'claimed' ? recordOf(id, recordValues(reply[1])) : undefined;
    if (session) return { kind: 'claimed', session };
    await this.forget(id, worker);
    return { kind: word === 'not-waiting' ? word : 'unknown' };
  }

  async started(id: SessionId, worker: WorkerId): Promise<boolean> {
    return wordOf(await this.#control.run(this.#scripts.started, [sessionKeys(id).meta], [worker])) === 'started';
  }

  async release(id: SessionId, worker: WorkerId, which: Releasable): Promise<boolean> {
    const args = [worker, releasedMs(which, this.#lifetimes), which];
    return wordOf(await this.#control.run(this.#scripts.release, keysOf(id), args)) === 'released';
  }

  touch(ids: readonly SessionId[], worker: WorkerId): Promise<readonly boolean[]> {
    const one = async (id: SessionId) =>
      wordOf(await this.#control.run(this.#scripts.touch, keysOf(id), [worker, this.#lifetimes.sessionMs])) === 'touched';
    return Promise.all(ids.map(one));
  }

  async adopt(id: SessionId, worker: WorkerId): Promise<void> {
    const key = workerSessionsKey(worker);
    await this.#control.answer((redis) => Promise.all([redis.sadd(key, id), redis.pexpire(key, this.#lifetimes.leaseMs)]));
  }

  async ofWorker(worker: WorkerId): Promise<readonly SessionId[]> {
    return textsOf(await this.#control.answer((redis) => redis.smembers(workerSessionsKey(worker)))).filter(isSessionId);
  }

  async forget(id: SessionId, worker: WorkerId): Promise<void> {
    await this.#control.answer((redis) => redis.srem(workerSessionsKey(worker), id));
  }

  /** Newest first; what has ended or expired is taken off the list. */
  async ofSubject(subject: string, limit: number): Promise<readonly SessionId[]> {
    const key = subjectKey(subject);
    const ids = textsOf(await this.#control.answer((redis) => redis.zrevrange(key, 0, listedSessions - 1))).filter(isSessionId);
    const states = await this.#control.answer((redis) => Promise.all(ids.map((id) => redis.hget(sessionKeys(id).meta, 'state'))));
    const live = ids.filter((_, index) => states[index] === 'waiting' || states[index] === 'owned');
    const gone = ids.filter((id) => !live.includes(id));
    if (gone.length > 0) await this.#control.answer((redis) => redis.zrem(key, ...gone));
    return live.slice(0, limit);
  }
}

function recordValues(reply: unknown): readonly (string | null)[] {
  return fieldsOf(reply, recordFields.length);
}

function keysOf(id: SessionId): readonly string[] {
  const { meta, out, in: input } = sessionKeys(id);
  return [meta, out, input];
}
