import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { signIn } from '../../loadtest/driver/relay-client.ts';
import { until } from '../support/until.ts';
import { PoseidonProcess } from './poseidon-process.ts';
import { firstPlace, get, Shell } from './shell.ts';

const here = ['--listen', '127.0.0.1:0'];

function processes(pattern: string): string[] {
  const list = execFileSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' });
  return list.split('\n').filter((line) => line.includes(pattern));
}

describe('standalone', () => {
  for (const listener of ['uws', 'ws']) {
    it(`gives a shell in the demo cluster, from one command, and Ctrl-C ends all it started (${listener})`, async () => {
      await using relay = new PoseidonProcess([...here, '--listener', listener]);
      const link = await relay.printed(/^(http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]+)$/m);
      const [url = '', token = ''] = link.split('/#token=');
      const cookie = await signIn(url, token);
      const page = await fetch(`${url}/`);
      expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
      expect(await page.text()).toContain('/assets/terminal.js');

      using shell = new Shell(url, cookie, await firstPlace(url, cookie));
      await until(() => shell.text !== '');
      shell.client.type('printf \'h\\303\\251llo %s\\n\' "$((40+2))"\r');
      await shell.shows(/héllo 42/);
      const mark = `86${process.pid}${listener === 'ws' ? 1 : 2}`;
      shell.client.type(`sleep ${mark}\r`);
      await until(() => processes(`sleep ${mark}`).length > 0);

      relay.child.kill('SIGINT');
      expect(await relay.exited()).toBe(0);
      await until(() => processes(`sleep ${mark}`).length === 0);
      expect(relay.stderr).not.toContain(token);
      expect(relay.stdout.match(/http:/g)?.length).toBe(1);
    });
  }

  it('[ED1] [ED2] lets nobody in without the token, from another host name or another page', async () => {
    await using relay = new PoseidonProcess(here);
    const link = await relay.printed(/^(http:\S+)$/m);
    const [url = '', token = ''] = link.split('/#token=');
    expect((await fetch(`${url}/v1/clusters`)).status).toBe(401);
    await expect(signIn(url, `${token}x`)).rejects.toThrow('401');
    const headers = { authorization: `Bearer ${token}`, origin: 'https://evil.example' };
    expect((await fetch(`${url}/v1/clusters`, { headers })).status).toBe(403);
    expect((await fetch(`${url}/v1/clusters`, { headers: { authorization: `Bearer ${token}` } })).status).toBe(200);
  });

  it('[UP8] does not print a token that it was given', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'poseidon-token-'));
    const file = join(folder, 'access.token');
    await writeFile(file, 'a-token-of-the-operator\n');
    await using relay = new PoseidonProcess([...here, '--access-token-file', file, '--log-level', 'debug']);
    const url = await relay.printed(/^(http:\S+)\/$/m);
    await signIn(url, 'a-token-of-the-operator');
    expect(relay.stdout + relay.stderr).not.toContain('a-token-of-the-operator');
    await rm(folder, { recursive: true });
  });

  it('lists a session and ends it over HTTP', async () => {
    await using relay = new PoseidonProcess([...here, '--auth', 'none']);
    const url = await relay.printed(/^(http:\S+)\/$/m);
    using shell = new Shell(url, '', await firstPlace(url, ''));
    await until(() => shell.text !== '');
    const { sessions } = (await get(url, '/v1/sessions', '')) as { sessions: { id: string; state: string }[] };
    expect(sessions).toMatchObject([{ state: 'owned' }]);
    expect((await fetch(`${url}/v1/sessions/${sessions[0]?.id}`, { method: 'DELETE' })).status).toBe(204);
    await until(() => shell.client.state.connection.kind === 'ended');
  });

  it('serves health and numbers to operators on their own address, and ends on SIGTERM', async () => {
    await using relay = new PoseidonProcess([...here, '--admin-listen', '127.0.0.1:0']);
    const port = await relay.printed(/"port":(\d+),"event":"admin listens"/);
    expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200);
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect(metrics).toContain('poseidon_worker_sessions 0\n');
    expect(metrics).toContain('poseidon_edge_sockets 0\n');
    relay.child.kill('SIGTERM');
    expect(await relay.exited()).toBe(0);
  });
});
