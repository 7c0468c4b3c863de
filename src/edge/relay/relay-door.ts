import type { User } from '../../auth/user.ts';
import { sleep } from '../../base/clock.ts';
import { CloseCode } from '../../protocol/close-code.ts';
import type { BrowserSocket, SocketEvents } from '../listener.ts';
import { Attachment } from './attachment.ts';
import { catchUpReads } from './constants.ts';
import { OwnerWatch } from './owner-watch.ts';
import type { RelayTools } from './relay-tools.ts';
import { SharedChannels } from './shared-channels.ts';
import { SharedReads } from './shared-reads.ts';

export const relaySubprotocol = 'poseidon.v1';
export const relayPath = '/v1/attach';

export interface RelayDoorOptions extends Omit<RelayTools, 'channels' | 'reads' | 'mayResume'> {
  /** A fresh check of the user's right to the session (RS2). */
  readonly mayResume: (user: User, session: Parameters<RelayTools['mayResume']>[0]) => Promise<boolean>;
  /** Sockets this edge takes; more are closed with `busy` (FC7). */
  readonly maxSockets: number;
}

/** Door 1: browser sockets of `poseidon.v1`. Owns no session: it can be killed at any time. */
export class RelayDoor {
  readonly #options: RelayDoorOptions;
  readonly #channels: SharedChannels;
  readonly #reads: SharedReads;
  readonly #attachments = new Set<Attachment>();
  readonly #owners: OwnerWatch;
  #draining = false;

  constructor(options: RelayDoorOptions) {
    this.#options = options;
    this.#channels = new SharedChannels(options.broker.logs);
    this.#reads = new SharedReads(options.broker.logs, catchUpReads);
    const tools = { ...options, channels: this.#channels, reads: this.#reads, mayResume: async () => true };
    this.#owners = new OwnerWatch(tools, () => this.#attachments);
    this.#owners.start();
  }

  get sockets(): number {
    return this.#attachments.size;
  }

  accept(socket: BrowserSocket, user: User): SocketEvents {
    const { mayResume, ...options } = this.#options;
    const tools = {
      ...options,
      channels: this.#channels,
      reads: this.#reads,
      mayResume: (session: Parameters<RelayTools['mayResume']>[0]) => mayResume(user, session),
    };
    const attachment = new Attachment(socket, user.subject, tools, () => this.#attachments.delete(attachment));
    this.#attachments.add(attachment);
    if (this.#draining) attachment.refuse(CloseCode.draining, 'this edge is going away');
    else if (this.#attachments.size > this.#options.maxSockets) attachment.refuse(CloseCode.busy, 'this edge has too many sockets');
    return attachment;
  }

  /** Sends its browsers elsewhere, spread over time; they resume without loss (ED3). */
  async drain(overMs: number): Promise<void> {
    this.#draining = true;
    const all = [...this.#attachments];
    for (const attachment of all) {
      attachment.refuse(CloseCode.draining, 'this edge is going away');
      await sleep(this.#options.clock, overMs / all.length);
    }
  }

  close(): void {
    this.#draining = true;
    this.#owners.stop();
    for (const attachment of [...this.#attachments]) attachment.refuse(CloseCode.draining, 'this edge is going away');
  }
}
