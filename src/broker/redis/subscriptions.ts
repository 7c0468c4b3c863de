import { Buffer } from 'node:buffer';
import type { Clock } from '../../base/clock.ts';
import type { LogListener, LogSubscription } from '../log-store.ts';
import type { RespReply } from './resp-decoder.ts';

interface Listening {
  readonly listener: LogListener;
  /** Confirmed by the server: pushes count from here on (LG5). */
  live: boolean;
}

type SubscriberCommand = 'SSUBSCRIBE' | 'SUNSUBSCRIBE';

export interface SubscriptionsHost {
  /** Does nothing while there is no connection. */
  send(command: SubscriberCommand, channel: string): void;
  /** The server does not hold the channel's slot, or not any more. */
  moved(): void;
  /** The connection says what none does: a push may be among it, so that all of its subscriptions have to end (LG4). */
  damaged(cause: Error): void;
}

interface Channel {
  readonly name: string;
  readonly listening: Set<Listening>;
  /** SSUBSCRIBEs and SUNSUBSCRIBEs sent and not yet confirmed: listening begins with the last confirmation, not with an older one's. */
  subscribing: number;
  unsubscribing: number;
  /** The server holds the subscription. */
  confirmed: boolean;
}

/**
 * The sharded subscriptions of one subscriber connection, shared by all listeners of a channel. Confirmations come in the order of the
 * commands. A subscription ends with its connection, or when the server takes the channel away because its slot has moved.
 */
export class Subscriptions {
  readonly #clock: Clock;
  readonly #host: SubscriptionsHost;
  #channels = new Map<string, Channel>();
  /** Commands without reply, oldest first: an error does not say which one it answers. */
  #sent = new Set<{ readonly command: SubscriberCommand; readonly name: string }>();

  constructor(clock: Clock, host: SubscriptionsHost) {
    this.#clock = clock;
    this.#host = host;
  }

  /** @param up whether there is a connection to send on; else {@link connected} will */
  subscribe(name: string, listener: LogListener, up: boolean): LogSubscription {
    const listening: Listening = { listener, live: false };
    const known = this.#channels.get(name);
    const channel = known ?? { name, listening: new Set(), subscribing: 0, unsubscribing: 0, confirmed: false };
    if (!known) this.#channels.set(name, channel);
    const first = channel.listening.size === 0;
    channel.listening.add(listening);
    if (up && first) this.#ask(channel);
    else if (up && channel.subscribing === 0) this.#clock.endOfTurn(() => this.#confirm(channel, listening));
    return { close: () => this.#close(channel, listening) };
  }

  connected(): void {
    for (const channel of this.#channels.values()) this.#ask(channel);
  }

  /** Ends all subscriptions; those that were waiting for a connection only wait on. */
  broken(): void {
    const channels = this.#channels;
    this.#channels = new Map();
    this.#sent.clear();
    for (const { listening } of channels.values()) this.#end(listening);
  }

  /** Ends the subscriptions of channels that are another server's now. */
  breakChannels(lost: (name: string) => boolean): void {
    for (const channel of [...this.#channels.values()]) {
      if (!lost(channel.name)) continue;
      this.#channels.delete(channel.name);
      this.#send('SUNSUBSCRIBE', channel.name);
      this.#end(channel.listening);
    }
  }

  reply(reply: RespReply): void {
    if (reply instanceof Error) return this.#refused();
    // The answer to a ping while nothing is subscribed.
    if (Buffer.isBuffer(reply)) return;
    const [kind, name, payload] = Array.isArray(reply) ? (reply as readonly RespReply[]) : [];
    if (!Buffer.isBuffer(kind) || !Buffer.isBuffer(name)) return this.#damaged();
    const channel = this.#channels.get(name.toString('latin1'));
    // By its length, because this runs for every push.
    switch (kind.length) {
      case 'smessage'.length:
        return Buffer.isBuffer(payload) ? channel && this.#push(channel, payload) : this.#damaged();
      case 'ssubscribe'.length:
        return this.#answered('SSUBSCRIBE', name.toString('latin1')) ? channel && this.#subscribed(channel) : this.#damaged();
      case 'sunsubscribe'.length:
        this.#answered('SUNSUBSCRIBE', name.toString('latin1'));
        return channel && this.#unsubscribed(channel);
      case 'pong'.length:
        return;
      default:
        this.#damaged();
    }
  }

  #damaged(): void {
    this.#host.damaged(new Error('Redis sent something that no subscriber connection says'));
  }

  #ask(channel: Channel): void {
    channel.subscribing++;
    this.#send('SSUBSCRIBE', channel.name);
  }

  #send(command: SubscriberCommand, name: string): void {
    this.#sent.add({ command, name });
    this.#host.send(command, name);
  }

  /** @returns whether it was sent */
  #answered(command: SubscriberCommand, name: string): boolean {
    for (const sent of this.#sent) if (sent.command === command && sent.name === name) return this.#sent.delete(sent);
    return false;
  }

  /** Most likely the slot is not here: as if the server had taken the channel away. */
  #refused(): void {
    const [sent] = this.#sent;
    if (sent) this.#sent.delete(sent);
    const channel = sent && this.#channels.get(sent.name);
    if (channel) this.#moved(channel);
    else this.#host.moved();
  }

  #push({ listening }: Channel, frame: Buffer): void {
    for (const { live, listener } of listening) if (live) listener.push(frame);
  }

  #subscribed(channel: Channel): void {
    channel.subscribing--;
    channel.confirmed = true;
    if (channel.subscribing > 0) return;
    for (const listening of channel.listening) this.#confirm(channel, listening);
  }

  #confirm(channel: Channel, listening: Listening): void {
    if (listening.live || channel.subscribing > 0 || !channel.listening.has(listening)) return;
    listening.live = true;
    listening.listener.subscribed();
  }

  #unsubscribed(channel: Channel): void {
    if (channel.unsubscribing > 0) channel.unsubscribing--;
    else return this.#moved(channel);
    channel.confirmed = false;
    if (channel.listening.size === 0 && channel.subscribing === 0 && channel.unsubscribing === 0) this.#channels.delete(channel.name);
  }

  /** Nobody asked for it: the slot has moved, pushes come from elsewhere. */
  #moved(channel: Channel): void {
    this.#channels.delete(channel.name);
    this.#host.moved();
    this.#end(channel.listening);
  }

  #close(channel: Channel, listening: Listening): void {
    if (!channel.listening.delete(listening) || channel.listening.size > 0) return;
    if (this.#channels.get(channel.name) !== channel) return;
    if (channel.subscribing === 0 && !channel.confirmed) {
      this.#channels.delete(channel.name);
      return;
    }
    channel.unsubscribing++;
    this.#send('SUNSUBSCRIBE', channel.name);
  }

  #end(listening: Set<Listening>): void {
    const ended = [...listening];
    listening.clear();
    for (const { listener } of ended) listener.broken();
  }
}
