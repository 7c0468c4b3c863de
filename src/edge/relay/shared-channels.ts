import type { Channels } from '../../broker/log-follower.ts';
import type { LogListener, LogName, LogSubscription } from '../../broker/log-store.ts';

interface Shared {
  readonly listeners: Set<LogListener>;
  subscription: LogSubscription | undefined;
  confirmed: boolean;
}

/** One subscription a log and edge, however many attachments listen (DR3). */
export class SharedChannels implements Channels {
  readonly #below: Channels;
  readonly #shared = new Map<string, Shared>();

  constructor(below: Channels) {
    this.#below = below;
  }

  get size(): number {
    return this.#shared.size;
  }

  subscribe(log: LogName, listener: LogListener): LogSubscription {
    const key = `${log.session}:${log.log}`;
    const shared = this.#shared.get(key) ?? this.#open(key, log);
    shared.listeners.add(listener);
    if (shared.confirmed) listener.subscribed();
    return { close: () => this.#leave(key, shared, listener) };
  }

  #open(key: string, log: LogName): Shared {
    const shared: Shared = { listeners: new Set(), subscription: undefined, confirmed: false };
    this.#shared.set(key, shared);
    shared.subscription = this.#below.subscribe(log, {
      subscribed: () => {
        shared.confirmed = true;
        for (const listener of [...shared.listeners]) listener.subscribed();
      },
      push: (frame) => {
        for (const listener of shared.listeners) listener.push(frame);
      },
      broken: () => {
        if (this.#shared.get(key) === shared) this.#shared.delete(key);
        for (const listener of [...shared.listeners]) listener.broken();
      },
    });
    return shared;
  }

  #leave(key: string, shared: Shared, listener: LogListener): void {
    shared.listeners.delete(listener);
    if (shared.listeners.size > 0 || this.#shared.get(key) !== shared) return;
    this.#shared.delete(key);
    shared.subscription?.close();
  }
}
