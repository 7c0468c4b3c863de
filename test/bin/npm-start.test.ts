import { fileURLToPath } from 'node:url';
import { spawn } from '@lydell/node-pty';
import { describe, expect, it } from 'vitest';
import { freePort } from '../support/redis-server.ts';
import { until } from '../support/until.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('npm start in a terminal', () => {
  it('runs standalone with the flags behind --, and one Ctrl-C ends it in good order', async () => {
    const { PATH = '', HOME = '' } = process.env;
    const port = await freePort();
    const args = ['start', '--', '--listen', `127.0.0.1:${port}`];
    const terminal = spawn('npm', args, { cwd: root, cols: 200, env: { PATH, HOME, npm_config_update_notifier: 'false' } });
    let text = '';
    terminal.onData((chunk) => {
      text += chunk;
    });
    let code: number | undefined;
    terminal.onExit(({ exitCode }) => {
      code = exitCode;
    });
    try {
      await until(() => text.includes(`http://127.0.0.1:${port}/#token=`), { withinMs: 120_000, what: () => text });
      // The log is text here, because a terminal reads it.
      await until(() => /info {2}edge listens/.test(text), { what: () => text });
      terminal.write('\x03');
      await until(() => code !== undefined, { what: () => text });
      expect(code).toBe(0);
      expect(text).not.toMatch(/^\s+at /m);
    } finally {
      if (code === undefined) terminal.kill('SIGKILL');
    }
    await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow();
  }, 150_000);
});
