import { beforeEach, describe, expect, it } from 'vitest';
import type { LogListener, LogName, LogSubscription } from '../../../src/broker/log-store.ts';
import { SharedChannels } from '../../../src/edge/relay/shared-channels.ts';
import type { SessionId } from '../../../src/protocol/ids.ts';

const log: LogName = { session: 'session-0123456789' as SessionId, log: 'out' };
const frame = new Uint8Array([1]);

/** The broker's channels: what was subscribed and is not closed. */
class FakeChannels {
  readonly open: LogListener[] = [];

  subscribe(_log: LogName, listener: LogListener): LogSubscription {
    this.open.push(listener);
    return { close: () => this.open.splice(this.open.indexOf(listener), 1) };
  }
}

class Listener implements LogListener {
  readonly heard: string[] = [];
  subscribed(): void {
    this.heard.push('subscribed');
  }
  push(): void {
    this.heard.push('push');
  }
  broken(): void {
    this.heard.push('broken');
  }
}

let below: FakeChannels;
let channels: SharedChannels;

beforeEach(() => {
  below = new FakeChannels();
  channels = new SharedChannels(below);
});

describe('the subscriptions of an edge', () => {
  it('[DR3] are one a log, however many attachments listen', () => {
    const [a, b] = [new Listener(), new Listener()];
    channels.subscribe(log, a);
    channels.subscribe(log, b);
    expect(below.open).toHaveLength(1);
    below.open[0]?.subscribed();
    below.open[0]?.push(frame);
    expect([a.heard, b.heard]).toStrictEqual([
      ['subscribed', 'push'],
      ['subscribed', 'push'],
    ]);
  });

  it('[DR3] are two for the two logs of a session', () => {
    channels.subscribe(log, new Listener());
    channels.subscribe({ ...log, log: 'in' }, new Listener());
    expect(below.open).toHaveLength(2);
  });

  it('[LG5] who joins a confirmed one may read at once, who joins one that is not waits', () => {
    const [early, late] = [new Listener(), new Listener()];
    channels.subscribe(log, early);
    expect(early.heard).toStrictEqual([]);
    below.open[0]?.subscribed();
    channels.subscribe(log, late);
    expect([early.heard, late.heard]).toStrictEqual([['subscribed'], ['subscribed']]);
  });

  it('[LG4] that break are told to all, and the next listener starts a new one', () => {
    const [a, b, next] = [new Listener(), new Listener(), new Listener()];
    channels.subscribe(log, a);
    const late = channels.subscribe(log, b);
    below.open[0]?.subscribed();
    below.open.shift()?.broken();
    expect(a.heard).toStrictEqual(['subscribed', 'broken']);
    expect(b.heard).toStrictEqual(['subscribed', 'broken']);
    channels.subscribe(log, next);
    expect(next.heard).toStrictEqual([]);
    late.close();
    below.open[0]?.subscribed();
    expect(next.heard).toStrictEqual(['subscribed']);
  });

  it('[DR3] end with their last listener', () => {
    const subscriptions = [channels.subscribe(log, new Listener()), channels.subscribe(log, new Listener())];
    subscriptions[0]?.close();
    expect(below.open).toHaveLength(1);
    subscriptions[1]?.close();
    subscriptions[1]?.close();
    expect(below.open).toHaveLength(0);
    expect(channels.size).toBe(0);
  });

  it('[DR3] a listener that leaves during a push does not cut the others off', () => {
    const b = new Listener();
    const subscription = channels.subscribe(log, { subscribed: () => {}, broken: () => {}, push: () => subscription.close() });
    channels.subscribe(log, b);
    below.open[0]?.push(frame);
    below.open[0]?.push(frame);
    expect(b.heard).toStrictEqual(['push', 'push']);
  });
});
