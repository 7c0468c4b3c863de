import { describe, expect, it } from 'vitest';
import type { SavedSession } from '../../../src/client/client-host.ts';
import type { RelayDoor } from '../../../src/edge/relay/relay-door.ts';
import type { SessionId } from '../../../src/protocol/ids.ts';
import {
  inputGrantBytes,
  inputUntypedBytes,
  keptPushBytes,
  lostStreams,
  maxEntryPayloadBytes,
  writerRingBytes,
} from '../../../src/protocol/limits.ts';
import { bound } from '../../support/bound.ts';
import type { TestBrowser } from '../../support/test-browser.ts';
import { TestRelay } from '../../support/test-relay.ts';

const KiB = 1024;

const gaugeOf = (door: RelayDoor) => (name: string) =>
  door.gauges().find((each) => each.name === `poseidon_edge_${name}`)?.value ?? Number.NaN;

/** An edge whose appends are not answered: from then on when `stop` was called. */
async function opened(): Promise<{ relay: TestRelay; browser: TestBrowser; gauge: (name: string) => number; stop: () => void }> {
  const relay = await TestRelay.start();
  const broker = relay.broker();
  const { logs } = broker;
  let answering: Promise<void> = Promise.resolve();
  const append: typeof logs.append = async (...args) => {
    await answering;
    return logs.append(...args);
  };
  const slow = new Proxy(logs, { get: (to, name) => (name === 'append' ? append : bound(to, name)) });
  const door = relay.door('edge-a', { broker: new Proxy(broker, { get: (to, name) => (name === 'logs' ? slow : bound(to, name)) }) });
  const browser = await relay.openTerminal(door);
  const stop = () => {
    answering = new Promise(() => {});
  };
  return { relay, browser, gauge: gaugeOf(door), stop };
}

describe('what an edge holds of a socket', () => {
  it('[FC5] input that waits for the worker, and frames for a resend', async () => {
    const { relay, browser, gauge } = await opened();
    await using _ = relay;
    relay.opener.upstream.full = true;
    browser.type('x'.repeat(4_096 * KiB));
    await relay.clock.advance(20_000);
    expect(gauge('input_held_bytes')).toBe(inputGrantBytes);
    expect(gauge('input_ring_bytes')).toBeLessThanOrEqual(writerRingBytes);
    const accepted = browser.socket.last('inputAck')?.accepted ?? 0;
    expect(accepted).toBeGreaterThanOrEqual(inputUntypedBytes);
    expect(accepted).toBeLessThanOrEqual(inputUntypedBytes + 2 * inputGrantBytes);
  });

  it('[FC4] frames of input that a fail-over could lose, however fast the process takes it', async () => {
    const { relay, browser, gauge } = await opened();
    await using _ = relay;
    const sizes: number[] = [];
    for (let round = 0; round < 64; round++) {
      browser.type('x'.repeat(32 * KiB));
      await relay.clock.settle();
      sizes.push(gauge('input_ring_bytes'));
    }
    expect(relay.opener.upstream.typed.length).toBe(64 * 32 * KiB);
    expect(Math.max(...sizes)).toBeGreaterThan(writerRingBytes - maxEntryPayloadBytes);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(writerRingBytes + maxEntryPayloadBytes);
  });

  it('[LG5] pushes of output that come while a page is read', async () => {
    await using relay = await TestRelay.start();
    const broker = relay.broker();
    const read = () => new Promise<never>(() => {});
    const silent = new Proxy(broker.logs, { get: (to, name) => (name === 'read' ? read : bound(to, name)) });
    const door = relay.door('edge-b', { broker: new Proxy(broker, { get: (to, name) => (name === 'logs' ? silent : bound(to, name)) }) });
    const driver = await relay.openTerminal(relay.door('edge-a'));
    const behind = relay.browser(door);
    behind.client.startAgain({ ...(driver.saved as SavedSession), stream: 'f'.repeat(32) }, { cols: 80, rows: 24 });
    const sizes: number[] = [];
    for (let piece = 0; piece < 200; piece++) {
      relay.opener.upstream.print(new Uint8Array(KiB));
      await relay.clock.settle();
      sizes.push(gaugeOf(door)('kept_push_bytes'));
    }
    expect(Math.max(...sizes)).toBeGreaterThan(keptPushBytes - 2 * KiB);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(keptPushBytes);
  });

  it('[LG9] the input log is bounded whatever its writers: drivers that replace each other before a blocked upstream', async () => {
    await using relay = await TestRelay.start();
    const browsers = [await relay.openTerminal(relay.door('edge-a'))];
    const [first] = browsers as [TestBrowser];
    for (const edge of ['edge-b', 'edge-c', 'edge-d']) {
      const other = relay.browser(relay.door(edge));
      other.client.startAgain(
        { ...(first.saved as SavedSession), stream: edge.padEnd(32, '0').replaceAll(/[^0-9a-f]/g, '0') },
        { cols: 80, rows: 24 },
      );
      await relay.clock.settle();
      browsers.push(other);
    }
    relay.opener.upstream.full = true;
    for (const browser of browsers) {
      browser.client.takeControl();
      await relay.clock.settle();
      browser.type('x'.repeat(1_024 * KiB));
      await relay.clock.advance(3_000);
    }
    const session = first.state.session as SessionId;
    const onLog = () => {
      const page = relay.server.read({ session, log: 'in' }, { fence: 0, seq: 0 }, 100_000);
      return page.kind === 'page' ? page.entries.reduce((sum, { frame }) => sum + frame.length, 0) : Number.NaN;
    };
    expect(onLog()).toBeGreaterThan(inputUntypedBytes / 2);
    expect(onLog()).toBeLessThanOrEqual(inputUntypedBytes + inputGrantBytes + 4 * KiB);
    relay.opener.upstream.full = false;
    relay.opener.upstream.drain();
    await relay.clock.advance(60_000);
    // The last driver's input is all typed; what the others had not typed by then is told as not sent.
    expect(browsers.at(-1)?.state.untypedBytes).toBe(0);
    expect(onLog()).toBeLessThanOrEqual(2 * inputGrantBytes);
  });

  it('[LG9] sizes and keystrokes count as entries: a client that sends them without end before a blocked upstream', async () => {
    const { relay, browser } = await opened();
    await using _ = relay;
    relay.opener.upstream.full = true;
    browser.type('x');
    await relay.clock.settle();
    for (let count = 0; count < 6_000; count++) {
      browser.socket.from({ kind: 'resize', offset: 1, cols: 10 + (count % 200), rows: 24 });
      browser.socket.from({ kind: 'end' });
      await relay.clock.settle();
    }
    const page = relay.server.read({ session: browser.state.session as SessionId, log: 'in' }, { fence: 0, seq: 0 }, 100_000);
    expect(page.kind === 'page' && page.entries.length).toBeLessThanOrEqual(4_200);
  });

  it('[FC5] input that waits for the answer of the broker', async () => {
    const { relay, browser, gauge, stop } = await opened();
    await using _ = relay;
    stop();
    browser.type('x'.repeat(4_096 * KiB));
    await relay.clock.advance(1_000);
    expect(gauge('input_pending_bytes') + gauge('input_ring_bytes')).toBeGreaterThanOrEqual(inputGrantBytes);
    expect(gauge('input_pending_bytes')).toBeLessThanOrEqual(inputGrantBytes);
    expect(gauge('input_ring_bytes')).toBeLessThanOrEqual(inputGrantBytes + KiB);
  });

  it('[FC5] of sizes and wishes to end that come while the broker does not answer, the last', async () => {
    const { relay, browser, gauge, stop } = await opened();
    await using _ = relay;
    const sizes = relay.opener.upstream.sizes.length;
    stop();
    browser.type('x');
    for (let count = 0; count < 5_000; count++) browser.socket.from({ kind: 'resize', offset: 1, cols: 10 + (count % 200), rows: 24 });
    await relay.clock.settle();
    expect(gauge('input_pending_entries')).toBe(2);
    expect(relay.opener.upstream.sizes).toHaveLength(sizes);
  });

  it('[RS6] streams that its client gave up and the worker has not spoken of', async () => {
    await using relay = await TestRelay.start({ workers: 0 });
    const door = relay.door();
    const browser = await relay.openTerminal(door);
    for (let count = 0; count < 40; count++) {
      browser.client.takeControl();
      await relay.clock.settle();
    }
    expect(gaugeOf(door)('lost_streams')).toBe(lostStreams);
  });

  it('[FC1] what its socket has not sent', async () => {
    await using relay = await TestRelay.start();
    const door = relay.door();
    const browser = await relay.openTerminal(door);
    browser.socket.buffered = 256 * KiB;
    expect(gaugeOf(door)('socket_buffer_bytes')).toBe(256 * KiB);
    relay.opener.upstream.print(new Uint8Array(64 * KiB));
    await relay.clock.settle();
    expect(browser.screenBytes).toBe(0);
  });

  it('[DR3] one subscription a session, and nothing when its sockets have gone', async () => {
    await using relay = await TestRelay.start();
    const door = relay.door();
    const browsers = [await relay.openTerminal(door), await relay.openTerminal(door)];
    expect([gaugeOf(door)('sockets'), gaugeOf(door)('subscriptions')]).toStrictEqual([2, 2]);
    for (const browser of browsers) browser.client.dispose();
    await relay.clock.settle();
    expect(door.gauges().map(({ value }) => value)).toStrictEqual(door.gauges().map(() => 0));
  });
});
