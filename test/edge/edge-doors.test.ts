import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { PassthroughAuthenticator } from '../../src/auth/passthrough-authenticator.ts';
import { newSealKey, Sealer } from '../../src/auth/seal.ts';
import type { SignIn } from '../../src/auth/sign-in.ts';
import { TokenAuthenticator } from '../../src/auth/token-authenticator.ts';
import type { User } from '../../src/auth/user.ts';
import { MemoryBroker } from '../../src/broker/memory/memory-broker.ts';
import { DirectLink } from '../../src/broker/memory/memory-link.ts';
import { MemoryServer } from '../../src/broker/memory/memory-server.ts';
import { AdminDoors } from '../../src/edge/admin-doors.ts';
import { EdgeDoors } from '../../src/edge/edge-doors.ts';
import { SocketTickets } from '../../src/edge/http/socket-tickets.ts';
import type { BrowserSocket, HttpResponse, SocketAcceptor } from '../../src/edge/listener.ts';
import { decodeServerFrame } from '../../src/protocol/server-frame.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { userNamed } from '../support/users.ts';
import { read, request, upgrade } from './http-requests.ts';
import { accessToken, TestEdge } from './test-edge.ts';

const bearer = { authorization: `Bearer ${accessToken}` };

function doors(auth: TokenAuthenticator | PassthroughAuthenticator = new TokenAuthenticator(accessToken, Date.now)) {
  const clock = new FakeClock();
  const broker = new MemoryBroker(new DirectLink(new MemoryServer({ clock })), clock);
  const edge = new TestEdge({ auth });
  const accepted: User[] = [];
  const going = { away: false };
  const relay = {
    accept(_socket: BrowserSocket, { user }: SignIn) {
      accepted.push(user);
      return { message() {}, drained() {}, closed() {} };
    },
  };
  const newId = (length: number) => randomBytes(length).toString('base64url').slice(0, length);
  const tickets = new SocketTickets({ tickets: broker.tickets, sealer: new Sealer(newSealKey()), newId });
  const opened = new EdgeDoors({
    tickets,
    http: edge.door,
    auth,
    guard: edge.guard,
    relay,
    relayPath: '/v1/attach',
    relaySubprotocol: 'poseidon.v1',
    draining: () => going.away,
  });
  return { opened, accepted, going, broker, clock, tickets };
}

class FakeSocket implements BrowserSocket {
  readonly remoteAddress = '127.0.0.1';
  readonly sent: Uint8Array[] = [];
  readonly closes: number[] = [];
  send(frame: Uint8Array): void {
    this.sent.push(frame);
  }
  bufferedBytes(): number {
    return 0;
  }
  close(code: number): void {
    this.closes.push(code);
  }
}

function socket(decision: HttpResponse | SocketAcceptor): FakeSocket {
  if (!('accept' in decision)) throw new Error(`refused with ${decision.status}`);
  const made = new FakeSocket();
  decision.accept(made);
  return made;
}

describe('the doors of an edge', () => {
  it('hand a signed-in socket to the relay', async () => {
    const { opened, accepted } = doors();
    const decision = await opened.upgrade(upgrade('/v1/attach', ['other', 'poseidon.v1'], bearer));
    expect(decision).toMatchObject({ subprotocol: 'poseidon.v1' });
    socket(decision);
    expect(accepted).toEqual([userNamed('access-token')]);
  });

  it('[ED3] refuse new sockets with 503 while the edge is going away, for a balancer to try the next one', async () => {
    const { opened, accepted, going } = doors();
    going.away = true;
    expect(await opened.upgrade(upgrade('/v1/attach', ['poseidon.v1'], bearer))).toMatchObject({ status: 503 });
    expect(accepted).toEqual([]);
  });

  it('[ED2] [ED1] refuse foreign pages and hosts before the 101', async () => {
    const { opened } = doors();
    const foreign = { ...bearer, origin: 'https://evil.example' };
    expect(await opened.upgrade(upgrade('/v1/attach', ['poseidon.v1'], foreign))).toMatchObject({ status: 403 });
    expect(await opened.upgrade(upgrade('/v1/attach', ['poseidon.v1'], { ...bearer, host: 'evil.example' }))).toMatchObject({
      status: 421,
    });
    const same = { ...bearer, origin: 'http://localhost:8080' };
    expect(await opened.upgrade(upgrade('/v1/attach', ['poseidon.v1'], same))).toMatchObject({ subprotocol: 'poseidon.v1' });
  });

  it('refuse other addresses and subprotocols', async () => {
    const { opened } = doors();
    expect(await opened.upgrade(upgrade('/other', ['poseidon.v1'], bearer))).toMatchObject({ status: 404 });
    expect(await opened.upgrade(upgrade('/v1/attach', [], bearer))).toMatchObject({ status: 400 });
    expect(await opened.upgrade(upgrade('/v1/attach', ['v5.channel.k8s.io'], bearer))).toMatchObject({ status: 400 });
  });

  it('[WP4] tell a page that is not signed in by a final close code', async () => {
    const { opened, accepted } = doors();
    const refused = socket(await opened.upgrade(upgrade('/v1/attach')));
    expect(refused.closes).toEqual([4502]);
    expect(decodeServerFrame(refused.sent[0] as Uint8Array)).toMatchObject({ frame: { kind: 'close', code: 4502 } });
    expect(accepted).toEqual([]);
  });

  it('[ED2] let a socket in by a ticket for the headers of its asker, once, within 30 s', async () => {
    const { opened, accepted, tickets, clock } = doors();
    const give = async () => read(await tickets.give(request('POST', '/v1/socket-tickets', { headers: bearer }))).body;
    const { ticket, subprotocol, expiresInMs } = await give();
    expect(subprotocol).toBe(`poseidon.ticket.${ticket}`);
    expect(expiresInMs).toBe(30_000);
    const offered = ['poseidon.v1', String(subprotocol)];
    expect(await opened.upgrade(upgrade('/v1/attach', offered))).toMatchObject({ subprotocol: 'poseidon.v1' });
    socket(await opened.upgrade(upgrade('/v1/attach', ['poseidon.v1', String((await give())['subprotocol'])])));
    expect(accepted).toHaveLength(1);
    expect(socket(await opened.upgrade(upgrade('/v1/attach', offered))).closes).toEqual([4502]);
    const late = String((await give())['subprotocol']);
    await clock.advance(30_000);
    expect(socket(await opened.upgrade(upgrade('/v1/attach', ['poseidon.v1', late], bearer))).closes).toEqual([4502]);
    expect(accepted).toHaveLength(1);
  });

  it('[ED2] a ticket is of no use without a good sign-in, nor a ticket of another kind', async () => {
    const { opened, tickets, broker, accepted } = doors();
    const wrong = read(await tickets.give(request('POST', '/', { headers: { authorization: 'Bearer wrong-wrong-wrong' } }))).body;
    await broker.tickets.put(
      'of-a-session',
      { target: {} as never, subject: '', user: '', credential: '', detached: 'run', graceMs: 0 },
      1000,
    );
    for (const ticket of [String(wrong['ticket']), 'of-a-session', '', 'nothing']) {
      const decision = await opened.upgrade(upgrade('/v1/attach', ['poseidon.v1', `poseidon.ticket.${ticket}`], bearer));
      expect(socket(decision).closes, ticket).toEqual([4502]);
    }
    expect(accepted).toEqual([]);
  });

  it('ask to come back when nobody can tell who it is', async () => {
    const { opened } = doors(new PassthroughAuthenticator(async () => Promise.reject(new Error('down')), Date.now));
    expect(await opened.upgrade(upgrade('/v1/attach', ['poseidon.v1'], { cookie: 'R_SESS=x' }))).toMatchObject({ status: 503 });
  });
});

describe('the doors for operators', () => {
  it('answer health and the numbers of the process', async () => {
    let why: string | undefined;
    const admin = new AdminDoors(
      () => why,
      () => [{ name: 'poseidon_edge_sockets', help: 'Open browser sockets.', value: 3 }],
    );
    expect((await admin.http(request('GET', '/healthz'))).status).toBe(200);
    expect((await admin.http(request('GET', '/readyz'))).status).toBe(200);
    why = 'draining';
    expect((await admin.http(request('GET', '/readyz'))).status).toBe(503);
    const metrics = Buffer.from((await admin.http(request('GET', '/metrics'))).body).toString();
    expect(metrics).toMatch(/^# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total [\d.]+$/m);
    expect(metrics).toContain('poseidon_edge_sockets 3\n');
    expect((await admin.http(request('GET', '/v1/me'))).status).toBe(404);
    expect((await admin.upgrade()).status).toBe(404);
  });
});
