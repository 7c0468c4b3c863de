import { describe, expect, it } from 'vitest';
import { TestRelay } from '../../support/test-relay.ts';

describe('a client whose worker is silent', () => {
  it('[LS2] is told after two thirds of the lease time, and when the worker is heard again', async () => {
    await using relay = await TestRelay.start({ workers: 0 });
    const worker = await relay.worker('worker-0');
    const browser = await relay.openTerminal(relay.door());
    await relay.clock.advance(30_000);
    expect(browser.state.status.owner).toBeUndefined();
    worker.renewing = false;
    await relay.clock.advance(14_000);
    expect(browser.state.status.owner).toBe('silent');
    worker.renewing = true;
    await relay.clock.advance(6_000);
    expect(browser.state.status.owner).toBe('up');
    browser.type('x');
    await relay.clock.settle();
    expect(relay.opener.upstream.typed).toBe('x');
  });

  it('[LS2] is told by the edge it comes to as well, which has watched the worker for others', async () => {
    await using relay = await TestRelay.start({ workers: 0 });
    const worker = await relay.worker('worker-0');
    const [browser, other] = [await relay.openTerminal(relay.door('edge-a')), await relay.openTerminal(relay.door('edge-b'))];
    await relay.clock.advance(3_000);
    worker.renewing = false;
    await relay.clock.advance(14_000);
    browser.door = other.door;
    browser.loseSocket();
    await relay.clock.advance(5_000);
    expect(browser.state.connection).toMatchObject({ kind: 'attached', edge: 'edge-b' });
    expect(browser.state.status.owner).toBe('silent');
  });

  it('[LS2] is told the end by another worker although list and index of the dead one are lost', async () => {
    await using relay = await TestRelay.start({ workers: 0 });
    const dead = await relay.worker('worker-0');
    const door = relay.door();
    const browsers = [await relay.openTerminal(door), await relay.openTerminal(door), await relay.openTerminal(door)];
    await dead.kill();
    relay.server.loseHints();
    await relay.worker('worker-1');
    await relay.clock.advance(40_000);
    for (const browser of browsers) expect(browser.state.connection).toMatchObject({ kind: 'ended', reason: { kind: 'worker-lost' } });
  });
});
