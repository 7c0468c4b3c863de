import { describe, expect, it } from 'vitest';
import { CloseCode } from '../../../src/protocol/close-code.ts';
import type { SessionId } from '../../../src/protocol/ids.ts';
import { startOfLog } from '../../../src/protocol/position.ts';
import { FakeSocket } from '../../support/fake-socket.ts';
import { TestRelay } from '../../support/test-relay.ts';
import { signedIn } from '../../support/users.ts';

const KiB = 1024;
const clean = { mismatches: 0, gaps: 0, gapBytes: 0, rewinds: 0 };

describe('a client that comes back', () => {
  it('[DR1] is told how the upstream stands and who drives, although that was said before it came', async () => {
    await using relay = await TestRelay.start();
    const driving = await relay.openTerminal(relay.door('edge-a'));
    const { saved } = driving.client;
    if (!saved) throw new Error('nothing saved');
    const watching = relay.browser(relay.door('edge-b'));
    watching.client.startAgain({ ...saved, stream: 'f'.repeat(32) }, { cols: 80, rows: 24 });
    await relay.clock.settle();
    expect(watching.state.driving).toBe(false);
    expect(watching.state.status.worker).toMatchObject({ worker: 'worker-0', upstream: 'open', driver: { stream: saved.stream } });
  });

  it('[RS4] asks how far the client’s stream was typed, also of one that types no more after it came back', async () => {
    await using relay = await TestRelay.start();
    const browser = await relay.openTerminal(relay.door());
    browser.type('abc');
    await relay.clock.settle();
    expect(relay.opener.upstream.typed).toBe('abc');
    browser.loseSocket();
    expect(browser.state.untypedBytes).toBe(3);
    await relay.clock.advance(5_000);
    expect(browser.state).toMatchObject({ driving: true, untypedBytes: 0 });
    expect(relay.opener.upstream.typed).toBe('abc');
  });

  it('[RS1] is served by any edge from its position: every byte once, in order', async () => {
    await using relay = await TestRelay.start();
    const browser = await relay.openTerminal(relay.door('edge-a'));
    const { upstream } = relay.opener;
    upstream.print('one ');
    await relay.clock.settle();
    browser.door = relay.door('edge-b');
    browser.loseSocket();
    upstream.print('two ');
    await relay.clock.advance(1_000);
    upstream.print('three');
    await relay.clock.settle();
    expect(browser.state.connection).toStrictEqual({ kind: 'attached', edge: 'edge-b' });
    expect(browser.screen).toBe('one two three');
    expect(browser.socket.output).toBe('two three');
    expect(browser.state.faults).toStrictEqual(clean);
    expect(browser.state.driving).toBe(true);
  });

  it('[RS4] sends again what was not typed, and nothing of it is typed twice', async () => {
    await using relay = await TestRelay.start();
    const browser = await relay.openTerminal(relay.door('edge-a'));
    browser.type('first ');
    await relay.clock.settle();
    browser.door = relay.door('edge-b');
    browser.loseSocket();
    browser.type('second ');
    await relay.clock.advance(1_000);
    browser.type('third');
    await relay.clock.advance(3_000);
    expect(relay.opener.upstream.typed).toBe('first second third');
    expect(browser.state.untypedBytes).toBe(0);
  });

  it('[RS5] from an edge that has not noticed replaces its old socket there', async () => {
    await using relay = await TestRelay.start();
    const a = relay.door('edge-a');
    const browser = await relay.openTerminal(a);
    const old = browser.socket;
    browser.door = relay.door('edge-b');
    browser.cutSocket();
    await relay.clock.advance(1_000);
    expect(browser.state).toMatchObject({ driving: true, connection: { edge: 'edge-b' } });
    const told = old.frames.flatMap((frame) => (frame.kind === 'status' && frame.status.control ? [frame.status.control] : []));
    expect(told).toStrictEqual([{ driving: false, cause: 'replaced' }]);
    await relay.clock.advance(60_000);
    expect(old.closedWith?.code).toBe(CloseCode.silent);
    expect(browser.state.driving).toBe(true);
    browser.type('w');
    await relay.clock.settle();
    expect(relay.opener.upstream.typed).toBe('w');
  });

  it('[RS5] with an older connection number than recorded is sent away: it is not the newest of its client', async () => {
    await using relay = await TestRelay.start();
    const browser = await relay.openTerminal(relay.door('edge-a'));
    const { saved } = browser;
    browser.door = relay.door('edge-b');
    browser.loseSocket();
    await relay.clock.advance(1_000);
    if (!saved) throw new Error('nothing saved');
    const late = new FakeSocket((socket) => browser.door.accept(socket, signedIn('ann')));
    late.from({ ...resumeOf(saved), stream: saved.stream as never, connection: 1 });
    await relay.clock.settle();
    expect(late.closedWith?.code).toBe(CloseCode.moved);
    expect(browser.state.driving).toBe(true);
  });

  it('[RS1] after a page load gets the history from the beginning, and drives at once in place of the page before', async () => {
    await using relay = await TestRelay.start();
    const door = relay.door();
    const before = await relay.openTerminal(door);
    relay.opener.upstream.print('prompt$ ');
    await relay.clock.settle();
    before.cutSocket();
    const { saved } = before.client;
    if (!saved) throw new Error('nothing saved');
    before.client.dispose();
    const after = relay.browser(relay.door('edge-b'));
    after.client.startAgain(saved, { cols: 80, rows: 24 });
    await relay.clock.settle();
    expect(after.screen).toBe('prompt$ ');
    expect(after.state.driving).toBe(true);
    after.type('ls\r');
    await relay.clock.settle();
    expect(relay.opener.upstream.typed).toBe('ls\r');
  });

  it('[LG7] is told how many bytes it will never get, when the log is bounded and nobody drove', async () => {
    await using relay = await TestRelay.start();
    const browser = await relay.openTerminal(relay.door());
    relay.opener.upstream.print('start ');
    await relay.clock.settle();
    browser.loseSocket();
    for (let piece = 0; piece < 64; piece++) {
      relay.opener.upstream.print(new Uint8Array(64 * KiB).fill(46));
      await relay.clock.settle();
    }
    expect(relay.opener.upstream.paused).toBe(false);
    await relay.clock.advance(2_000);
    expect(browser.gaps).toHaveLength(1);
    expect(browser.gaps[0]?.sizeBytes).toBeGreaterThan(2 * 1024 * KiB);
    expect(browser.screenBytes + browser.state.faults.gapBytes).toBe(6 + 4096 * KiB);
    expect(browser.state.faults).toMatchObject({ mismatches: 0, rewinds: 0, gaps: 1 });
  });

  it('[UP4] to an ended session gets what it missed and how it ended', async () => {
    await using relay = await TestRelay.start();
    const browser = await relay.openTerminal(relay.door());
    browser.loseSocket();
    relay.opener.upstream.print('last words');
    relay.opener.upstream.end({ kind: 'exited', code: 0, message: 'The process ended.' });
    await relay.clock.advance(1_000);
    expect(browser.screen).toBe('last words');
    expect(browser.state.connection).toMatchObject({ kind: 'ended', reason: { kind: 'exited', code: 0 } });
  });
});

describe('who may come back', () => {
  it('[RS2] not with a wrong key, nor as somebody else, nor without the right to the pod', async () => {
    await using relay = await TestRelay.start();
    const browser = await relay.openTerminal(relay.door());
    const { saved } = browser;
    if (!saved) throw new Error('nothing saved');
    const strict = relay.door('edge-b', { mayResume: async () => false });
    const tries = [
      { door: browser.door, subject: 'ann', key: `${saved.key}x` },
      { door: browser.door, subject: 'ann', key: '' },
      { door: browser.door, subject: 'bob', key: saved.key },
      { door: strict, subject: 'ann', key: saved.key },
    ];
    for (const { door, subject, key } of tries) {
      const socket = new FakeSocket((other) => door.accept(other, signedIn(subject)));
      socket.from({ ...resumeOf(saved), key });
      await relay.clock.settle();
      expect(socket.closedWith?.code).toBe(CloseCode.forbidden);
      expect(socket.entries).toHaveLength(0);
    }
    expect(browser.state.driving).toBe(true);
  });

  it('[RS2] nobody to a session that is not there', async () => {
    await using relay = await TestRelay.start();
    const door = relay.door();
    const socket = new FakeSocket((other) => door.accept(other, signedIn('ann')));
    socket.from(resumeOf({ session: 'no-such-session-id-00', key: 'k' }));
    await relay.clock.settle();
    expect(socket.closedWith?.code).toBe(CloseCode.unknownSession);
  });

  it('[LG9] nobody after the grace time of an ended session', async () => {
    await using relay = await TestRelay.start();
    const browser = await relay.openTerminal(relay.door());
    relay.opener.upstream.end({ kind: 'exited', code: 0, message: 'The process ended.' });
    await relay.clock.advance(301_000);
    const { saved } = browser;
    if (!saved) throw new Error('nothing saved');
    const socket = new FakeSocket((other) => browser.door.accept(other, signedIn('ann')));
    socket.from(resumeOf(saved));
    await relay.clock.settle();
    expect(socket.closedWith?.code).toBe(CloseCode.unknownSession);
  });
});

/** A resume as a page sends it that has seen nothing yet. */
function resumeOf(saved: { readonly session: string; readonly key: string }) {
  const from = { position: startOfLog, base: startOfLog, nonce: 0, typed: 0, parsed: 0 };
  const viewport = { cols: 80, rows: 24, windowBytes: 64 * KiB };
  const stream = 'e'.repeat(32) as never;
  return {
    kind: 'resume',
    session: saved.session as SessionId,
    key: saved.key,
    stream,
    connection: 1,
    watch: false,
    ...from,
    ...viewport,
  } as const;
}
