import { Buffer } from 'node:buffer';
import type { Clock } from '../../base/clock.ts';
import type { LogListener, LogSubscription } from '../log-store.ts';
import type { RespReply } from './resp-socket.ts';

interface Listening {
  readonly listener: LogListener;
  /** Confirmed by the server: pushes count from here on (LG5). */
  live: boolean;
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
  readonly #send: (command: 'SSUBSCRIBE' | 'SUNSUBSCRIBE', channel: string) => void;
  #channels = new Map<string, Channel>();

  /** @param send does nothing while there is no connection */
  constructor(clock: Clock, send: (command: 'SSUBSCRIBE' | 'SUNSUBSCRIBE', channel: string) => void) {
    this.#clock = clock;
    this.#send = send;
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
    for (const { listening } of channels.values()) this.#end(listening);
  }

  reply(reply: RespReply): void {
    if (!Array.isArray(reply)) return;
    const [kind, name, payload] = reply as readonly RespReply[];
    if (!Buffer.isBuffer(kind) || !Buffer.isBuffer(name)) return;
    const channel = this.#channels.get(name.toString('latin1'));
    if (!channel) return;
    // By its length, because this runs for every push: smessage, ssubscribe, sunsubscribe.
    if (kind.length === 8) this.#push(channel, payload as Buffer);
    else if (kind.length === 10) this.#subscribed(channel);
    else if (kind.length === 12) this.#unsubscribed(channel);
  }

  #ask(channel: Channel): void {
    channel.subscribing++;
    this.#send('SSUBSCRIBE', channel.name);
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
