import { encodeTable } from '../../log/fence-table.ts';
import { type SessionId, writeStream } from '../../protocol/ids.ts';
import { encodeJson } from '../../protocol/json.ts';
import type { EntryId } from '../../protocol/position.ts';
import type {
  Confirmation,
  EndAnswer,
  EndRequest,
  LogListener,
  LogName,
  LogStore,
  LogSubscription,
  PageAnswer,
  ReassertAnswer,
  RestoreAnswer,
  RestoreRequest,
  TakeAnswer,
  TakeInput,
  TakeMode,
  TakenInput,
  TakeOutput,
  WriterClaim,
} from '../log-store.ts';
import { driverHead } from './driver-head.ts';
import { logKey, sessionKeys } from './keys.ts';
import { endAnswer, pageAnswer, reassertAnswer, restoreAnswer, takeAnswer, takeInputAnswer } from './log-replies.ts';
import { restoreArguments } from './restore-arguments.ts';
import type { LogScriptName, Script } from './scripts.ts';
import type { RedisTopology } from './topology.ts';

/** The data plane on Redis: everything of a session goes through the one link of its slot (LS3). */
export class RedisLogStore implements LogStore {
  readonly #topology: RedisTopology;
  readonly #scripts: Readonly<Record<LogScriptName, Script>>;
  /** How long a restored session lives until it is touched. */
  readonly #sessionMs: number;

  constructor(topology: RedisTopology, scripts: Readonly<Record<LogScriptName, Script>>, sessionMs: number) {
    this.#topology = topology;
    this.#scripts = scripts;
    this.#sessionMs = sessionMs;
  }

  async takeOutput(session: SessionId, request: TakeOutput): Promise<TakeAnswer> {
    const { meta, out } = sessionKeys(session);
    const args = [request.expectedOwner, request.newOwner, String(request.nonce), request.writer];
    const link = this.#topology.linkOf(session);
    return takeAnswer(await link.script(this.#scripts['take-output'], [meta, out], args), 'not-owner', request.nonce, link.young);
  }

  async takeInput(session: SessionId, request: TakeInput): Promise<TakeAnswer<TakenInput>> {
    const { meta, in: input } = sessionKeys(session);
    const head = driverHead(request.driver);
    const args = [String(request.nonce), request.writer, head, String(request.typed), request.mode.kind, conditionOf(request.mode)];
    const link = this.#topology.linkOf(session);
    return takeInputAnswer(await link.script(this.#scripts['take-input'], [meta, input], args), request.nonce, link.young);
  }

  async reassert(log: LogName, claim: WriterClaim): Promise<ReassertAnswer> {
    const keys = [sessionKeys(log.session).meta, logKey(log)];
    const args = [log.log, claim.frame, encodeTable(claim.table)];
    const link = this.#topology.linkOf(log.session);
    return reassertAnswer(await link.script(this.#scripts.reassert, keys, args), link.young);
  }

  async restore(session: SessionId, request: RestoreRequest): Promise<RestoreAnswer> {
    const { meta, out, in: input } = sessionKeys(session);
    const args = restoreArguments(request, this.#sessionMs);
    return restoreAnswer(await this.#topology.linkOf(session).script(this.#scripts.restore, [meta, out, input], args), request.nonce);
  }

  append(log: LogName, frame: Uint8Array): Promise<'stored' | 'doubt'> {
    return this.#topology.linkOf(log.session).append(logKey(log), frame);
  }

  confirm(log: LogName): Promise<Confirmation> | undefined {
    return this.#topology.linkOf(log.session).confirm();
  }

  watchConnection(log: LogName, lost: () => void): LogSubscription {
    return { close: this.#topology.onBreak(log.session, lost) };
  }

  /** Not kept for later while the link is down: the next trim does the same work. */
  trim(log: LogName, { fence, seq }: EntryId): void {
    const link = this.#topology.linkOf(log.session);
    if (link.up) link.script(this.#scripts.trim, [logKey(log)], [`${fence}-${seq}`]).catch(() => undefined);
  }

  async end(session: SessionId, request: EndRequest): Promise<EndAnswer> {
    const { meta, out, in: input } = sessionKeys(session);
    const args = [request.owner, String(request.nonce), encodeJson(request.reason), String(request.keepMs)];
    return endAnswer(await this.#topology.linkOf(session).script(this.#scripts.end, [meta, out, input], args));
  }

  async leave(session: SessionId, ifFence: number): Promise<void> {
    await this.#topology.linkOf(session).script(this.#scripts.leave, [sessionKeys(session).meta], [String(ifFence)]);
  }

  publish(log: LogName, frame: Uint8Array): void {
    this.#topology.linkOf(log.session).send(['SPUBLISH', logKey(log), frame]);
  }

  subscribe(log: LogName, listener: LogListener): LogSubscription {
    return this.#topology.linkOf(log.session).subscribe(logKey(log), listener);
  }

  /** Two commands in one write on the link's own node, so by the server of the subscriptions; the table is read first (RS3). */
  async read(log: LogName, from: EntryId, count: number): Promise<PageAnswer> {
    const link = this.#topology.linkOf(log.session);
    const table = log.log === 'out' ? 'fo' : 'fi';
    const [meta, range] = await Promise.all([
      link.command(['HMGET', sessionKeys(log.session).meta, 'state', 'owner', table]),
      link.command(['XRANGE', logKey(log), `${from.fence}-${from.seq}`, '+', 'COUNT', String(count)]),
    ]);
    return pageAnswer(meta, range, link.young);
  }
}

function conditionOf(mode: TakeMode): string | Uint8Array {
  if (mode.kind === 'if-fence') return String(mode.fence);
  if (mode.kind === 'force' || !mode.former) return '';
  const streams = new Uint8Array(16 * mode.former.length);
  mode.former.forEach((stream, at) => {
    writeStream(streams, 16 * at, stream);
  });
  return streams;
}
