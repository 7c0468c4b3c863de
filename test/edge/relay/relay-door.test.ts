import { describe, expect, it } from 'vitest';
import type { RelayDoor } from '../../../src/edge/relay/relay-door.ts';
import { CloseCode } from '../../../src/protocol/close-code.ts';
import type { ClientStream } from '../../../src/protocol/ids.ts';
import { FakeSocket } from '../../support/fake-socket.ts';
import { TestRelay } from '../../support/test-relay.ts';
import { signedIn } from '../../support/users.ts';

const stream = 'd'.repeat(32) as ClientStream;
const connect = (door: RelayDoor, subject = 'ann') => new FakeSocket((socket) => door.accept(socket, signedIn(subject)));
const open = (ticket: string) => ({ kind: 'open', ticket, stream, connection: 1, cols: 80, rows: 24, windowBytes: 65_536 }) as const;

describe('a ticket', () => {
  it('[ED2] opens one session, once, on whichever edge', async () => {
    await using relay = await TestRelay.start();
    const ticket = await relay.ticket();
    const [first, second] = [connect(relay.door('edge-a')), connect(relay.door('edge-b'))];
    first.from(open(ticket));
    await relay.clock.settle();
    second.from(open(ticket));
    await relay.clock.settle();
    expect(first.last('attached')).toMatchObject({ control: { driving: true }, target: { pod: 'web-0' } });
    expect(second.closedWith?.code).toBe(CloseCode.badTicket);
    expect(relay.opener.requests).toHaveLength(1);
  });

  it('[ED2] is worth nothing when it is too old or was never made', async () => {
    await using relay = await TestRelay.start();
    const door = relay.door();
    const ticket = await relay.ticket();
    await relay.clock.advance(60_000);
    for (const bad of [ticket, 'never-made', '']) {
      const socket = connect(door);
      socket.from(open(bad));
      await relay.clock.settle();
      expect(socket.closedWith?.code).toBe(CloseCode.badTicket);
    }
  });

  it('[RS2] opens nothing for another person', async () => {
    await using relay = await TestRelay.start();
    const socket = connect(relay.door(), 'bob');
    socket.from(open(await relay.ticket({ subject: 'ann' })));
    await relay.clock.settle();
    expect(socket.closedWith?.code).toBe(CloseCode.forbidden);
    expect(relay.opener.requests).toHaveLength(0);
  });
});

describe('a socket', () => {
  it.each<[string, Uint8Array]>([
    ['no bytes', new Uint8Array(0)],
    ['garbage behind a known type', new Uint8Array([0x61, 0, 1, 2, 3])],
    ['an ack that is cut', new Uint8Array([0x64, 0, 1])],
  ])('[WP2] that sends %s is closed with 4500', async (_what, bytes) => {
    await using relay = await TestRelay.start({ workers: 0 });
    const socket = connect(relay.door());
    socket.from(bytes);
    expect(socket.last('close')).toMatchObject({ code: 4500 });
    expect(socket.closedWith?.code).toBe(4500);
  });

  it('[WP2] that joins twice is closed with 4500', async () => {
    await using relay = await TestRelay.start();
    const door = relay.door();
    const browser = await relay.openTerminal(door);
    browser.socket.from(open('another'));
    expect(browser.socket.closedWith?.code).toBe(CloseCode.protocol);
    const hasty = connect(door);
    hasty.from(open(await relay.ticket()));
    hasty.from(open(await relay.ticket()));
    expect(hasty.closedWith?.code).toBe(CloseCode.protocol);
  });

  it('[WP5] that sends a frame of a type this version does not know stays open', async () => {
    await using relay = await TestRelay.start();
    const browser = await relay.openTerminal(relay.door());
    browser.socket.from(new Uint8Array([0x7f, 0, 1, 2]));
    browser.socket.from({ kind: 'ping', token: 9 });
    expect(browser.socket.last('pong')).toStrictEqual({ kind: 'pong', token: 9 });
    expect(browser.socket.open).toBe(true);
  });

  it('[WP2] that speaks before it has joined breaks nothing', async () => {
    await using relay = await TestRelay.start({ workers: 0 });
    const socket = connect(relay.door());
    socket.from({ kind: 'input', offset: 0, bytes: new Uint8Array(1) });
    socket.from({ kind: 'ack', outputFence: 1, offset: 1, windowBytes: 1 });
    socket.from({ kind: 'resize', offset: 0, cols: 1, rows: 1 });
    socket.from({ kind: 'endOfInput', offset: 0 });
    socket.from({ kind: 'takeControl', stream, connection: 1 });
    socket.from({ kind: 'skip' });
    socket.from({ kind: 'end' });
    socket.from({ kind: 'ping', token: 1 });
    expect(socket.last('pong')).toBeDefined();
    expect(socket.open).toBe(true);
  });

  it('[DR2] that is silent for 40 s is closed, one that pings is not', async () => {
    await using relay = await TestRelay.start({ workers: 0 });
    const door = relay.door();
    const [silent, alive] = [connect(door), connect(door)];
    for (let at = 0; at < 39; at += 13) {
      await relay.clock.advance(13_000);
      alive.from({ kind: 'ping', token: at });
    }
    expect(silent.open).toBe(true);
    await relay.clock.advance(1_000);
    expect(silent.closedWith?.code).toBe(CloseCode.silent);
    expect(alive.open).toBe(true);
    await relay.clock.advance(39_000);
    expect(alive.closedWith?.code).toBe(CloseCode.silent);
    expect(door.sockets).toBe(0);
  });

  it('[DR2] that spoke once and then never again is not kept longer than one that never did', async () => {
    await using relay = await TestRelay.start({ workers: 0 });
    const socket = connect(relay.door());
    await relay.clock.advance(1_000);
    socket.from({ kind: 'ping', token: 1 });
    await relay.clock.advance(40_000);
    expect(socket.closedWith?.code).toBe(CloseCode.silent);
  });

  it('[FC7] beyond the limit of its edge is told to come back elsewhere, the others stay', async () => {
    await using relay = await TestRelay.start({ workers: 0 });
    const door = relay.door('edge-a', { maxSockets: 2 });
    const sockets = [connect(door), connect(door), connect(door)];
    await relay.clock.settle();
    expect(sockets.map((socket) => socket.closedWith?.code)).toStrictEqual([undefined, undefined, CloseCode.busy]);
    expect(door.gauges()).toContainEqual(expect.objectContaining({ name: 'poseidon_edge_sockets', value: 2 }));
    expect(sockets[2]?.last('close')?.text).toContain('edge-sockets: 2');
  });

  it('[FC7] beyond the limit of its user is refused by name; other users, and those who were there, go on', async () => {
    await using relay = await TestRelay.start();
    const door = relay.door('edge-a', { maxSubjectSockets: 2 });
    const [first, second] = [await relay.openTerminal(door), await relay.openTerminal(door)];
    const third = connect(door);
    expect(third.last('close')).toMatchObject({ code: CloseCode.busy, text: expect.stringContaining('subject-sockets: 2') });
    const other = relay.browser(door, 'bob');
    other.client.start({ cols: 80, rows: 24 });
    await relay.clock.settle();
    expect([first, second, other].map((browser) => browser.state.connection.kind)).toStrictEqual(['attached', 'attached', 'attached']);
    relay.opener.upstream.print('goes on');
    await relay.clock.settle();
    expect(other.screen).toBe('goes on');
    first.client.dispose();
    await relay.clock.settle();
    expect(connect(door).closedWith).toBeUndefined();
  });
});

describe('an edge that goes away', () => {
  it('[ED3] sends its browsers elsewhere, spread over time, and they lose nothing', async () => {
    await using relay = await TestRelay.start();
    const [a, b] = [relay.door('edge-a'), relay.door('edge-b')];
    const browsers = [await relay.openTerminal(a), await relay.openTerminal(a), await relay.openTerminal(a), await relay.openTerminal(a)];
    for (const browser of browsers) browser.door = b;
    const drained = a.drain(8_000);
    await relay.clock.advance(2_500);
    expect(a.sockets).toBe(2);
    await relay.clock.advance(6_000);
    await drained;
    expect(a.sockets).toBe(0);
    for (const browser of browsers) expect(browser.state).toMatchObject({ driving: true, connection: { edge: 'edge-b' } });
    const late = connect(a);
    expect(late.closedWith?.code).toBe(CloseCode.draining);
  });

  it('[DR2] leaves no timer or socket behind, of sessions that run, wait or were only being joined', async () => {
    await using relay = await TestRelay.start({ workers: 0 });
    const door = relay.door();
    const sockets = [connect(door), connect(door), connect(door)];
    sockets[0]?.from(open(await relay.ticket()));
    await relay.clock.settle();
    sockets[0]?.from({ kind: 'input', offset: 0, bytes: Buffer.from('waits') });
    await relay.clock.advance(4_000);
    sockets[1]?.from(open(await relay.ticket()));
    expect(relay.clock.timers).toBeGreaterThan(0);
    door.close();
    relay.closeShared();
    await relay.clock.settle();
    expect(sockets.map((socket) => socket.closedWith?.code)).toStrictEqual(Array(3).fill(CloseCode.draining));
    expect(door.sockets).toBe(0);
    expect(relay.clock.timers).toBe(0);
  });
});
