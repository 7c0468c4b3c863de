import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { until } from '../support/until.ts';
import { DropInStack } from './drop-in-stack.ts';

let stack: DropInStack;
let authorities: Buffer[];
beforeAll(async () => {
  stack = await DropInStack.start();
  authorities = [readFileSync(stack.caFile), readFileSync(stack.cluster.caFile)];
}, 600_000);
afterAll(() => stack?.close());

const v5 = 'v5.channel.k8s.io';
const v4 = 'v4.channel.k8s.io';
const channelProtocols = [v5, v4, 'v4.base64.channel.k8s.io', 'base64.channel.k8s.io', 'channel.k8s.io'];
const pods = '/api/v1/namespaces/default/pods';
const shell = (command: string, rest = 'stdout=1&stderr=1') =>
  `${pods}/shell/exec?container=main&${rest}&command=sh&command=-c&command=${encodeURIComponent(command)}`;

/** What came of a WebSocket, in a form that does not depend on how output was cut into messages. */
interface Seen {
  readonly subprotocol: string;
  readonly first: string;
  readonly isText: boolean;
  readonly channels: Readonly<Record<string, string>>;
  readonly closeCode: number;
}

async function talk(base: string, path: string, subprotocol: string, say: readonly (Buffer | string)[]): Promise<Seen | Refused> {
  const socket = new WebSocket(`${base.replace('http', 'ws')}${path}`, [subprotocol], {
    ca: authorities,
    headers: { authorization: `Bearer ${stack.cluster.token}` },
  });
  const messages: { readonly bytes: Buffer; readonly isBinary: boolean }[] = [];
  socket.on('message', (bytes: Buffer, isBinary) => messages.push({ bytes, isBinary }));
  const refused = new Promise<Refused>((resolve) => {
    socket.on('unexpected-response', (_request, response) => void read(response).then(resolve));
  });
  socket.on('error', () => {});
  const closed = once(socket, 'close') as Promise<[number]>;
  const answer = await Promise.race([once(socket, 'open'), refused]);
  if ('status' in answer) return answer;
  for (const message of say) {
    socket.send(message);
    // As a person does: what belongs together is answered before the next is said.
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const [closeCode] = await closed;
  const isLog = path.includes('/log');
  const isText = messages.some(({ isBinary }) => !isBinary);
  const channels: Record<string, string> = {};
  for (const { bytes } of messages) {
    const channel = isLog ? 'log' : String(isText ? Number(bytes.toString('latin1', 0, 1)) : bytes[0]);
    const payload = bytes.subarray(isLog ? 0 : 1);
    channels[channel] = (channels[channel] ?? '') + (isText ? Buffer.from(payload.toString(), 'base64') : payload).toString('latin1');
  }
  return { subprotocol: socket.protocol, first: messages[0]?.bytes.toString('hex') ?? 'none', isText, channels, closeCode };
}

interface Refused {
  readonly status: number | undefined;
  readonly body: string;
}

async function read(response: IncomingMessage): Promise<Refused> {
  let body = '';
  for await (const part of response) body += part;
  return { status: response.statusCode, body };
}

async function ask(base: string, path: string, { method = 'GET', token = stack.cluster.token } = {}): Promise<Refused> {
  const options = { method, ca: authorities, headers: { authorization: `Bearer ${token}` } };
  const [response] = (await once(request(`${base}${path}`, options).end(), 'response')) as [IncomingMessage];
  return read(response);
}

/** A status by its fields: servers differ in whether they name what is empty, and in the text of an exit code (facts, test server). */
function status(text: string | undefined): unknown {
  if (text === undefined || !text.startsWith('{')) return text?.replace(/(with non-zero exit code: ).*?(\d+)$/s, '$1$2');
  const { status: word, reason, code, details, message } = JSON.parse(text) as Record<string, unknown>;
  return {
    word,
    reason,
    code,
    causes: (details as { causes?: unknown } | undefined)?.causes,
    message: reason === 'NonZeroExitCode' ? '' : message,
  };
}

function comparable(seen: Seen | Refused): unknown {
  if (!('channels' in seen)) return { ...seen, body: status(seen.body) };
  return { ...seen, channels: { ...seen.channels, '3': status(seen.channels['3']) } };
}

async function both<Answer>(asked: (base: string) => Promise<Answer>): Promise<readonly [Answer, Answer]> {
  return Promise.all([asked(stack.cluster.url), asked(stack.url)]);
}

const stdin = (subprotocol: string, text: string) =>
  subprotocol.includes('base64') ? `0${Buffer.from(text).toString('base64')}` : Buffer.from(`\0${text}`);

describe('the drop-in door beside Kubernetes’ own server, asked the same', () => {
  describe.each(channelProtocols)('%s', (subprotocol) => {
    it.each([
      ['output and errors', shell('echo out; sleep 0.1; echo err >&2')],
      ['bytes that are no text', shell('printf "\\\\377\\\\000\\\\200a"')],
      ['an exit code', shell('exit 3')],
      ['errors only', shell('echo out; echo err >&2', 'stderr=1')],
      ['output only', shell('echo out; echo err >&2', 'stdout=1')],
      ['no input', shell('cat; echo over')],
      ['a terminal', shell('stty size >/dev/null && echo terminal; tty >/dev/null && exit 7', 'stdin=1&stdout=1&tty=1')],
    ])('[DI2] %s', async (_name, path) => {
      const [theirs, ours] = await both((base) => talk(base, path, subprotocol, []));
      expect(comparable(ours)).toStrictEqual(comparable(theirs));
    });

    it('[DI2] input, a word at a time', async () => {
      const path = shell('read a; echo "1 $a"; read b; echo "2 $b"', 'stdin=1&stdout=1&stderr=1');
      const say = [stdin(subprotocol, 'one\n'), stdin(subprotocol, 'tw'), stdin(subprotocol, 'o\n')];
      const [theirs, ours] = await both((base) => talk(base, path, subprotocol, say));
      expect(comparable(ours)).toStrictEqual(comparable(theirs));
      expect(ours).toMatchObject({ channels: { '1': '1 one\n2 two\n' } });
    });
  });

  it('[DI2] the end of input apart, and a close message that is broken', async () => {
    const path = shell('cat; echo over', 'stdin=1&stdout=1');
    for (const say of [[stdin(v5, 'x\n'), Buffer.of(255, 0)], [Buffer.of(255)]]) {
      const [theirs, ours] = await both((base) => talk(base, path, v5, say));
      expect(comparable(ours)).toStrictEqual(comparable(theirs));
    }
  });

  it('[DI3] a command that is not there, in v5', async () => {
    const path = `${pods}/shell/exec?container=main&stdout=1&command=no-such-command`;
    const [theirs, ours] = await both((base) => talk(base, path, v5, []));
    const nameless = (seen: unknown) => JSON.stringify(seen).replaceAll(/exec \\*"[0-9a-f]{64}\\*"/g, 'exec');
    expect(nameless(comparable(ours))).toBe(nameless(comparable(theirs)));
  });

  it.each(['binary.k8s.io', 'base64.binary.k8s.io'])('[DI2] a log in %s', async (subprotocol) => {
    const [theirs, ours] = await both((base) => talk(base, `${pods}/finished/log?follow=true&timestamps=true`, subprotocol, []));
    expect(ours).toStrictEqual(theirs);
  });

  it.each([
    ['v3.channel.k8s.io', shell('true')],
    ['binary.k8s.io', shell('true')],
    [v4, `${pods}/finished/log`],
    [v5, `${pods}/none/exec?stdout=1&command=ls`],
    [v4, `${pods}/none/exec?stdout=1&command=ls`],
    [v5, `${pods}/multi/exec?stdout=1&command=ls`],
    [v5, `${pods}/multi/exec?container=none&stdout=1&command=ls`],
    [v4, `${pods}/pending/attach?stdout=1`],
    ['binary.k8s.io', `${pods}/multi/log?container=none`],
    ['binary.k8s.io', `${pods}/logger/log?previous=true`],
    ['binary.k8s.io', `${pods}/pending/log`],
  ])('[DI3] refuses %s of %s', async (subprotocol, path) => {
    const [theirs, ours] = await both((base) => talk(base, path, subprotocol, []));
    expect(ours).toHaveProperty('status');
    expect(comparable(ours)).toStrictEqual(comparable(theirs));
  });

  it.each([
    ['GET', `${pods}/finished/log?timestamps=true`],
    ['GET', `${pods}/finished/log?tailLines=1`],
    ['GET', `${pods}/none/log`],
    ['GET', `${pods}/multi/log`],
    ['GET', shell('true')],
    ['POST', `${pods}/none/exec?stdout=1&command=ls`],
    ['POST', `${pods}/multi/attach?container=none&stdout=1`],
  ])('[DI8] answers %s %s', async (method, path) => {
    const [theirs, ours] = await both((base) => ask(base, path, { method }));
    expect(comparable(ours)).toStrictEqual(comparable(theirs));
  });

  it('[DI4] answers who may not, and who is not known', async () => {
    const { readonlyToken, getOnlyToken } = stack.cluster;
    for (const [method, path, token] of [
      ['POST', shell('true'), readonlyToken],
      ['POST', shell('true'), getOnlyToken],
      ['POST', `${pods}/shell/attach?stdout=1`, readonlyToken],
      ['GET', `${pods}/finished/log`, 'nobody'],
    ] as const) {
      const [theirs, ours] = await both((base) => ask(base, path, { method, token }));
      expect(comparable(ours)).toStrictEqual(comparable(theirs));
    }
    expect(await ask(stack.url, shell('true'), { method: 'POST' })).toMatchObject({ status: 400, body: expect.stringContaining('SPDY') });
  });

  it('[DI7] takes the token from among the subprotocols', async () => {
    const bearer = `base64url.bearer.authorization.k8s.io.${Buffer.from(stack.cluster.token).toString('base64url')}`;
    for (const base of [stack.cluster.url, stack.url]) {
      const socket = new WebSocket(`${base.replace('http', 'ws')}${shell('echo me')}`, [bearer, v4], { ca: authorities });
      const messages: Buffer[] = [];
      socket.on('message', (bytes: Buffer) => messages.push(bytes));
      await once(socket, 'close');
      expect(socket.protocol).toBe(v4);
      expect(Buffer.concat(messages).toString()).toContain('me\n');
    }
    await until(() => stack.written.includes('drop-in session'));
    expect(stack.written).not.toContain(stack.cluster.token);
    expect(stack.written).not.toContain(bearer);
  });
});
