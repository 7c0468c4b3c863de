import { describe, expect, it } from 'vitest';
import { CloseCode } from '../../src/protocol/close-code.ts';
import { FakeHost } from './fake-host.ts';

describe('the connection of a session client', () => {
  it('[RS1] opens with a ticket and raises its connection number at every connect', () => {
    const host = FakeHost.attached();
    expect(host.socket.hello).toMatchObject({ kind: 'open', ticket: 'ticket-1', connection: 1, cols: 80, rows: 24 });
    expect(host.state).toMatchObject({ connection: { kind: 'attached', edge: 'edge-1' }, driving: true });
    host.socket.lost();
    host.advance(5000);
    host.socket.opened();
    expect(host.socket.hello).toMatchObject({ kind: 'resume', connection: 2 });
  });

  it('waits longer after every try that fails, up to a bound, and anew after one that succeeds', () => {
    const host = FakeHost.attached();
    const waits: number[] = [];
    for (let i = 0; i < 9; i++) {
      host.socket.lost();
      const { connection } = host.state;
      if (connection.kind !== 'waiting') throw new Error(connection.kind);
      waits.push(connection.retryMs);
      host.advance(connection.retryMs);
    }
    expect(waits).toEqual([75, 150, 300, 600, 1200, 2400, 2500, 2500, 2500]);
    host.socket.opened();
    host.answer();
    host.socket.lost();
    expect(host.state.connection).toMatchObject({ kind: 'waiting', retryMs: 75 });
  });

  it('tries at once when it is asked to', () => {
    const host = FakeHost.attached();
    host.socket.lost();
    host.client.retryNow();
    expect(host.sockets).toHaveLength(2);
    host.advance(60);
    expect(host.sockets).toHaveLength(2);
  });

  it('[WP4] comes back after a code below 4500 and shows the text of the close frame', () => {
    const host = FakeHost.attached();
    host.socket.tell({ kind: 'close', code: CloseCode.draining, text: 'this edge is going away' });
    host.socket.lost(CloseCode.draining, 'short');
    expect(host.state.connection).toMatchObject({ kind: 'waiting', code: 4000, text: 'this edge is going away' });
  });

  it('[WP4] is over with the code and the text of the close frame', () => {
    const host = FakeHost.attached();
    host.socket.tell({ kind: 'close', code: CloseCode.forbidden, text: 'somebody else’s' });
    host.socket.lost(CloseCode.forbidden, 'short');
    expect(host.state.connection).toEqual({ kind: 'lost', code: 4503, text: 'somebody else’s' });
  });

  it('[LG11] believes that its session is unknown only when it was not attached for 15 seconds', () => {
    const host = FakeHost.attached();
    host.socket.lost(1006, '');
    let seconds = 0;
    for (; host.state.connection.kind !== 'lost' && seconds < 60; seconds += 1) {
      host.advance(1_000);
      if (host.state.connection.kind !== 'connecting') continue;
      host.socket.opened();
      host.socket.lost(CloseCode.unknownSession, 'no such session');
    }
    expect(host.state.connection).toEqual({ kind: 'lost', code: CloseCode.unknownSession, text: 'no such session' });
    expect(seconds).toBeGreaterThanOrEqual(15);
    expect(seconds).toBeLessThanOrEqual(21);
  });

  it.each([CloseCode.forbidden, CloseCode.protocol, CloseCode.ended])('[WP4] does not come back after %i', (code) => {
    const host = FakeHost.attached();
    host.socket.lost(code, 'no');
    expect(host.state.connection).toEqual({ kind: 'lost', code, text: 'no' });
    host.advance(60_000);
    expect(host.sockets).toHaveLength(1);
  });

  it('comes back when the sign-in that was over is made again', () => {
    const host = FakeHost.attached();
    host.client.type(new Uint8Array([1]));
    host.socket.lost(CloseCode.unauthorized, '');
    host.client.retryNow();
    host.socket.opened();
    host.answer();
    expect(host.socket.sent('input')).toHaveLength(1);
  });

  it('[DR2] pings, shows the round trip, and drops a socket that is silent', () => {
    const host = FakeHost.attached();
    host.advance(1000);
    const [ping] = host.socket.sent('ping');
    host.advance(23);
    host.socket.tell({ kind: 'pong', token: ping?.token ?? 0 });
    expect(host.state.edgeRttMs).toBe(23);
    host.advance(19_900);
    expect(host.state.connection.kind).toBe('attached');
    host.advance(100);
    expect(host.sockets[0]?.closed).toBe(true);
    expect(host.state.connection.kind).not.toBe('attached');
  });

  it('[DR2] notices sooner that nobody is there when input is not answered', () => {
    const host = FakeHost.attached();
    host.advance(1_000);
    host.socket.tell({ kind: 'pong', token: 0 });
    host.advance(1_000);
    host.client.type(new Uint8Array(1));
    host.advance(1_900);
    expect(host.socket.sent('ping')).toHaveLength(1);
    host.advance(100);
    expect(host.socket.sent('ping')).toHaveLength(2);
    host.advance(9_900);
    expect(host.state.connection.kind).toBe('attached');
    host.advance(100);
    expect(host.state.connection).toMatchObject({ kind: 'waiting', text: 'the relay did not answer' });
  });

  it('[DR2] stays while anything comes, and pings every ten seconds', () => {
    const host = FakeHost.attached();
    for (let second = 0; second < 60; second++) {
      host.advance(1_000);
      host.socket.tell({ kind: 'inputAck', accepted: 0, typed: 0, endOfInput: false });
    }
    expect(host.state.connection.kind).toBe('attached');
    expect(host.sockets).toHaveLength(1);
    expect(host.socket.sent('ping')).toHaveLength(6);
  });

  it('[DR2] drops a socket that never opens', () => {
    const host = new FakeHost();
    host.client.start({ cols: 80, rows: 24 });
    host.advance(60_000);
    expect(host.sockets.length).toBeGreaterThan(1);
    expect(host.sockets[0]?.closed).toBe(true);
  });

  it('does not listen to a socket that it has let go of', () => {
    const host = FakeHost.attached();
    const old = host.socket;
    old.lost();
    host.advance(5000);
    host.socket.opened();
    host.answer();
    old.lost(CloseCode.forbidden, 'late');
    old.tell({ kind: 'status', status: { broker: 'lost' } });
    expect(host.state).toMatchObject({ connection: { kind: 'attached' }, status: {} });
  });

  it('asks for another ticket when one was not taken in time, and stops when it is refused for good', () => {
    const host = new FakeHost();
    host.tickets = [{ ticket: 'late' }, { text: 'busy', final: false }, { text: 'You may not do this.', final: true }];
    host.client.start({ cols: 80, rows: 24 });
    host.socket.opened();
    host.socket.lost(CloseCode.badTicket, 'the ticket was used or is too old');
    expect(host.state.connection.kind).toBe('waiting');
    host.advance(100);
    expect(host.state.connection).toMatchObject({ kind: 'waiting', text: 'busy' });
    host.advance(5000);
    expect(host.state.connection).toMatchObject({ kind: 'lost', text: 'You may not do this.' });
  });

  it('keeps what the worker said over a change of edges, not what the old edge said of itself', () => {
    const host = FakeHost.attached();
    host.socket.tell({ kind: 'status', status: { worker: { worker: 'worker-1', upstream: 'open' }, broker: 'lost' } });
    expect(host.state.status).toEqual({ worker: { worker: 'worker-1', upstream: 'open' }, broker: 'lost' });
    host.socket.lost();
    host.advance(5000);
    host.socket.opened();
    host.answer();
    expect(host.state.status).toEqual({ worker: { worker: 'worker-1', upstream: 'open' } });
  });

  it('calls nothing back after it was left', () => {
    const host = FakeHost.attached();
    const { socket } = host;
    host.client.dispose();
    expect(socket.closed).toBe(true);
    socket.lost();
    host.advance(120_000);
    expect(host.sockets).toHaveLength(1);
    expect(host.state.connection.kind).toBe('attached');
  });
});
