import { once } from 'node:events';
import { Agent } from 'node:http';
import { connect } from 'node:net';
import { expect, it } from 'vitest';
import type { HttpRequest } from '../../../src/edge/listener.ts';
import { until } from '../../support/until.ts';
import { fetchFrom, type Listeners, rawRequest, refusal, text } from './listeners.ts';

/** Requests and their answers. */
export function httpContract(listeners: Listeners): void {
  it('answers requests with status, headers and body', async () => {
    const seen: HttpRequest[] = [];
    const { port } = await listeners.start({
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
    const { port } = await listeners.start({
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
    const { port } = await listeners.start({ http: async (request) => text(200, String(request.header('cookie')?.length)) });
    expect(await fetchFrom(port, '/', { headers: { cookie: 'c'.repeat(12_000) } })).toMatchObject({ status: 200, body: '12000' });
  });

  it('hands over a whole body, also when it is asked for late', async () => {
    const { port } = await listeners.start({
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
    const { port } = await listeners.start({
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
    const { port } = await listeners.start({
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
    const { port } = await listeners.start({ http: async () => text(200, 'ok') });
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
    const { port } = await listeners.start({
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
    const { port } = await listeners.start({ http: broken, upgrade: broken });
    const answer = await fetchFrom(port, '/');
    expect(answer.status).toBe(500);
    expect(answer.body).not.toContain('secret');
    expect(await refusal(listeners.connectTo(port))).toMatchObject({ status: 500 });
  });
}
