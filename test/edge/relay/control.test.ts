import { describe, expect, it } from 'vitest';
import { decodeEphemeral } from '../../../src/protocol/ephemeral.ts';
import { bound } from '../../support/bound.ts';
import type { FakeSocket } from '../../support/fake-socket.ts';
import type { TestBrowser } from '../../support/test-browser.ts';
import { TestRelay } from '../../support/test-relay.ts';

const size = { cols: 80, rows: 24 };

/** A second page of the same person on the same session, on an edge of its own. */
async function secondPage(relay: TestRelay, first: TestBrowser, cols = 80): Promise<TestBrowser> {
  const { saved } = first;
  if (!saved) throw new Error('nothing saved');
  const second = relay.browser(relay.door('edge-b'));
  // A page that was not this tab before: its stream says nothing to anybody.
  second.client.startAgain({ ...saved, stream: 'f'.repeat(32) }, { ...size, cols });
  await relay.clock.settle();
  return second;
}

const controls = (socket: FakeSocket) =>
  socket.frames.flatMap((frame) => (frame.kind === 'status' && frame.status.control ? [frame.status.control] : []));

describe('who drives', () => {
  it('[DR1] a second client watches while the first is there', async () => {
    await using relay = await TestRelay.start();
    const first = await relay.openTerminal(relay.door());
    const second = await secondPage(relay, first);
    expect(second.socket.last('attached')?.control).toStrictEqual({ driving: false, cause: 'driven-by-another' });
    expect(second.type('x')).toBe(false);
    relay.opener.upstream.print('both see this');
    await relay.clock.settle();
    expect([first.screen, second.screen]).toStrictEqual(['both see this', 'both see this']);
    expect(first.state.driving).toBe(true);
  });

  it('[DR1] a person takes control by force, and the driver before is told that it was replaced', async () => {
    await using relay = await TestRelay.start();
    const first = await relay.openTerminal(relay.door());
    const second = await secondPage(relay, first, 120);
    second.client.takeControl();
    await relay.clock.settle();
    expect(second.state.driving).toBe(true);
    expect(first.state.driving).toBe(false);
    expect(controls(first.socket)).toStrictEqual([{ driving: false, cause: 'replaced' }]);
    expect(relay.opener.upstream.sizes.at(-1)).toStrictEqual({ cols: 120, rows: 24 });
    second.type('mine');
    await relay.clock.settle();
    expect(first.type('not mine')).toBe(false);
    expect(relay.opener.upstream.typed).toBe('mine');
  });

  it('[DR1] two sockets on one edge replace each other like strangers, back and forth', async () => {
    await using relay = await TestRelay.start();
    const door = relay.door();
    const first = await relay.openTerminal(door);
    const second = await secondPage(relay, first);
    for (const browser of [second, first, second, first]) {
      browser.client.takeControl();
      await relay.clock.settle();
      expect(browser.state.driving).toBe(true);
      browser.type('.');
      await relay.clock.settle();
    }
    expect(relay.opener.upstream.typed).toBe('....');
    expect(second.state.driving).toBe(false);
  });

  it('[RS6] what the replaced driver had typed and was not typed is counted exactly', async () => {
    await using relay = await TestRelay.start();
    const first = await relay.openTerminal(relay.door());
    first.type('typed');
    await relay.clock.settle();
    relay.opener.upstream.full = true;
    first.type('!');
    first.type('never typed');
    await relay.clock.settle();
    const second = await secondPage(relay, first);
    second.client.takeControl();
    await relay.clock.advance(3_000);
    relay.opener.upstream.drain();
    await relay.clock.advance(15_000);
    const { typed } = relay.opener.upstream;
    expect(first.state.notSentBytes).toBe('typed!never typed'.length - typed.length);
    expect('typed!never typed'.startsWith(typed)).toBe(true);
    second.type('ok');
    await relay.clock.settle();
    expect(relay.opener.upstream.typed).toBe(`${typed}ok`);
  });

  it('[RS6] what became of a stream is asked of the worker also when its edge takes again and finds it superseded', async () => {
    await using relay = await TestRelay.start();
    const broker = relay.broker();
    const asked: string[] = [];
    let lost = false;
    const answers = {
      append: async () => 'doubt',
      reassert: async () => ({ kind: 'take-again' }),
      takeInput: async () => ({ kind: 'old-connection' }),
      publish: (_log: unknown, frame: Uint8Array) => {
        const told = decodeEphemeral(frame);
        if (told?.kind === 'ask' && told.givenUp) asked.push(told.stream);
      },
    };
    const logs = new Proxy(broker.logs, {
      get: (to, name) => (lost && name in answers ? answers[name as keyof typeof answers] : bound(to, name)),
    });
    const door = relay.door('edge-a', { broker: new Proxy(broker, { get: (to, name) => (name === 'logs' ? logs : bound(to, name)) }) });
    const browser = await relay.openTerminal(door);
    const stream = browser.saved?.stream;
    lost = true;
    browser.type('typed in vain');
    await relay.clock.advance(2_000);
    expect(browser.state).toMatchObject({ driving: false, untypedBytes: 0 });
    expect(asked).toContain(stream);
  });

  it('[DR2] when the driver has closed its page, the next client drives', async () => {
    await using relay = await TestRelay.start();
    const first = await relay.openTerminal(relay.door());
    first.client.dispose();
    await relay.clock.settle();
    const second = await secondPage(relay, first);
    expect(second.state.driving).toBe(true);
  });

  it('[DR2] a driver that closes while it is joining does not leave the session driven by nobody', async () => {
    await using relay = await TestRelay.start();
    const first = await relay.openTerminal(relay.door());
    first.loseSocket();
    first.client.retryNow();
    // The resume is on its way: the socket closes at every moment of it.
    for (let turn = 0; turn < 12; turn++) {
      for (let tick = 0; tick < turn; tick++) await Promise.resolve();
      first.socket.lost();
      first.client.retryNow();
    }
    first.client.dispose();
    await relay.clock.settle();
    const second = await secondPage(relay, first);
    expect(second.state.driving).toBe(true);
  });

  it('[FC2] a watcher that does not read slows nobody', async () => {
    await using relay = await TestRelay.start();
    const first = await relay.openTerminal(relay.door());
    const second = await secondPage(relay, first);
    second.stopParsing();
    for (let piece = 0; piece < 128; piece++) {
      relay.opener.upstream.print(new Uint8Array(32 * 1024).fill(46));
      await relay.clock.settle();
    }
    expect(first.screenBytes).toBe(4096 * 1024);
    expect(second.screenBytes).toBeLessThanOrEqual(288 * 1024);
    second.startParsing();
    await relay.clock.advance(1_000);
    expect(second.screenBytes + second.state.faults.gapBytes).toBe(4096 * 1024);
    expect(second.state.faults.gaps).toBeGreaterThan(0);
  });
});
