import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { until } from '../support/until.ts';
import { OddServer } from './odd-server.ts';

/** As containerd says it, in v4 and v5. */
const notFound = (program: string, why: string) => ({
  metadata: {},
  status: 'Failure',
  reason: 'InternalError',
  code: 500,
  message: `Internal error occurred: error executing command in container: failed to exec in container: ${program}: ${why}`,
  details: { causes: [{ message: why }] },
});

const frame = (channel: number, text: string) => Buffer.concat([Buffer.of(channel), Buffer.from(text)]);
const programOf = ({ url }: IncomingMessage) => new URL(url ?? '', 'http://here').searchParams.get('command') ?? '';

/** A container that has only some programs; what it has answers each input with its own name. */
async function container(programs: readonly string[], why: string) {
  const asked: string[] = [];
  const server: OddServer = await OddServer.start({
    client: (client: WebSocket) => {
      const program = programOf(server.requests.at(-1) as IncomingMessage);
      asked.push(program);
      // Whatever there is, the first frame is empty.
      client.send(Buffer.of(1));
      if (programs.includes(program)) {
        client.on('message', (message: Buffer) => {
          if (message[0] === 0) client.send(frame(1, `${program} has ${message.subarray(1)};`));
        });
      } else {
        client.send(frame(3, JSON.stringify(notFound(program, why))));
        client.close(1000);
      }
    },
  });
  return { server, asked };
}

const posix = 'exec failed: unable to start container process: exec: "x": stat x: no such file or directory: unknown';
const windows = 'hcs::System::CreateProcess: The system cannot find the file specified.: unknown';

describe('a shell where not every one is there', () => {
  it('[UP5] is the next one that is, without a sound, and has the first key', async () => {
    const { server, asked } = await container(['sh'], posix);
    await using _server = server;
    const { upstream, events } = await server.open({ kind: 'exec', command: [], tty: true });
    upstream.write(Buffer.from('the first key'));
    await events.sees('has the first key');
    expect(events.text()).toBe('sh has the first key;');
    expect(events.end).toBeUndefined();
    expect(asked).toEqual(['/bin/sh', 'bash', 'sh']);
    upstream.close();
  });

  it('[UP5] is cmd at the second try on Windows', async () => {
    const { server, asked } = await container(['cmd'], windows);
    await using _server = server;
    const { upstream, events } = await server.open({ kind: 'exec', command: [], tty: true });
    await until(() => asked.length === 2);
    upstream.write(Buffer.from('dir'));
    await events.sees('cmd has dir');
    expect(asked).toEqual(['/bin/sh', 'cmd']);
    upstream.close();
  });

  it('[UP5] is none: then it says which were tried, and keeps what the runtime said for whoever asks', async () => {
    const { server } = await container([], posix);
    await using _server = server;
    const { events } = await server.open({ kind: 'exec', command: [], tty: true });
    expect(await events.ends()).toMatchObject({
      kind: 'refused',
      reason: 'no-shell',
      message: 'There is no shell in this container; tried /bin/sh, bash, sh, cmd.',
      status: expect.stringContaining('no such file or directory'),
    });
    expect(events.bytes).toBe(0);
  });

  it('[UP5] is not looked for when a command was given', async () => {
    const { server, asked } = await container(['sh'], posix);
    await using _server = server;
    const { events } = await server.open({ kind: 'exec', command: ['zsh', '-l'], tty: true });
    expect(await events.ends()).toMatchObject({ kind: 'refused', reason: 'command-not-found' });
    expect(asked).toEqual(['zsh']);
  });
});
