import type { SessionId } from '../../protocol/ids.ts';
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
  TakenInput,
  TakeOutput,
  WriterClaim,
} from '../log-store.ts';
import type { MemoryLink } from './memory-link.ts';

/** The data plane over one link: each call is one command. */
export class MemoryLogStore implements LogStore {
  readonly #link: MemoryLink;

  constructor(link: MemoryLink) {
    this.#link = link;
  }

  takeOutput(session: SessionId, request: TakeOutput): Promise<TakeAnswer> {
    return this.#link.call((server) => server.takeOutput(session, request));
  }

  takeInput(session: SessionId, request: TakeInput): Promise<TakeAnswer<TakenInput>> {
    return this.#link.call((server) => server.takeInput(session, request));
  }

  reassert(log: LogName, claim: WriterClaim): Promise<ReassertAnswer> {
    return this.#link.call((server) => server.reassert(log, claim));
  }

  restore(session: SessionId, request: RestoreRequest): Promise<RestoreAnswer> {
    return this.#link.call((server) => server.restore(session, request));
  }

  async append(log: LogName, frame: Uint8Array): Promise<'stored' | 'doubt'> {
    return (await this.#link.append(log, frame)) ? 'stored' : 'doubt';
  }

  confirm(): Promise<Confirmation> | undefined {
    return this.#link.confirm();
  }

  watchConnection(_log: LogName, lost: () => void): LogSubscription {
    return { close: this.#link.onBreak(lost) };
  }

  trim(log: LogName, first: EntryId): void {
    this.#link.call((server) => server.trim(log, first)).catch(() => undefined);
  }

  end(session: SessionId, request: EndRequest): Promise<EndAnswer> {
    return this.#link.call((server) => server.end(session, request));
  }

  leave(session: SessionId, ifFence: number): Promise<void> {
    return this.#link.call((server) => server.leave(session, ifFence));
  }

  publish(log: LogName, frame: Uint8Array): void {
    this.#link.call((server) => server.publish(log, frame)).catch(() => undefined);
  }

  subscribe(log: LogName, listener: LogListener): LogSubscription {
    return this.#link.subscribe(log, listener);
  }

  read(log: LogName, from: EntryId, count: number): Promise<PageAnswer> {
    return this.#link.call((server) => server.read(log, from, count));
  }
}
