import { describe, expect, it } from 'vitest';
import { CloseCode } from '../../src/protocol/close-code.ts';
import { TestRelay } from '../support/test-relay.ts';

const unharmed = { mismatches: 0, gaps: 0, gapBytes: 0, rewinds: 0 };

describe('a broker that comes back empty', () => {
  it('[LG11] the worker restores its session: nothing lost, nothing doubled, the client goes on', async () => {
    await using relay = await TestRelay.start();
    const browser = await relay.openTerminal(relay.door());
    browser.type('one ');
    relay.opener.upstream.print('before ');
    await relay.clock.settle();
    relay.server.clear();
    relay.opener.upstream.print('after ');
    browser.type('two');
    await relay.clock.advance(3_000);
    relay.opener.upstream.print('and on');
    await relay.clock.advance(3_000);
    expect(browser.screen).toBe('before after and on');
    expect(relay.opener.upstream.typed).toBe('one two');
    expect(browser.state.faults).toStrictEqual(unharmed);
    expect(relay.ownerOf(browser.state.session)).toBe('worker-0');
  });

  it('[LG11] a session that was taken and not started is restored, then opened', async () => {
    await using relay = await TestRelay.start({ workers: 0 });
    const worker = await relay.worker('worker-0');
    let start = () => {};
    worker.starting = new Promise((resolve) => {
      start = resolve;
    });
    const browser = await relay.openTerminal(relay.door());
    expect(relay.ownerOf(browser.state.session)).toBe('worker-0');
    relay.server.clear();
    start();
    await relay.clock.advance(5_000);
    expect(relay.ownerOf(browser.state.session)).toBe('worker-0');
    relay.opener.upstream.print('$ ');
    await relay.clock.settle();
    expect(browser.screen).toBe('$ ');
  });

  it('[LG11] an idle session is found missing by the sweep, and restored', async () => {
    await using relay = await TestRelay.start();
    const browser = await relay.openTerminal(relay.door());
    relay.opener.upstream.print('before ');
    await relay.clock.settle();
    relay.server.clear();
    await relay.clock.advance(70_000);
    expect(relay.ownerOf(browser.state.session)).toBe('worker-0');
    relay.opener.upstream.print('after');
    await relay.clock.settle();
    expect(browser.screen).toBe('before after');
  });

  it('[LG11] a client that comes before its worker is told to come back, and goes on', async () => {
    await using relay = await TestRelay.start();
    const browser = await relay.openTerminal(relay.door());
    relay.opener.upstream.print('before ');
    await relay.clock.settle();
    browser.loseSocket();
    relay.server.clear();
    await relay.clock.advance(5_000);
    expect(browser.sockets.length).toBeGreaterThan(2);
    expect(browser.sockets.some((socket) => socket.closedWith?.code === CloseCode.notYet)).toBe(true);
    relay.opener.upstream.print('after');
    await relay.clock.advance(10_000);
    expect(browser.screen).toBe('before after');
    expect(browser.state.faults).toStrictEqual(unharmed);
    browser.type('typed');
    await relay.clock.advance(1_000);
    expect(relay.opener.upstream.typed).toBe('typed');
  });

  it('[LG11] without a worker that remembers it, unknown is final once the server is 30 s old', async () => {
    await using relay = await TestRelay.start({ workers: 0 });
    const lost = await relay.worker('worker-0');
    const browser = await relay.openTerminal(relay.door());
    lost.renewing = false;
    await relay.clock.advance(12_000);
    relay.server.clear();
    browser.loseSocket();
    await relay.clock.advance(25_000);
    expect(browser.state.connection.kind).not.toBe('ended');
    await relay.clock.advance(60_000);
    expect(browser.sockets.at(-1)?.closedWith?.code).toBe(CloseCode.unknownSession);
  });

  it('[LG11] a session that ends while its keys are gone is restored first, so that everybody reads how it ended', async () => {
    await using relay = await TestRelay.start();
    const browser = await relay.openTerminal(relay.door());
    relay.opener.upstream.print('bye');
    await relay.clock.settle();
    relay.server.clear();
    relay.opener.upstream.end({ kind: 'exited', message: 'exit 3', code: 3 });
    await relay.clock.advance(5_000);
    expect(browser.state.connection).toMatchObject({ kind: 'ended', reason: { kind: 'exited', code: 3 } });
    expect(relay.stateOf(browser.state.session)).toBe('ended');
  });

  it('[LG11] a session that had ended is restored with its end, for whoever has not read it', async () => {
    await using relay = await TestRelay.start();
    const browser = await relay.openTerminal(relay.door());
    relay.opener.upstream.print('bye');
    await relay.clock.settle();
    browser.loseSocket();
    relay.opener.upstream.end({ kind: 'exited', message: 'exit 3', code: 3 });
    await relay.clock.settle();
    expect(relay.stateOf(browser.state.session)).toBe('ended');
    relay.server.clear();
    await relay.clock.advance(8_000);
    expect(browser.state.connection).toMatchObject({ kind: 'ended', reason: { kind: 'exited', code: 3 } });
    expect(browser.screen).toBe('bye');
  });

  it('[LG11] a session that ended minutes ago is found missing while the server is young', async () => {
    await using relay = await TestRelay.start();
    const browser = await relay.openTerminal(relay.door());
    relay.opener.upstream.end({ kind: 'exited', message: 'exit 3', code: 3 });
    await relay.clock.advance(200_000);
    relay.server.clear();
    await relay.clock.advance(21_000);
    expect(relay.stateOf(browser.state.session)).toBe('ended');
    // Its grace time is counted from here on again, once.
    await relay.clock.advance(300_000);
    expect(relay.stateOf(browser.state.session)).toBeUndefined();
  });

  it('[LG11] a worker that stood still restores nothing: its clients may have been told that it was lost', async () => {
    await using relay = await TestRelay.start({ workers: 0 });
    const worker = await relay.worker('worker-0');
    const browser = await relay.openTerminal(relay.door());
    relay.server.clear();
    relay.clock.sleepThrough(20_000);
    await relay.clock.advance(60_000);
    expect(relay.ownerOf(browser.state.session)).toBeUndefined();
    expect(worker.pool.sessions).toBe(0);
    expect(relay.opener.upstream.closed).toBe(true);
  });

  it('[LG11] a worker that the broker left alone restores its sessions when that is back, empty', async () => {
    await using relay = await TestRelay.start({ workers: 0 });
    const worker = await relay.worker('worker-0');
    const browser = await relay.openTerminal(relay.door());
    worker.renewing = false;
    await relay.clock.advance(20_000);
    relay.server.clear();
    worker.renewing = true;
    await relay.clock.advance(5_000);
    expect(relay.ownerOf(browser.state.session)).toBe('worker-0');
  });

  it('[LG11] a worker whose lease had lapsed restores nothing on a server that is old: the session may have been ended by another', async () => {
    await using relay = await TestRelay.start({ workers: 0 });
    const worker = await relay.worker('worker-0');
    const browser = await relay.openTerminal(relay.door());
    worker.renewing = false;
    await relay.clock.advance(12_000);
    relay.server.clear();
    await relay.clock.advance(40_000);
    worker.renewing = true;
    await relay.clock.advance(5_000);
    expect(relay.ownerOf(browser.state.session)).toBeUndefined();
    expect(worker.pool.sessions).toBe(0);
  });
});
