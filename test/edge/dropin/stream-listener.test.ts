import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type ClientRequest, get, type IncomingMessage, request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { StreamListener } from '../../../src/edge/listen/stream-listener.ts';
import type { HttpRequest, HttpResponse } from '../../../src/edge/listener.ts';
import type { StreamAcceptor, StreamBody, StreamDoors, StreamSocket } from '../../../src/edge/stream-listener.ts';
import { until } from '../../support/until.ts';

const refusal: HttpResponse = { status: 418, headers: { 'content-type': 'text/plain' }, body: Buffer.from('no') };

/** A door that lets everything in and remembers it. */
class Probe implements StreamDoors {
  socket: StreamSocket | undefined;
  body: StreamBody | undefined;
  gone: AbortSignal | undefined;
  asked: HttpRequest | undefined;
  upgrades = 0;
  readonly messages: Uint8Array[] = [];
  answer: Promise<unknown> = Promise.resolve();

  async http(asked: HttpRequest, gone: AbortSignal) {
    [this.asked, this.gone] = [asked, gone];
    if (asked.path !== '/stream') return refusal;
    const start = (body: StreamBody) => {
      this.body = body;
    };
    return { status: 200 as const, headers: { 'content-type': 'text/plain' }, start };
  }

  async upgrade(_request: unknown, gone: AbortSignal): Promise<HttpResponse | StreamAcceptor> {
    this.gone = gone;
    this.upgrades += 1;
    await this.answer;
    return {
      subprotocol: 'v4.channel.k8s.io',
      accept: (socket) => {
        this.socket = socket;
        return { message: (bytes) => void this.messages.push(bytes) };
      },
    };
  }
}

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function listening() {
  const door = new Probe();
  const listener = new StreamListener(door);
  const { port } = await listener.listen('127.0.0.1', 0);
  closers.push(() => listener.close());
  const open = async () => {
    const client = new WebSocket(`ws://127.0.0.1:${port}/x`, ['v4.channel.k8s.io']);
    client.on('error', () => {});
    closers.push(() => client.terminate());
    await once(client, 'open');
    await until(() => door.socket !== undefined);
    return { client, socket: door.socket as StreamSocket };
  };
  return { door, port, listener, open };
}

describe('the listener of the drop-in door', () => {
  it('[DI5] says when the network has taken what was sent, and closes only then', async () => {
    const { open } = await listening();
    const { client, socket } = await open();
    client.pause();
    let taken = 0;
    const [pieces, bytes] = [256, 64 * 1024];
    for (let piece = 0; piece < pieces; piece++) socket.send(new Uint8Array(bytes), () => taken++);
    socket.close(1000, '');
    await until(() => taken > 0);
    expect(taken).toBeLessThan(pieces);
    expect(socket.bufferedBytes()).toBeGreaterThan(0);
    let read = 0;
    client.on('message', (message: Buffer) => {
      read += message.length;
    });
    client.resume();
    const [code] = await once(client, 'close');
    expect([read, code, taken]).toStrictEqual([pieces * bytes, 1000, pieces]);
  });

  it('[DI5] stops reading, and reads on where it stopped', async () => {
    const { door, open } = await listening();
    const { client, socket } = await open();
    socket.pause();
    for (let piece = 0; piece < 256; piece++) client.send(new Uint8Array(64 * 1024).fill(piece));
    client.send('text');
    await until(() => client.bufferedAmount > 0);
    const before = door.messages.length;
    expect(before).toBeLessThan(16);
    socket.resume();
    await until(() => door.messages.length === 257);
    expect(door.messages.map((message) => message[0])).toStrictEqual([...Array(256).keys(), 't'.charCodeAt(0)]);
  });

  it('[DI2] sends texts and bytes as what they are, and closes a socket whose message is too long', async () => {
    const { open } = await listening();
    const { client, socket } = await open();
    const got: unknown[] = [];
    client.on('message', (message: Buffer, isBinary) => got.push([message.toString(), isBinary]));
    socket.send('1aGk=', () => {});
    socket.send(Buffer.from('hi'), () => {});
    await until(() => got.length === 2);
    expect(got).toStrictEqual([
      ['1aGk=', false],
      ['hi', true],
    ]);
    client.send(new Uint8Array(32 * 1024 * 1024 + 1));
    const [code] = await once(client, 'close');
    expect(code).toBe(1009);
  });

  it('[DI6] tells that a client has left, answered or not', async () => {
    const { door, port, open } = await listening();
    const { client } = await open();
    client.terminate();
    await until(() => door.gone?.aborted === true);

    door.answer = new Promise(() => {});
    for (const leave of ['destroy', 'end'] as const) {
      const before = door.upgrades;
      const early = new WebSocket(`ws://127.0.0.1:${port}/x`);
      early.on('error', () => {});
      const asked = (early as unknown as { _req: ClientRequest })._req;
      await until(() => door.upgrades > before);
      asked.socket?.[leave]();
      await until(() => door.gone?.aborted === true);
    }

    const asked = get(`http://127.0.0.1:${port}/stream`);
    asked.on('error', () => {});
    await until(() => door.body !== undefined);
    asked.destroy();
    await until(() => door.gone?.aborted === true);
  });

  it('[DI8] streams a body, and breaks it off so that the client sees it', async () => {
    const { door, port } = await listening();
    const ask = async () => {
      door.body = undefined;
      const [response] = (await once(get(`http://127.0.0.1:${port}/stream`), 'response')) as [IncomingMessage];
      await until(() => door.body !== undefined);
      return { response, body: door.body as unknown as StreamBody };
    };
    const whole = await ask();
    let text = '';
    whole.response.on('data', (part: Buffer) => {
      text += part;
    });
    whole.body.send(Buffer.from('line 1\n'), () => {});
    await until(() => text === 'line 1\n');
    whole.body.end();
    await once(whole.response, 'end');
    expect(whole.response.headers['transfer-encoding']).toBe('chunked');

    const cut = await ask();
    const failed = once(cut.response, 'error');
    cut.response.resume();
    cut.body.send(Buffer.from('line'), () => cut.body.cut());
    await failed;
    expect(cut.response.complete).toBe(false);
  });

  it('[DI4] answers an upgrade to something else like a request without one', async () => {
    const { door, port } = await listening();
    const headers = { connection: 'Upgrade', upgrade: 'SPDY/3.1' };
    const asked = request({ port, method: 'POST', path: '/x', headers });
    const [response] = (await once(asked.end(), 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(418);
    expect(door.asked?.method).toBe('POST');
    response.resume();
  });

  it('[ED1] speaks TLS with files of its own', async () => {
    const [certFile, keyFile] = ['cert', 'key'].map((name) => fileURLToPath(new URL(`../../support/tls/${name}.pem`, import.meta.url)));
    const door = new Probe();
    const listener = new StreamListener(door, { certFile: certFile ?? '', keyFile: keyFile ?? '' });
    const { port } = await listener.listen('127.0.0.1', 0);
    closers.push(() => listener.close());
    const client = new WebSocket(`wss://127.0.0.1:${port}/x`, ['v4.channel.k8s.io'], { ca: readFileSync(certFile ?? '') });
    await once(client, 'open');
    client.send('over TLS');
    await until(() => door.messages.length === 1);
    client.close();
    await until(() => door.gone?.aborted === true);
  });

  it('ends with clients that do not', async () => {
    const { listener, port, open } = await listening();
    const { client } = await open();
    client.pause();
    get(`http://127.0.0.1:${port}/stream`).on('error', () => {});
    await listener.close();
    client.resume();
    if (client.readyState !== WebSocket.CLOSED) await once(client, 'close');
    expect(client.readyState).toBe(WebSocket.CLOSED);
  });
});
