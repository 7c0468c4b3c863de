import { RingBudget } from '../../log/ring-budget.ts';
import type { Gauge } from '../../telemetry/gauges.ts';
import { catchUpReads, inputRings } from './constants.ts';
import { type Owned, OwnerWatch, type OwnerWatchTools } from './owner-watch.ts';
import { SharedChannels } from './shared-channels.ts';
import { SharedReads } from './shared-reads.ts';

export interface SharedPartsOptions extends OwnerWatchTools {
  /** Sockets this edge takes, of all and of one subject (FC7). */
  readonly maxSockets: number;
  readonly maxSubjectSockets: number;
}

/** What the sockets of an edge share, whichever door they came through. */
export class SharedParts {
  readonly channels: SharedChannels;
  readonly reads: SharedReads;
  readonly rings = new RingBudget(inputRings);
  readonly #options: SharedPartsOptions;
  readonly #sockets = new Map<Owned, string>();
  readonly #ofSubject = new Map<string, number>();
  readonly #owners: OwnerWatch;

  constructor(options: SharedPartsOptions) {
    this.#options = options;
    this.channels = new SharedChannels(options.broker.logs);
    this.reads = new SharedReads(options.broker.logs, catchUpReads);
    this.#owners = new OwnerWatch(options, () => this.#sockets.keys());
    this.#owners.start();
  }

  gauges(): readonly Gauge[] {
    return [
      { name: 'poseidon_edge_sockets', help: 'Client sockets attached.', value: this.#sockets.size },
      { name: 'poseidon_edge_subscriptions', help: 'Sessions followed.', value: this.channels.size },
      { name: 'poseidon_edge_reads_under_way', help: 'Pages being read.', value: this.reads.underWay },
      { name: 'poseidon_edge_reads_waiting', help: 'Pages that wait for their turn to be read.', value: this.reads.waiting },
    ];
  }

  /** Why this edge takes no more of this subject: the name of the limit, in a sentence (FC7). */
  full(subject: string): string | undefined {
    const { maxSockets, maxSubjectSockets } = this.#options;
    if (this.#sockets.size >= maxSockets) return `this edge has all the sockets it takes (limit edge-sockets: ${maxSockets})`;
    if ((this.#ofSubject.get(subject) ?? 0) < maxSubjectSockets) return undefined;
    return `you have all the sockets this edge gives to one user (limit subject-sockets: ${maxSubjectSockets})`;
  }

  enter(socket: Owned, subject: string): void {
    this.#sockets.set(socket, subject);
    this.#ofSubject.set(subject, (this.#ofSubject.get(subject) ?? 0) + 1);
  }

  leave(socket: Owned): void {
    const subject = this.#sockets.get(socket);
    if (subject === undefined) return;
    this.#sockets.delete(socket);
    const left = (this.#ofSubject.get(subject) ?? 1) - 1;
    if (left > 0) this.#ofSubject.set(subject, left);
    else this.#ofSubject.delete(subject);
  }

  close(): void {
    this.#owners.stop();
  }
}
