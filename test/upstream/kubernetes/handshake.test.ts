import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { UpstreamRefusal } from '../../../src/upstream/upstream.ts';
import { until } from '../../support/until.ts';
import { answer, OddServer } from '../odd-server.ts';

async function refusal(opening: Promise<unknown>): Promise<UpstreamRefusal> {
  const failure = await opening.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(failure).toBeInstanceOf(UpstreamRefusal);
  return failure as UpstreamRefusal;
}

describe('the handshake with an upstream', () => {
  it('[UP2] says who it is and offers what it should, and nothing else', async () => {
    await using server = await OddServer.start({});
    const { upstream } = await server.open({ kind: 'exec' });
    const { headers, httpVersion, url } = server.requests[0] ?? {};
    expect(headers).toMatchObject({
      'user-agent': 'poseidon/1.2.3',
      authorization: 'Bearer own',
      'sec-websocket-protocol': 'v5.channel.k8s.io,v4.channel.k8s.io',
    });
    expect(headers).not.toHaveProperty('origin');
    expect(headers).not.toHaveProperty('sec-websocket-extensions');
    expect(headers).not.toHaveProperty('cookie');
    expect(httpVersion).toBe('1.1');
    expect(url).toBe('/base/api/v1/namespaces/ns/pods/p/exec?container=c&stdin=1&stdout=1&tty=1&command=sh');
    upstream.close();
    (await server.open({ kind: 'log' })).upstream.close();
    expect(server.requests[1]?.headers['sec-websocket-protocol']).toBe('binary.k8s.io,base64.binary.k8s.io');
  });

  it('[UP1] tries the older protocols one after the other when a server knows none, then says so', async () => {
    await using server = await OddServer.start({ upgrade: (socket) => answer(socket, '403 Forbidden') });
    const refused = await refusal(server.open({ kind: 'exec' }));
    expect(refused.end.reason).toBe('protocol-unsupported');
    expect(server.requests.map(({ headers }) => headers['sec-websocket-protocol'])).toEqual([
      'v5.channel.k8s.io,v4.channel.k8s.io',
      'v4.base64.channel.k8s.io,base64.channel.k8s.io',
      'channel.k8s.io',
    ]);
  });

  it('[UP3] does not take a denied right for an unknown protocol', async () => {
    await using server = await OddServer.start({
      upgrade: (socket) => answer(socket, '403 Forbidden', '{"kind":"Status","status":"Failure","message":"no"}'),
    });
    expect((await refusal(server.open({ kind: 'exec' }))).end.reason).toBe('forbidden');
    expect(server.requests).toHaveLength(1);
  });

  it('[UP2] refuses a subprotocol that it has not offered', async () => {
    const accept = (key: string) => createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    await using server = await OddServer.start({
      upgrade: (socket, { headers }) => {
        const lines = ['Upgrade: websocket', 'Connection: Upgrade', `Sec-WebSocket-Accept: ${accept(headers['sec-websocket-key'] ?? '')}`];
        socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\nSec-WebSocket-Protocol: v3.channel.k8s.io\r\n\r\n`);
      },
    });
    expect((await refusal(server.open({ kind: 'exec' }))).end.reason).toBe('bad-handshake');
  });

  it('[UP2] sends each message as one frame, however large what was typed', async () => {
    const accept = (key: string) => createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    const parts: Buffer[] = [];
    await using server = await OddServer.start({
      upgrade: (socket, { headers }) => {
        const lines = ['Upgrade: websocket', 'Connection: Upgrade', `Sec-WebSocket-Accept: ${accept(headers['sec-websocket-key'] ?? '')}`];
        socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\nSec-WebSocket-Protocol: v5.channel.k8s.io\r\n\r\n`);
        socket.on('data', (part: Buffer) => parts.push(part));
      },
    });
    const { upstream } = await server.open({ kind: 'exec', tty: false });
    const paste = 5 * 1024 * 1024;
    upstream.write(new Uint8Array(paste).fill(0x78));
    const frames = await until(() => {
      const found = framesOf(Buffer.concat(parts));
      return found.reduce((sum, { length }) => sum + length - 1, 0) === paste ? found : undefined;
    });
    upstream.close();
    // Final, no extension, binary; a server of Kubernetes takes each frame for a message and its first byte for a channel.
    expect(new Set(frames.map(({ first }) => first))).toEqual(new Set([0x82]));
    expect(Math.max(...frames.map(({ length }) => length))).toBeLessThanOrEqual(32 * 1024);
  });

  it('[UP3] does not follow redirects', async () => {
    await using server = await OddServer.start({ upgrade: (socket) => answer(socket, '302 Found\r\nLocation: http://127.0.0.1:1/') });
    expect((await refusal(server.open({ kind: 'exec' }))).end.reason).toBe('redirected');
    expect(server.requests).toHaveLength(1);
  });

  it('[UP3] gives a handshake up after 15 seconds, a log after 40', async () => {
    await using server = await OddServer.start({ upgrade: () => {} });
    for (const [kind, afterMs] of [
      ['exec', 15_000],
      ['log', 40_000],
    ] as const) {
      const before = server.requests.length;
      const opening = refusal(server.open({ kind }));
      await until(() => server.requests.length > before);
      server.clock.advance(afterMs - 1);
      server.clock.advance(1);
      const refused = await opening;
      expect(refused.end.reason).toBe('timeout');
      expect(refused.end.message).toContain(String(afterMs / 1000));
      expect(refused.retryable).toBe(true);
    }
    expect(server.clock.pending).toBe(0);
  });

  it('[UP3] reads no more of a refusal than it needs, and not for ever', async () => {
    await using endless = await OddServer.start({
      upgrade: (socket) => {
        socket.write('HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\n\r\n');
        const flood = () => {
          while (!socket.destroyed && socket.write('<p>sorry</p>'.repeat(1000)));
        };
        socket.on('drain', flood);
        flood();
      },
    });
    expect((await refusal(endless.open({ kind: 'exec' }))).end.reason).toBe('cluster-unreachable');

    await using silent = await OddServer.start({ upgrade: (socket) => socket.write('HTTP/1.1 502 Bad Gateway\r\n\r\nabc') });
    const opening = refusal(silent.open({ kind: 'exec' }));
    await until(() => silent.clock.pending > 1);
    silent.clock.advance(5_000);
    expect((await opening).end).toMatchObject({ reason: 'cluster-unreachable', status: 'abc' });
  });

  it('[UP3] names a connection that nobody takes, and one that is cut', async () => {
    const gone = await OddServer.start({});
    await gone[Symbol.asyncDispose]();
    expect((await refusal(gone.open({ kind: 'exec' }))).end.reason).toBe('connection-refused');
    await using cutting = await OddServer.start({ upgrade: (socket) => socket.destroy() });
    expect((await refusal(cutting.open({ kind: 'exec' }))).end.reason).toBe('connection-reset');
  });

  it('[UP2] is given up when the opening is aborted, and leaves nothing open', async () => {
    let left = false;
    await using server = await OddServer.start({
      upgrade: (socket) => {
        socket.on('end', () => {
          left = true;
        });
        socket.resume();
      },
    });
    const abort = new AbortController();
    const opening = refusal(server.open({ kind: 'exec' }, abort.signal));
    await until(() => server.requests.length > 0);
    abort.abort();
    expect((await opening).end.kind).toBe('ended');
    await until(() => left);
    expect(server.clock.pending).toBe(0);
  });

  it('[UP6] takes the plain stream of a log where something strips upgrades', async () => {
    const plain = (response: ServerResponse) => {
      response.writeHead(200, { 'Content-Type': 'text/plain' });
      response.end('one\ntwo\n');
    };
    await using server = await OddServer.start({
      upgrade: (socket) => answer(socket, '200 OK\r\nContent-Type: text/plain', 'one\ntwo\n'),
      request: (_request, response) => plain(response),
    });
    const { events } = await server.open({ kind: 'log' });
    expect(await events.ends()).toMatchObject({ kind: 'completed' });
    expect(events.text()).toBe('one\ntwo\n');
    expect(server.requests.map(({ headers }) => headers.upgrade)).toEqual(['websocket', undefined]);
  });

  it('[UP3] knows a pod without a node by the empty answer to its log', async () => {
    await using server = await OddServer.start({ request: (_request, response) => response.writeHead(204).end() });
    const refused = await refusal(server.open({ kind: 'log', follow: false }));
    expect(refused.end.reason).toBe('not-scheduled');
    expect(refused.retryable).toBe(true);
  });

  it('[FC2] stops reading a finite log while paused and loses nothing', async () => {
    const size = 24 * 1024 * 1024;
    await using server = await OddServer.start({
      request: (_request, response) => response.writeHead(200, { 'Content-Length': size }).end(Buffer.alloc(size, 'x')),
    });
    const { upstream, events } = await server.open({ kind: 'log', follow: false });
    events.keep = false;
    upstream.pause();
    upstream.resume();
    await until(() => events.bytes > 0);
    upstream.pause();
    let same = 0;
    let last = -1;
    await until(() => {
      same = events.bytes === last ? same + 1 : 0;
      last = events.bytes;
      return same > 20;
    });
    expect(last).toBeLessThan(size);
    upstream.resume();
    expect(await events.ends()).toMatchObject({ kind: 'completed' });
    expect(events.bytes).toBe(size);
  });

  it('[UP4] tells a finite log that broke off from one that ended', async () => {
    await using server = await OddServer.start({
      request: (_request, response) => {
        response.writeHead(200, { 'Content-Length': '100' });
        response.write('half a line');
        setImmediate(() => response.destroy());
      },
    });
    const { events } = await server.open({ kind: 'log', follow: false });
    expect(await events.ends()).toMatchObject({ kind: 'broken' });
    expect(events.text()).toBe('half a line');
  });
});

/** First byte and payload length of each whole masked frame. */
function framesOf(wire: Buffer): readonly { readonly first: number; readonly length: number }[] {
  const frames: { first: number; length: number }[] = [];
  for (let at = 0; at + 14 <= wire.length; ) {
    const short = (wire[at + 1] ?? 0) & 0x7f;
    const [head, length] =
      short === 127 ? [14, Number(wire.readBigUInt64BE(at + 2))] : short === 126 ? [8, wire.readUInt16BE(at + 2)] : [6, short];
    if (at + head + length > wire.length) break;
    frames.push({ first: wire[at] ?? 0, length });
    at += head + length;
  }
  return frames;
}
