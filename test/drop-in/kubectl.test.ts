import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { spawn as spawnTerminal } from '@lydell/node-pty';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { DropInStack } from './drop-in-stack.ts';

let stack: DropInStack;
beforeAll(async () => {
  stack = await DropInStack.start();
}, 600_000);
afterAll(() => stack?.close());

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const megabytes = 20;
const big = randomBytes(megabytes * 1_000_000);

/** kubectl on a terminal of its own. */
async function onTerminal(args: readonly string[]) {
  const { file, env } = await stack.kubectlCommand(args);
  const terminal = spawnTerminal(file, [...args], { cols: 91, rows: 33, env });
  let text = '';
  terminal.onData((data) => {
    text += data;
  });
  const exited = new Promise<number>((resolve) => terminal.onExit(({ exitCode }) => resolve(exitCode)));
  const shows = (pattern: RegExp) => until(() => pattern.test(text), { what: () => `${pattern} in ${text}` });
  /** Types a line until it has the effect: a size comes a moment after the shell, a command a moment after its echo. */
  const answers = (line: string, pattern: RegExp) =>
    until(
      async () => {
        terminal.write(`${line}\r`);
        await new Promise((resolve) => setTimeout(resolve, 100));
        return pattern.test(text);
      },
      { what: () => `${pattern} in ${text}` },
    );
  return { terminal, exited, shows, answers };
}

describe('an unmodified kubectl through nginx, two edges, Redis and a worker', () => {
  it('[DI2] exec: output apart from errors, and the exit code', async () => {
    const command = ['sh', '-c', 'echo out; echo err >&2; exit 42'];
    const { code, stdout, stderr } = await stack.kubectl(['exec', 'shell', '--', ...command]);
    expect([code, stdout.toString()]).toStrictEqual([42, 'out\n']);
    expect(stderr).toBe('err\ncommand terminated with exit code 42\n');
    expect((await stack.kubectl(['exec', 'shell', '--', 'true'])).code).toBe(0);
    // Without -i the process has no input to wait for.
    expect((await stack.kubectl(['exec', 'shell', '--', 'cat'])).code).toBe(0);
  });

  it('[DI5] exec -i: 20 MB in and out again, and the end of input', async () => {
    const { code, stdout } = await stack.kubectl(['exec', '-i', 'shell', '--', 'sh', '-c', 'tee /dev/stderr 2>&1 >/dev/null | cat'], {
      input: big,
    });
    expect([code, stdout.length, sha256(stdout)]).toStrictEqual([0, big.length, sha256(big)]);
    const summed = await stack.kubectl(['exec', '-i', 'shell', '--', 'sha256sum'], { input: big });
    expect(summed.stdout.toString().split(' ')[0]).toBe(sha256(big));
  });

  it('[DI2] exec -it: a terminal with its size, as it changes, Ctrl-C, and its end', async () => {
    const { terminal, exited, shows, answers } = await onTerminal(['exec', '-it', 'shell', '--', 'sh']);
    await answers('stty size', /33 91/);
    // Not an echo: what is typed does not contain it.
    terminal.write("echo 'a''b' é世界\r");
    await shows(/ab é世界/);
    terminal.resize(120, 40);
    await answers('stty size', /40 120/);
    terminal.write('sleep 1000\r');
    await shows(/sleep 1000/);
    // Ctrl-C reaches the sleep once the shell has started it.
    await answers('\x03exit 7', /command terminated with exit code 7/);
    expect(await exited).toBe(7);
  });

  it('[DI2] attach: joins a process, its output and its input', async () => {
    const { file, env, args } = await stack.kubectlCommand(['attach', '-i', 'multi', '-c', 'app']);
    const child = spawn(file, args, { env });
    let text = '';
    child.stdout.on('data', (data: Buffer) => {
      text += data;
    });
    // The pod's own log says when it is attached to nothing yet: it is typed until it answers.
    await until(async () => {
      child.stdin.write('to the main process\n');
      await new Promise((resolve) => setTimeout(resolve, 100));
      return text.includes('to the main process\n');
    });
    const exited = once(child, 'exit');
    child.kill('SIGINT');
    await exited;
  });

  it('[DI8] logs: whole ones, followed ones, with times', async () => {
    const whole = await stack.kubectl(['logs', 'finished']);
    expect([whole.code, whole.stdout.toString()]).toStrictEqual([0, 'first line\nsecond line\nlast line without a newline']);
    const tail = await stack.kubectl(['logs', 'logger', '--tail=3', '--timestamps']);
    expect(tail.stdout.toString()).toMatch(/^(\d{4}-\d\d-\d\dT[\d:.]+Z line \d+ run 1 [^\n]*\n){3}$/);
    const { file, env, args } = await stack.kubectlCommand(['logs', '-f', 'logger', '--tail=1']);
    const child = spawn(file, args, { env });
    let text = '';
    child.stdout.on('data', (data: Buffer) => {
      text += data;
    });
    await until(() => (text.match(/^line \d+ /gm)?.length ?? 0) > 20);
    const numbers = [...text.matchAll(/^line (\d+) /gm)].map((found) => Number(found[1]));
    expect(numbers).toStrictEqual(numbers.map((_number, index) => (numbers[0] ?? 0) + index));
    const exited = once(child, 'exit');
    child.kill('SIGINT');
    await exited;
  });

  it('[DI5] cp: both ways, byte for byte', async () => {
    const [from, to] = [join(stack.directory, 'from'), join(stack.directory, 'to')];
    const inside = join(stack.directory, 'inside');
    await writeFile(from, big);
    expect((await stack.kubectl(['cp', from, `shell:${inside}`])).code).toBe(0);
    expect(sha256(await readFile(inside))).toBe(sha256(big));
    expect((await stack.kubectl(['cp', `shell:${inside}`, to])).code).toBe(0);
    expect(sha256(await readFile(to))).toBe(sha256(big));
  });

  it('[DI3] hands refusals through, in the words of the API server', async () => {
    const refused = async (args: string[], options = {}) => {
      const { code, stderr } = await stack.kubectl(args, options);
      return [code, stderr.trim().split('\n').at(-1)];
    };
    expect(await refused(['exec', 'shell', '--', 'no-such-command'])).toStrictEqual([
      1,
      expect.stringContaining('executable file not found'),
    ]);
    expect(await refused(['exec', 'pending', '--', 'ls'])).toStrictEqual([1, expect.stringContaining('does not have a host assigned')]);
    expect(await refused(['logs', 'multi', '-c', 'none'])).toStrictEqual([
      1,
      expect.stringContaining('container none is not valid for pod multi'),
    ]);
    expect(await refused(['logs', 'logger', '--previous'])).toStrictEqual([1, expect.stringContaining('previous terminated container')]);
  });

  it('[DI4] what is refused is told as such, though kubectl asks again by POST', async () => {
    const readonly = await stack.kubectl(['exec', 'shell', '--', 'ls'], { token: stack.cluster.readonlyToken });
    expect(readonly.code).toBe(1);
    expect(readonly.stderr).toContain('User "poseidon-readonly" cannot create resource "pods/exec"');
    const asOther = await stack.kubectl(['exec', 'shell', '--as', 'somebody', '--', 'ls']);
    expect([asOther.code, asOther.stderr]).toStrictEqual([1, expect.stringContaining('impersonation is not served by this relay')]);
    const wrong = await stack.kubectl(['logs', 'logger'], { token: 'token-none:wrong' });
    expect(wrong.stderr).toMatch(/must be logged in|Unauthorized/);
  });

  it('[DI1] the same below the path of a cluster of a Rancher, by its name', async () => {
    const command = ['exec', 'shell', '--', 'echo', 'below'];
    expect((await stack.kubectl(command, { server: '/k8s/clusters/default' })).stdout.toString()).toBe('below\n');
    expect((await stack.kubectl(command, { server: '/k8s/clusters/other' })).stderr).toContain('No cluster available');
  });

  it('[DI6] a kubectl that is killed leaves no session and no process behind', async () => {
    const { file, env, args } = await stack.kubectlCommand(['exec', '-i', 'shell', '--', 'cat']);
    const before = await stack.cluster.stats();
    const child = spawn(file, args, { env });
    child.stdin.write('x\n');
    await once(child.stdout, 'data');
    expect((await stack.cluster.stats()).aliveProcesses).toBe(before.aliveProcesses + 1);
    child.kill('SIGKILL');
    await until(async () => (await stack.cluster.stats()).aliveProcesses === before.aliveProcesses);
  });

  it('[DI7] [UP8] both edges were used, and neither they nor the worker have written a token', () => {
    for (const edge of stack.edges) expect(edge.stderr).toContain('drop-in session');
    for (const token of [stack.cluster.token, stack.cluster.readonlyToken, 'token-none:wrong']) expect(stack.written).not.toContain(token);
  });
});
