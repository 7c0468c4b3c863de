import { describe, expect, it } from 'vitest';
import { type LocalProcess, startProcess } from '../../src/demo/local-process.ts';
import { until } from '../support/until.ts';

async function start(script: string) {
  const output: Buffer[] = [];
  const seen: { code?: number } = {};
  const plan = { command: ['sh', '-c', script], tty: true, directory: '/', environment: { PATH: '/usr/bin:/bin' } };
  const process = await startProcess(plan, {
    output: (bytes) => output.push(Buffer.from(bytes)),
    drained: () => {},
    exited: (code) => {
      seen.code = code;
    },
  });
  return { process: process as LocalProcess, output, seen };
}

function isGone(pid: number): boolean {
  try {
    return !process.kill(pid, 0);
  } catch {
    return true;
  }
}

describe('a process on a pseudo terminal', () => {
  it('[FC2] loses nothing when it ends long before a paused reader goes on', async () => {
    const { process, output, seen } = await start('stty -onlcr; seq 800');
    process.pause();
    await until(() => isGone(process.pid));
    // node-pty gives up 200 ms after the end.
    const goneAt = performance.now();
    await until(() => performance.now() > goneAt + 400);
    expect(seen.code).toBeUndefined();
    process.resume();
    await until(() => seen.code !== undefined);
    expect(Buffer.concat(output).toString().trimEnd().split('\n').at(-1)).toBe('800');
    expect(seen.code).toBe(0);
  });

  it('[FC2] delivers the last output of a process that ends at once', async () => {
    for (let round = 0; round < 20; round += 1) {
      const { output, seen } = await start('stty -onlcr; seq 2000');
      await until(() => seen.code !== undefined);
      expect(Buffer.concat(output).toString().trimEnd().split('\n').at(-1)).toBe('2000');
    }
  });

  it('[UP4] tells an exit code and a signal', async () => {
    const failing = await start('exit 3');
    await until(() => failing.seen.code === 3);
    const killed = await start('kill -9 $$');
    await until(() => killed.seen.code === 137);
  });
});
