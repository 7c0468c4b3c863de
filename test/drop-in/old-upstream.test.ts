import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { DropInStack } from './drop-in-stack.ts';

let stack: DropInStack;
beforeAll(async () => {
  stack = await DropInStack.start(['--protocols', 'base64', '--log-protocols', 'base64']);
}, 600_000);
afterAll(() => stack?.close());

describe('a kubectl that speaks v5, towards an upstream that knows base64.channel.k8s.io only', () => {
  it('[DI2] has its exit codes, its errors apart, and its logs', async () => {
    const run = await stack.kubectl(['exec', 'shell', '--', 'sh', '-c', 'echo out; echo err >&2; exit 42']);
    expect([run.code, run.stdout.toString(), run.stderr]).toStrictEqual([42, 'out\n', 'err\ncommand terminated with exit code 42\n']);
    expect((await stack.kubectl(['logs', 'finished'])).stdout.toString()).toBe('first line\nsecond line\nlast line without a newline');
  });

  it('[UP2] is told that its input cannot be ended', async () => {
    const { file, args, env } = await stack.kubectlCommand(['exec', '-i', 'shell', '--', 'cat']);
    const child = spawn(file, args, { env });
    let [out, told] = ['', ''];
    child.stdout.on('data', (part: Buffer) => {
      out += part;
    });
    child.stderr.on('data', (part: Buffer) => {
      told += part;
    });
    child.stdin.end('some\n');
    await until(() => out === 'some\n' && told.includes('cannot be told that the input has ended'));
    const closed = once(child, 'close');
    child.kill('SIGINT');
    await closed;
  });
});
