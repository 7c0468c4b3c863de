import type { User } from '../../auth/user.ts';
import { sleep } from '../../base/clock.ts';
import { RingBudget } from '../../log/ring-budget.ts';
import { CloseCode } from '../../protocol/close-code.ts';
import { type Gauge, sumGauges } from '../../telemetry/gauges.ts';
import type { BrowserSocket, SocketEvents } from '../listener.ts';
import { Attachment } from './attachment.ts';
import { catchUpReads, inputRings } from './constants.ts';
import { edgeGauges } from './edge-gauges.ts';
import { OwnerWatch } from './owner-watch.ts';
import type { RelayTools } from './relay-tools.ts';
import { SharedChannels } from './shared-channels.ts';
import { SharedReads } from './shared-reads.ts';

export const relaySubprotocol = 'poseidon.v1';
export const relayPath = '/v1/attach';

export interface RelayDoorOptions extends Omit<RelayTools, 'channels' | 'reads' | 'rings' | 'mayResume'> {
  /** A fresh check of the user's right to the session (RS2). */
  readonly mayResume: (user: User, session: Parameters<RelayTools['mayResume']>[0]) => Promise<boolean>;
  /** Sockets this edge takes, of all and of one subject; more are closed with `busy` (FC7). */
  readonly maxSockets: number;
  readonly maxSubjectSockets: number;
}

/** Door 1: browser sockets of `poseidon.v1`. Owns no session: it can be killed at any time. */
export class RelayDoor {
  readonly #options: RelayDoorOptions;
  readonly #channels: SharedChannels;
  readonly #reads: SharedReads;
  readonly #rings = new RingBudget(inputRings);
  readonly #attachments = new Set<Attachment>();
  readonly #owners: OwnerWatch;
  readonly #ofSubject = new Map<string, number>();
  #draining = false;

  constructor(options: RelayDoorOptions) {
    this.#options = options;
    this.#channels = new SharedChannels(options.broker.logs);
    this.#reads = new SharedReads(options.broker.logs, catchUpReads);
    this.#owners = new OwnerWatch(options, () => this.#attachments);
    this.#owners.start();
  }

  get sockets(): number {
    return this.#attachments.size;
  }

  gauges(): readonly Gauge[] {
    return [
      { name: 'poseidon_edge_sockets', help: 'Browser sockets attached.', value: this.sockets },
      { name: 'poseidon_edge_subscriptions', help: 'Sessions followed.', value: this.#channels.size },
      { name: 'poseidon_edge_reads_under_way', help: 'Pages being read.', value: this.#reads.underWay },
      { name: 'poseidon_edge_reads_waiting', help: 'Pages that wait for their turn to be read.', value: this.#reads.waiting },
      ...sumGauges(
        edgeGauges,
        Array.from(this.#attachments, (attachment) => attachment.holds),
      ),
    ];
  }

  /** Why this edge takes no more of this subject: the name of the limit, in a sentence (FC7). */
  full(subject: string): string | undefined {
    const { maxSockets, maxSubjectSockets } = this.#options;
    if (this.#attachments.size >= maxSockets) return `this edge has all the sockets it takes (limit edge-sockets: ${maxSockets})`;
    if ((this.#ofSubject.get(subject) ?? 0) < maxSubjectSockets) return undefined;
    return `you have all the sockets this edge gives to one user (limit subject-sockets: ${maxSubjectSockets})`;
  }

  accept(socket: BrowserSocket, user: User): SocketEvents {
    const { mayResume, ...options } = this.#options;
    const tools = {
      ...options,
      channels: this.#channels,
      reads: this.#reads,
      rings: this.#rings,
      mayResume: (session: Parameters<RelayTools['mayResume']>[0]) => mayResume(user, session),
    };
    const { subject } = user;
    const full = this.full(subject);
    const attachment = new Attachment(socket, subject, tools, () => this.#left(attachment, subject));
    this.#attachments.add(attachment);
    this.#ofSubject.set(subject, (this.#ofSubject.get(subject) ?? 0) + 1);
    if (this.#draining) attachment.refuse(CloseCode.draining, 'this edge is going away');
    else if (full) attachment.refuse(CloseCode.busy, full);
    return attachment;
  }

  #left(attachment: Attachment, subject: string): void {
    if (!this.#attachments.delete(attachment)) return;
    const left = (this.#ofSubject.get(subject) ?? 1) - 1;
    if (left > 0) this.#ofSubject.set(subject, left);
    else this.#ofSubject.delete(subject);
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
