import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { connect } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { hardSendBufferBytes, readableMessageBytes } from '../../../src/edge/listen/socket-core.ts';
import type { TlsFiles } from '../../../src/edge/listen/tls-files.ts';
import type {
  BrowserSocket,
  Doors,
  HttpRequest,
  HttpResponse,
  Listener,
  SocketAcceptor,
  UpgradeRequest,
} from '../../../src/edge/listener.ts';
import { maxClientFrameBytes } from '../../../src/protocol/limits.ts';
import { until } from '../../support/until.ts';

/** What the server side of one test socket saw. */
class SocketProbe implements SocketAcceptor {
  readonly subprotocol: string;
  socket: BrowserSocket | undefined;
  readonly messages: Uint8Array[] = [];
  readonly closes: number[] = [];
  drains = 0;

  constructor(subprotocol = 'poseidon.v1') {
    this.subprotocol = subprotocol;
  }

  accept(socket: BrowserSocket) {
    this.socket = socket;
    return {
      message: (frame: Uint8Array) => void this.messages.push(frame),
      drained: () => void this.drains++,
      closed: (code: number) => void this.closes.push(code),
    };
  }
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export function text(status: number, body: string, headers: Record<string, string> = {}): HttpResponse {
  return { status, headers: { 'content-type': 'text/plain', ...headers }, body: Buffer.from(body) };
}

const testTls: TlsFiles = {
  certFile: new URL('../../support/tls/cert.pem', import.meta.url).pathname,
  keyFile: new URL('../../support/tls/key.pem', import.meta.url).pathname,
};

const noDoors: Doors = { http: async () => text(404, 'no'), upgrade: async () => text(404, 'no') };

/** What both listeners promise (src/edge/listener.ts). */
export function listenerContract(create: (doors: Doors, tls?: TlsFiles) => Listener): void {
  const open: Listener[] = [];
  const clients: WebSocket[] = [];

  afterEach(async () => {
    for (const client of clients.splice(0)) client.terminate();
    await Promise.all(open.splice(0).map((listener) => listener.close()));
  });

  async function start(doors: Partial<Doors>): Promise<{ port: number; listener: Listener }> {
    const listener = create({ ...noDoors, ...doors });
    const { port } = await listener.listen('127.0.0.1', 0);
    open.push(listener);
    return { port, listener };
  }

  function connectTo(port: number, path = '/v1/attach', protocols = ['poseidon.v1'], headers: Record<string, string> = {}): WebSocket {
    const client = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols, { headers, perMessageDeflate: true });
    client.on('error', () => {});
    clients.push(client);
    return client;
  }

  async function openSocket(port: number, path?: string): Promise<WebSocket> {
    const client = connectTo(port, path);
    await once(client, 'open');
    return client;
  }

  async function pair(): Promise<{ probe: SocketProbe; client: WebSocket; server: BrowserSocket; listener: Listener }> {
    const probe = new SocketProbe();
    const { port, listener } = await start({ upgrade: async () => probe });
    const client = await openSocket(port);
    await until(() => probe.socket !== undefined);
    return { probe, client, server: probe.socket as BrowserSocket, listener };
  }

  it('answers requests with status, headers and body', async () => {
    const seen: HttpRequest[] = [];
    const { port } = await start({
      http: async (request) => {
        seen.push(request);
        return text(201, 'made', { 'x-answer': 'yes' });
      },
    });
    const answer = await fetchFrom(port, '/a%20b/c?x=1&y=%C3%A9', { headers: { 'X-Mixed-Case': 'v' } });
    expect(answer).toMatchObject({ status: 201, body: 'made' });
    expect(answer.headers['x-answer']).toBe('yes');
    expect(seen[0]).toMatchObject({ method: 'GET', path: '/a%20b/c', remoteAddress: '127.0.0.1' });
    expect(seen[0]?.query.get('y')).toBe('é');
    expect(seen[0]?.header('x-mixed-case')).toBe('v');
    expect(seen[0]?.header('absent')).toBeUndefined();
  });

  it('joins repeated headers, cookies with a semicolon', async () => {
    let seen: (string | undefined)[] = [];
    const { port } = await start({
      http: async (request) => {
        seen = ['cookie', 'x-many', 'authorization'].map((name) => request.header(name));
        return text(200, '');
      },
    });
    const lines = ['Host: x', 'Cookie: a=1', 'Cookie: b=2', 'X-Many: 1', 'X-Many: 2', 'Authorization: A', 'Authorization: B'];
    await rawRequest(port, `GET / HTTP/1.1\r\n${lines.join('\r\n')}\r\nConnection: close\r\n\r\n`);
    expect(seen).toEqual(['a=1; b=2', '1, 2', 'A, B']);
  });

  it('takes 12 KiB of request headers', async () => {
    const { port } = await start({ http: async (request) => text(200, String(request.header('cookie')?.length)) });
    expect(await fetchFrom(port, '/', { headers: { cookie: 'c'.repeat(12_000) } })).toMatchObject({ status: 200, body: '12000' });
  });

  it('hands over a whole body, also when it is asked for late', async () => {
    const { port } = await start({
      http: async (request) => {
        await new Promise((resolve) => setImmediate(resolve));
        return text(200, Buffer.from(await request.body(100)).toString());
      },
    });
    expect(await fetchFrom(port, '/', { method: 'POST', body: 'x'.repeat(100) })).toMatchObject({ status: 200, body: 'x'.repeat(100) });
    expect(await fetchFrom(port, '/', { method: 'POST' })).toMatchObject({ status: 200, body: '' });
    expect(await fetchFrom(port, '/')).toMatchObject({ status: 200, body: '' });
  });

  it('refuses a body above the limit that the door names, and above its own', async () => {
    const { port } = await start({
      http: async (request) => {
        try {
          await request.body(request.path === '/any' ? Number.MAX_SAFE_INTEGER : 10);
          return text(200, 'taken');
        } catch (failure) {
          return text(413, String((failure as { code?: string }).code));
        }
      },
    });
    const small = await fetchFrom(port, '/', { method: 'POST', body: 'x'.repeat(11) });
    expect(small).toMatchObject({ status: 413, body: 'body-too-large' });
    const large = await fetchFrom(port, '/any', { method: 'POST', body: 'x'.repeat(80 * 1024) });
    expect(large).toMatchObject({ status: 413, body: 'body-too-large' });
  });

  it('tells a door that waits for a body that the client left', async () => {
    let code: string | undefined;
    const { port } = await start({
      http: async (request) => {
        await request.body(100).catch((failure) => {
          code = failure.code;
        });
        return text(200, '');
      },
    });
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nhalf');
    await new Promise((resolve) => setImmediate(resolve));
    socket.destroy();
    await until(() => code === 'aborted');
  });

  it('keeps connections alive', async () => {
    const { port } = await start({ http: async () => text(200, 'ok') });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ports: (number | undefined)[] = [];
    for (let i = 0; i < 3; i++) {
      await fetchFrom(port, '/', { agent, method: i === 1 ? 'POST' : 'GET', body: i === 1 ? 'read by nobody' : undefined }, (local) =>
        ports.push(local),
      );
    }
    agent.destroy();
    expect(ports[1]).toBe(ports[0]);
  });

  it('sends no body for HEAD, 204 and 304', async () => {
    const { port } = await start({
      http: async (request) => (request.path === '/' ? text(200, 'four') : text(Number(request.path.slice(1)), '')),
    });
    const head = await fetchFrom(port, '/', { method: 'HEAD' });
    expect(head).toMatchObject({ status: 200, body: '' });
    expect(head.headers['content-length']).toBe('4');
    for (const status of [204, 304]) {
      const answer = await fetchFrom(port, `/${status}`);
      expect(answer.status).toBe(status);
      expect(answer.headers['content-length']).toBeUndefined();
    }
  });

  it('answers 500 without details when a door breaks', async () => {
    const broken = () => Promise.reject(new Error('secret detail'));
    const { port } = await start({ http: broken, upgrade: broken });
    const answer = await fetchFrom(port, '/');
    expect(answer.status).toBe(500);
    expect(answer.body).not.toContain('secret');
    expect(await refusal(connectTo(port))).toMatchObject({ status: 500 });
  });

  it('upgrades after an asynchronous decision and echoes the chosen subprotocol', async () => {
    const seen: UpgradeRequest[] = [];
    const probe = new SocketProbe('two');
    const { port } = await start({
      upgrade: async (request) => {
        seen.push(request);
        await new Promise((resolve) => setImmediate(resolve));
        return probe;
      },
    });
    const client = connectTo(port, '/v1/attach?ticket=t', ['one', 'two', 'three'], { origin: 'https://there' });
    await once(client, 'open');
    expect(client.protocol).toBe('two');
    expect(seen[0]).toMatchObject({ path: '/v1/attach', subprotocols: ['one', 'two', 'three'], remoteAddress: '127.0.0.1' });
    expect(seen[0]?.query.get('ticket')).toBe('t');
    expect(seen[0]?.header('origin')).toBe('https://there');
    expect(probe.socket?.remoteAddress).toBe('127.0.0.1');
  });

  it('refuses an upgrade with the answer of the door, before the 101', async () => {
    const { port } = await start({ upgrade: async () => text(403, '{"code":"origin"}', { 'x-why': 'origin' }) });
    expect(await refusal(connectTo(port))).toMatchObject({ status: 403, body: '{"code":"origin"}' });
  });

  it('never takes a socket whose client left during the decision', async () => {
    const probe = new SocketProbe();
    let decide = () => {};
    let asked = false;
    const { port } = await start({
      upgrade: async () => {
        asked = true;
        await new Promise<void>((resolve) => {
          decide = resolve;
        });
        return probe;
      },
    });
    const client = connectTo(port);
    await until(() => asked);
    client.terminate();
    const after = connect(port, '127.0.0.1');
    await once(after, 'connect');
    after.destroy();
    decide();
    await until(() => probe.socket === undefined || probe.closes.length === 1);
    expect(await fetchFrom(port, '/')).toMatchObject({ status: 404 });
  });

  it('passes binary messages both ways in order and keeps no hold on their bytes', async () => {
    const { probe, client, server } = await pair();
    const got: Buffer[] = [];
    client.on('message', (data) => void got.push(data as Buffer));
    for (let i = 0; i < 200; i++) {
      client.send(Buffer.alloc(1000, i));
      server.send(Buffer.alloc(1000, 255 - i));
    }
    await until(() => probe.messages.length === 200 && got.length === 200);
    expect(probe.messages.every((message, i) => message.length === 1000 && message.every((byte) => byte === i))).toBe(true);
    expect(got.every((message, i) => message.every((byte) => byte === 255 - i))).toBe(true);
  });

  it('[WP2] closes with protocol for a text message', async () => {
    const { probe, client } = await pair();
    client.send('text');
    expect((await once(client, 'close'))[0]).toBe(4500);
    await until(() => probe.closes.length === 1);
    expect(probe).toMatchObject({ closes: [4500], messages: [] });
  });

  it('[WP2] closes with protocol for a frame above the limit', async () => {
    const { probe, client } = await pair();
    client.send(Buffer.alloc(maxClientFrameBytes));
    await until(() => probe.messages.length === 1);
    client.send(Buffer.alloc(maxClientFrameBytes + 1));
    client.send(Buffer.alloc(1));
    expect((await once(client, 'close'))[0]).toBe(4500);
    await until(() => probe.closes.length === 1);
    expect(probe.closes).toEqual([4500]);
    expect(probe.messages.length).toBe(1);
  });

  it('[WP2] cuts the connection of a message that is far too long', async () => {
    const { probe, client } = await pair();
    client.send(Buffer.alloc(readableMessageBytes + 1));
    await once(client, 'close');
    await until(() => probe.closes.length === 1);
    expect(probe.messages).toEqual([]);
  });

  it('[FC1] reports what is buffered, and that it drains', async () => {
    const { probe, client, server } = await pair();
    client.pause();
    const frame = Buffer.alloc(64 * 1024, 1);
    let sent = 0;
    while (server.bufferedBytes() < 128 * 1024) {
      server.send(frame);
      sent += frame.length;
      if (sent % (1024 * 1024) === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(probe.drains).toBeLessThan(sent / frame.length);
    let got = 0;
    client.on('message', (data) => {
      got += (data as Buffer).length;
    });
    client.resume();
    const drainsBefore = probe.drains;
    await until(() => got === sent);
    await until(() => server.bufferedBytes() === 0);
    expect(probe.drains).toBeGreaterThan(drainsBefore);
    expect(probe.closes).toEqual([]);
  });

  it('[FC1] closes a socket with slow when its buffer would pass the hard bound, never drops', async () => {
    const { probe, client, server } = await pair();
    client.pause();
    let most = 0;
    for (let i = 0; i < 4000 && probe.closes.length === 0; i++) {
      server.send(Buffer.alloc(64 * 1024));
      most = Math.max(most, server.bufferedBytes());
      if (i % 8 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(probe.closes).toEqual([4006]);
    expect(most).toBeGreaterThan(hardSendBufferBytes / 2);
    expect(most).toBeLessThanOrEqual(hardSendBufferBytes + 64);
    expect(server.bufferedBytes()).toBe(0);
    server.send(Buffer.alloc(1));
  });

  it('closes with code and reason, never from within close', async () => {
    const { probe, client, server } = await pair();
    const closed = once(client, 'close');
    server.close(4506, 'ended');
    expect(probe.closes).toEqual([]);
    server.close(4500, 'again');
    server.send(Buffer.alloc(1));
    const [code, reason] = await closed;
    expect([code, String(reason)]).toEqual([4506, 'ended']);
    expect(probe.closes).toEqual([4506]);
  });

  it('a close within accept still reaches the client and the events', async () => {
    const closes: number[] = [];
    const acceptor: SocketAcceptor = {
      subprotocol: 'poseidon.v1',
      accept(socket) {
        socket.send(Buffer.from('last words'));
        socket.close(4505, 'used');
        return { message() {}, drained() {}, closed: (code) => void closes.push(code) };
      },
    };
    const { port } = await start({ upgrade: async () => acceptor });
    const client = connectTo(port);
    const got: string[] = [];
    client.on('message', (data) => void got.push(String(data)));
    expect((await once(client, 'close'))[0]).toBe(4505);
    expect(got).toEqual(['last words']);
    expect(closes).toEqual([4505]);
  });

  it('tells the code of a client that closes, and 1006 of one that breaks', async () => {
    const first = await pair();
    first.client.close(4321, 'bye');
    await until(() => first.probe.closes.length === 1);
    const second = await pair();
    second.client.close();
    await until(() => second.probe.closes.length === 1);
    const third = await pair();
    third.client.terminate();
    await until(() => third.probe.closes.length === 1);
    expect([first, second, third].map(({ probe }) => probe.closes)).toEqual([[4321], [1005], [1006]]);
  });

  it('never negotiates permessage-deflate', async () => {
    const { client } = await pair();
    expect(client.extensions).toBe('');
  });

  it('reports a port in use, an address that is not ours', async () => {
    const { port } = await start({});
    await expect(create(noDoors).listen('127.0.0.1', port)).rejects.toMatchObject({ code: 'port-in-use' });
    await expect(create(noDoors).listen('203.0.113.7', 0)).rejects.toMatchObject({ code: 'address-not-available' });
  });

  it('[ED1] speaks TLS with the given certificate and key, on both doors', async () => {
    const probe = new SocketProbe();
    const listener = create({ http: async () => text(200, 'sealed'), upgrade: async () => probe }, testTls);
    open.push(listener);
    const { port } = await listener.listen('127.0.0.1', 0);
    const ca = readFileSync(testTls.certFile);
    const answer = await new Promise<string>((resolve, reject) => {
      const request = tlsRequest({ host: '127.0.0.1', port, ca }, (response) => {
        response.on('data', (chunk) => resolve(String(chunk)));
      });
      request.on('error', reject).end();
    });
    expect(answer).toBe('sealed');
    const client = new WebSocket(`wss://127.0.0.1:${port}/`, 'poseidon.v1', { ca });
    clients.push(client);
    await once(client, 'open');
    client.send(Buffer.alloc(60_000, 7));
    await until(() => probe.messages.length === 1);
    probe.socket?.send(Buffer.alloc(60_000, 8));
    expect(((await once(client, 'message'))[0] as Buffer).length).toBe(60_000);
  });

  it('[ED1] reports certificate files that cannot be used', async () => {
    const absent = { ...testTls, certFile: '/nonexistent/cert.pem' };
    await expect(create(noDoors, absent).listen('127.0.0.1', 0)).rejects.toMatchObject({ code: 'tls-files' });
    const swapped = { certFile: testTls.keyFile, keyFile: testTls.certFile };
    await expect(create(noDoors, swapped).listen('127.0.0.1', 0)).rejects.toMatchObject({ code: 'tls-files' });
  });

  it('[ED3] closes 100 sockets with draining, then accepts nothing', async () => {
    const probes: SocketProbe[] = [];
    const { port, listener } = await start({
      upgrade: async () => {
        const probe = new SocketProbe();
        probes.push(probe);
        return probe;
      },
    });
    const sockets = await Promise.all(Array.from({ length: 100 }, () => openSocket(port)));
    const codes = Promise.all(sockets.map(async (client) => (await once(client, 'close'))[0]));
    await listener.close();
    expect(new Set(await codes)).toEqual(new Set([4000]));
    expect(probes.every((probe) => probe.closes.length === 1 && probe.closes[0] === 4000)).toBe(true);
    await expect(fetchFrom(port, '/')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await listener.close();
  });

  it('lets a request that is being answered finish when it closes', async () => {
    let answer = () => {};
    let asked = false;
    const { port, listener } = await start({
      http: async () => {
        asked = true;
        await new Promise<void>((resolve) => {
          answer = resolve;
        });
        return text(200, 'done');
      },
    });
    const fetched = fetchFrom(port, '/');
    await until(() => asked);
    const closed = listener.close();
    answer();
    expect(await fetched).toMatchObject({ status: 200, body: 'done' });
    await closed;
  });
}

export function fetchFrom(
  port: number,
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string | undefined; agent?: Agent } = {},
  onLocalPort: (port: number | undefined) => void = () => {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers = {}, agent = new Agent() } = options;
    const request = httpRequest({ host: '127.0.0.1', port, path, method, headers, agent }, (response) => {
      onLocalPort(request.socket?.localPort);
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    request.on('error', reject);
    request.end(options.body);
  });
}

async function rawRequest(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(bytes);
  let answer = '';
  socket.on('data', (chunk) => {
    answer += chunk;
  });
  await once(socket, 'close');
  return answer;
}

async function refusal(client: WebSocket): Promise<{ status: number | undefined; body: string }> {
  const [, response] = await once(client, 'unexpected-response');
  let body = '';
  for await (const chunk of response) body += chunk;
  return { status: response.statusCode, body };
}
