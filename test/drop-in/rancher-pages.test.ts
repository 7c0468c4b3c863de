import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { until } from '../support/until.ts';
import { DropInStack } from './drop-in-stack.ts';

const cluster = '/k8s/clusters/c-m-test';
let stack: DropInStack;
beforeAll(async () => {
  stack = await DropInStack.start([], cluster);
}, 600_000);
afterAll(() => stack?.close());

const agent = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36';
const linuxShell = 'TERM=xterm-256color; export TERM; [ -x /bin/bash ] && exec /bin/bash || exec /bin/sh';
const base64 = (text: string) => Buffer.from(text).toString('base64');

/** A page of Rancher: what a browser sends for it, and what it makes of text messages. */
class Page {
  readonly socket: WebSocket;
  readonly messages: string[] = [];
  closed: number | undefined;
  refused: number | undefined;

  constructor(path: string, subprotocol: string, headers: Readonly<Record<string, string>> = {}) {
    const url = `${stack.url.replace('https', 'wss')}${cluster}/api/v1/namespaces/default/pods/${path}`;
    const { host } = new URL(stack.url);
    this.socket = new WebSocket(url, [subprotocol], {
      ca: readFileSync(stack.caFile),
      headers: { cookie: `CSRF=x; R_SESS=${stack.cluster.token}`, origin: `https://${host}`, 'user-agent': agent, ...headers },
    });
    this.socket.on('message', (message: Buffer, isBinary) => this.messages.push(isBinary ? 'not a text' : message.toString()));
    this.socket.on('close', (code) => {
      this.closed = code;
    });
    this.socket.on('unexpected-response', (_request, response) => {
      this.refused = response.statusCode;
      response.resume();
    });
    this.socket.on('error', () => {});
  }

  /** All of a channel; decoded as bytes, which the pages do not do. */
  text(channel: string): string {
    const parts = this.messages.filter((message) => message.startsWith(channel)).map((message) => Buffer.from(message.slice(1), 'base64'));
    return Buffer.concat(parts).toString();
  }

  get log(): string {
    return Buffer.concat(this.messages.map((message) => Buffer.from(message, 'base64'))).toString();
  }
}

const shellPath = (rest = '') =>
  `shell/exec?container=main&stdout=1&stdin=1&stderr=1&tty=1&command=${encodeURIComponent('/bin/sh')}&command=-c&command=${encodeURIComponent(linuxShell)}${rest}`;

describe('the pages of Rancher through nginx, two edges, Redis and a worker, towards a Rancher', () => {
  it('[DI2] the old page: opens a shell, sizes it, types, and leaves nothing behind when it closes', async () => {
    const before = await stack.cluster.stats();
    const page = new Page(shellPath(), 'base64.channel.k8s.io');
    await once(page.socket, 'open');
    page.socket.send(`4${base64('{"Width":132,"Height":43}')}`);
    page.socket.send(`0${base64("stty size; echo 'he''llo'\n")}`);
    await until(() => /43 132[\s\S]*hello/.test(page.text('1')));
    expect(page.messages[0]).toBe('1');
    expect(page.messages).not.toContain('not a text');
    // As it closes: the word, then the socket.
    page.socket.send(`0${base64('exit\r\n')}`);
    page.socket.close();
    await until(() => page.closed !== undefined);
    await until(async () => (await stack.cluster.stats()).aliveProcesses === before.aliveProcesses);
  });

  it('[DI2] the new page: sends its size first and again, and is told what went wrong on channel 3', async () => {
    const page = new Page(shellPath('&sockId=1'), 'base64.channel.k8s.io');
    await once(page.socket, 'open');
    for (let beat = 0; beat < 3; beat++) page.socket.send(`4${base64('{"Width":100,"Height":30}')}`);
    page.socket.send(`0${base64('stty size; exit 4\n')}`);
    await until(() => page.closed !== undefined);
    expect(page.text('1')).toContain('30 100');
    expect(page.text('3')).toMatch(/^command terminated with non-zero exit code/);
    expect(page.closed).toBe(1000);

    const windows = new Page('shell/exec?container=main&stdout=1&stdin=1&stderr=1&tty=1&command=cmd&sockId=2', 'base64.channel.k8s.io');
    await until(() => windows.closed !== undefined || windows.refused !== undefined);
    expect(windows.text('3')).toContain('executable file not found');
  });

  it('[DI2] both pages’ logs: followed in texts, whole by a download', async () => {
    const old = new Page('logger/log?container=main&tailLines=500&follow=true&timestamps=true&previous=false', 'base64.binary.k8s.io');
    const range = 'previous=false&follow=true&timestamps=true&pretty=true&container=main&sinceSeconds=3600&sockId=3';
    const other = new Page(`logger/log?${range}`, 'base64.binary.k8s.io');
    for (const page of [old, other]) {
      await until(() => (page.log.match(/\n/g)?.length ?? 0) > 50);
      expect(page.messages[0]).toBe('');
      expect(page.log).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z line \d+ run 1 /);
      page.socket.close();
    }
    const path = `${cluster}/api/v1/namespaces/default/pods/finished/log?container=main&timestamps=true&limitBytes=786432000`;
    const headers = { cookie: `R_SESS=${stack.cluster.token}`, 'user-agent': agent };
    const [response] = (await once(request(`${stack.url}${path}`, { headers, ca: readFileSync(stack.caFile) }).end(), 'response')) as [
      IncomingMessage,
    ];
    let text = '';
    for await (const part of response) text += part;
    expect([response.statusCode, response.headers['content-type']]).toStrictEqual([200, 'text/plain']);
    expect(text).toMatch(/Z first line\n\S+Z second line\n\S+Z last line without a newline$/);
  });

  it('[DI7] is refused without its cookie, with a wrong one, and from another site', async () => {
    for (const [headers, status] of [
      [{ cookie: '' }, 401],
      [{ cookie: 'R_SESS=token-none:wrong' }, 401],
      [{ origin: 'https://evil.example' }, 403],
    ] as const) {
      const page = new Page(shellPath(), 'base64.channel.k8s.io', headers);
      await until(() => page.refused !== undefined);
      expect(page.refused).toBe(status);
    }
    expect(stack.written).not.toContain(stack.cluster.token);
  });
});
