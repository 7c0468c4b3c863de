import { describe, expect, it } from 'vitest';
import { AuthUnavailable } from '../../src/auth/authenticator.ts';
import type { SignIn } from '../../src/auth/sign-in.ts';
import type { User } from '../../src/auth/user.ts';
import { endUndriven } from '../../src/edge/http/end-session.ts';
import { SignInWatch } from '../../src/edge/sign-in-watch.ts';
import { dropInDoor, openSocket } from '../support/drop-in-client.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { TestRelay } from '../support/test-relay.ts';
import { signedIn, userNamed } from '../support/users.ts';

const exec = '/api/v1/namespaces/default/pods/web-0/exec?container=app&command=sh&stdin=true&stdout=true';

/** A sign-in that a test can take away. */
class Access implements SignIn {
  readonly user: User;
  good = true;
  asked = 0;
  failure: Error | undefined;

  constructor(user = userNamed('ann')) {
    this.user = user;
  }

  readonly again = async () => {
    this.asked++;
    if (this.failure) throw this.failure;
    return this.good ? this.user : undefined;
  };
}

function watchOf(relay: TestRelay, edge: string) {
  const tools = relay.edgeTools(edge);
  const end = (session: Parameters<typeof endUndriven>[0]) => endUndriven(session, { ...tools, logs: tools.broker.logs });
  return new SignInWatch({ ...tools, recheckMs: 60_000, end });
}

/** A shell whose user's sign-in may be taken away. */
async function openShell(relay: TestRelay, access: Access) {
  const signIns = watchOf(relay, 'edge-a');
  const door = relay.door('edge-a', { signIns });
  const browser = relay.browser(door);
  browser.signIn = access;
  browser.client.start({ cols: 80, rows: 24 });
  await relay.clock.settle();
  expect(browser.state.driving).toBe(true);
  return { browser, signIns, [Symbol.dispose]: () => signIns.close() };
}

describe('a sign-in that ends before its session', () => {
  it('[ED5] ends a session within 80 s when its token has expired, and says why', async () => {
    await using relay = await TestRelay.start();
    const expiresAtMs = relay.clock.wallMs() + 100_000;
    const access = new Access({ ...userNamed('ann'), expiresAtMs });
    using shell = await openShell(relay, access);
    await relay.clock.advance(95_000);
    expect(shell.browser.state.connection.kind).toBe('attached');
    access.good = false;
    await relay.clock.advance(5_000);
    expect(shell.browser.sockets[0]?.closedWith?.code).toBe(4007);
    shell.browser.client.dispose();
    await relay.clock.advance(70_000);
    const id = shell.browser.state.session;
    expect(relay.stateOf(id)).toBe('owned');
    await relay.clock.advance(10_000);
    expect(relay.stateOf(id)).toBe('ended');
    expect(relay.opener.upstream.closed).toBe(true);
    expect(relay.events).toContainEqual(expect.objectContaining({ event: 'session ended', kind: 'ended', reason: 'sign-in-over' }));
  });

  it('[ED5] lets a client go on that comes back with another sign-in, without a lost byte', async () => {
    await using relay = await TestRelay.start();
    using shell = await openShell(relay, new Access({ ...userNamed('ann'), expiresAtMs: relay.clock.wallMs() + 10_000 }));
    shell.browser.signIn = new Access();
    await relay.clock.advance(12_000);
    expect(shell.browser.sockets.length).toBe(2);
    shell.browser.type('still here');
    await relay.clock.advance(120_000);
    expect(relay.opener.upstream.typed).toBe('still here');
    expect(relay.stateOf(shell.browser.state.session)).toBe('owned');
    expect(shell.signIns.ending).toBe(0);
  });

  it('[ED5] finds out within a minute that it was revoked, and takes an unanswered question for no answer', async () => {
    await using relay = await TestRelay.start();
    const access = new Access();
    using shell = await openShell(relay, access);
    access.failure = new AuthUnavailable();
    await relay.clock.advance(130_000);
    expect(access.asked).toBe(2);
    expect(shell.browser.sockets[0]?.closedWith).toBeUndefined();
    access.failure = undefined;
    access.good = false;
    await relay.clock.advance(60_000);
    expect(shell.browser.sockets[0]?.closedWith?.code).toBe(4007);
  });

  it('[RS2] a resume is refused to whoever has no good sign-in any more, also on a socket that was opened before', async () => {
    await using relay = await TestRelay.start();
    const access = new Access();
    const browser = relay.browser(relay.door('edge-a'));
    browser.signIn = access;
    browser.client.start({ cols: 80, rows: 24 });
    await relay.clock.settle();
    access.good = false;
    // Without the rule that ends it the session goes on.
    await relay.clock.advance(300_000);
    expect(browser.state.connection.kind).toBe('attached');
    browser.loseSocket();
    await relay.clock.advance(5_000);
    expect(browser.socket.closedWith?.code).toBe(4503);
    expect(browser.state.connection).toMatchObject({ kind: 'lost', code: 4503 });
  });

  it('[ED5] ends a drop-in session at once: its client cannot come back', async () => {
    await using relay = await TestRelay.start();
    const signIns = watchOf(relay, 'edge-d');
    let good = true;
    const auth = {
      mode: 'passthrough' as const,
      authenticate: async () => (good ? { ...userNamed('ann'), credential: { kind: 'bearer' as const, token: 't' } } : undefined),
    };
    const { socket } = await openSocket(relay, dropInDoor(relay, { signIns, auth }), exec, 'v5.channel.k8s.io');
    await relay.clock.advance(120_000);
    expect(socket.closed).toBeUndefined();
    good = false;
    await relay.clock.advance(65_000);
    expect(JSON.parse(socket.text(3))).toMatchObject({
      reason: 'InternalError',
      message: expect.stringContaining('sign-in of this client'),
    });
    expect(relay.events).toContainEqual(expect.objectContaining({ event: 'session ended', reason: 'sign-in-over' }));
    signIns.close();
  });

  it('[ED5] leaves a session alone that somebody else of its user drives', async () => {
    await using relay = await TestRelay.start();
    const access = new Access();
    using shell = await openShell(relay, access);
    const other = relay.browser(relay.door('edge-b'), 'ann');
    if (!shell.browser.saved) throw new Error('nothing saved');
    other.client.startAgain(shell.browser.saved, { cols: 80, rows: 24 });
    await relay.clock.advance(1_000);
    other.client.takeControl();
    await relay.clock.advance(1_000);
    expect(other.state.driving).toBe(true);
    access.good = false;
    shell.browser.client.dispose();
    await relay.clock.advance(180_000);
    expect(relay.stateOf(other.state.session)).toBe('owned');
    expect(other.state.driving).toBe(true);
  });

  it('[ED5] asks a few at a time, and of what has gone nothing', async () => {
    const clock = new FakeClock();
    const relay = new TestRelay();
    let [open, most] = [0, 0];
    const waiting: (() => void)[] = [];
    const watch = new SignInWatch({ clock, random: relay.random, recheckMs: 60_000, end: async () => {}, log: () => {} });
    const over: number[] = [];
    const stops = Array.from({ length: 50 }, (_, index) => {
      const again = async () => {
        most = Math.max(most, ++open);
        await new Promise<void>((resolve) => waiting.push(resolve));
        open--;
        return undefined;
      };
      return watch.watch({
        signIn: { ...signedIn('ann'), again },
        over: () => {
          over.push(index);
          return undefined;
        },
      });
    });
    await clock.advance(60_000);
    expect(most).toBe(8);
    for (const stop of stops.slice(25)) stop();
    while (waiting.length > 0) {
      for (const answer of waiting.splice(0)) answer();
      await clock.settle();
    }
    expect([most, open, over.length]).toEqual([8, 0, 25]);
    watch.close();
    expect(clock.timers).toBe(0);
  });
});
