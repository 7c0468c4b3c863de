import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { systemClock } from '../../src/bin/system.ts';
import { type DemoCluster, startDemoCluster } from '../../src/demo/demo-cluster.ts';
import { until } from '../support/until.ts';

interface Line {
  readonly socket: WebSocket;
  readonly messages: Buffer[];
  text(channel: number): string;
  type(text: string): void;
}

function connect(demo: DemoCluster, path: string, protocol = 'v4.channel.k8s.io'): Line {
  const headers = { Authorization: `Bearer ${demo.token}` };
  const socket = new WebSocket(`${demo.url.replace('http', 'ws')}/api/v1/namespaces/demo/pods/${path}`, [protocol], { headers });
  const messages: Buffer[] = [];
  socket.on('message', (data: Buffer) => messages.push(data));
  socket.on('error', () => {});
  return {
    socket,
    messages,
    text: (channel) => Buffer.concat(messages.filter(([first]) => first === channel).map((message) => message.subarray(1))).toString(),
    type: (text) => socket.send(Buffer.concat([Uint8Array.of(0), Buffer.from(text)])),
  };
}

const shell = 'toolbox/exec?stdin=1&stdout=1&tty=1&command=sh';

/** Processes that carry the mark of a demo cluster of this test. */
async function marked(mark: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const environment = await readFile(`/proc/${name}/environ`, 'latin1').catch(() => '');
    if (environment.includes(mark)) found.push(name);
  }
  return found;
}

describe('the demo cluster', () => {
  let demo: DemoCluster;
  beforeAll(async () => {
    demo = await startDemoCluster({ clock: systemClock });
  });
  afterAll(() => demo.close());

  const get = (path: string, headers: Record<string, string> = { Authorization: `Bearer ${demo.token}` }) =>
    fetch(`${demo.url}/api/v1/namespaces/demo/pods${path}`, { headers });

  it('[UP8] asks for its token', async () => {
    for (const headers of [{}, { Authorization: 'Bearer x' }] as Record<string, string>[]) {
      const answer = await get('', headers);
      expect([answer.status, ((await answer.json()) as { reason: string }).reason]).toEqual([401, 'Unauthorized']);
    }
  });

  it.each([
    ['/nobody', 404, 'NotFound', 'pods "nobody" not found'],
    ['/nobody/exec', 404, 'NotFound', 'pods "nobody" not found'],
    ['/web-0/exec?container=x', 400, 'BadRequest', 'container x is not valid for pod web-0'],
    ['/web-0/log', 400, 'BadRequest', 'a container name must be specified for pod web-0, choose one of: [app sidecar]'],
    ['/toolbox/exec?stdin=1', 400, 'BadRequest', 'Upgrade request required'],
    ['/logger/log?previous=true', 400, 'BadRequest', 'previous terminated container "logger" in pod "logger" not found'],
    ['/logger/log?tailLines=-1', 400, 'BadRequest', 'tailLines: must be greater than or equal to 0'],
    ['/%2e%2e%2fx', 404, 'NotFound', 'pods "../x" not found'],
  ])('[UP3] answers %s as Kubernetes does', async (path, status, reason, message) => {
    const answer = await get(path);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ kind: 'Status', status: 'Failure', reason, message, code: status });
  });

  it('[UP2] answers an unknown subprotocol with an empty 403', async () => {
    const line = connect(demo, shell, 'v9.channel.k8s.io');
    const [status, length] = await new Promise<[number | undefined, string | undefined]>((resolve) => {
      line.socket.on('unexpected-response', (_request, response) => resolve([response.statusCode, response.headers['content-length']]));
    });
    expect([status, length]).toEqual([403, '0']);
  });

  it('gives every shell a prompt, a home and none of the secrets of its parent', async () => {
    process.env['POSEIDON_TEST_SECRET'] = 'do-not-show';
    const line = connect(demo, 'toolbox/exec?stdin=1&stdout=1&tty=1&command=bash');
    await until(() => line.text(1).includes('demo@toolbox'), { what: () => line.text(1) });
    line.type('env; pwd; echo d$((1+1))d\n');
    await until(() => line.text(1).includes('d2d'));
    expect(line.text(1)).not.toContain('do-not-show');
    expect(line.text(1)).toMatch(/\/poseidon-demo-\w+\/demo\/toolbox\/shell/);
    line.socket.terminate();
  });

  it('prints log lines with timestamps, from a time on, and cut at a number of bytes', async () => {
    const text = await (await get('/logger/log?timestamps=true&tailLines=3')).text();
    const lines = text.trimEnd().split('\n');
    expect(lines).toHaveLength(3);
    for (const line of lines) expect(line).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z \d+ (INFO|DEBUG|WARN|ERROR) /);
    const since = new Date(Date.now() - 2_500).toISOString();
    const recent = (await (await get(`/logger/log?sinceTime=${since}`)).text()).trimEnd().split('\n');
    expect(recent.length).toBeGreaterThanOrEqual(10);
    expect(recent.length).toBeLessThanOrEqual(20);
    expect((await (await get('/logger/log?limitBytes=7')).text()).length).toBe(7);
  });

  it('shares one main process among all who attach', async () => {
    const path = 'toolbox/attach?stdin=1&stdout=1&tty=1';
    const [one, two] = [connect(demo, path), connect(demo, path)];
    await until(() => one.messages.length > 0 && two.messages.length > 0);
    one.type('echo s$((4+4))s\n');
    await until(() => one.text(1).includes('s8s') && two.text(1).includes('s8s'));
    one.socket.terminate();
    two.type('echo t$((4+4))t\n');
    await until(() => two.text(1).includes('t8t'));
    two.type('exit\n');
    await until(() => two.text(3).includes('Success'));
  });

  it('shows what a container prints to those who attach', async () => {
    const line = connect(demo, 'logger/attach?stdout=1');
    await until(() => /\d+ (INFO|DEBUG|WARN|ERROR) .*\n/.test(line.text(1)));
    line.socket.terminate();
  });

  it('hangs a process up when its client has gone', async () => {
    const mark = `mark-${process.pid}-hangup`;
    const line = connect(
      demo,
      `toolbox/exec?stdin=1&stdout=1&command=sh&command=-c&command=${encodeURIComponent(`MARK=${mark} sleep 1000`)}`,
    );
    await until(async () => (await marked(mark)).length > 0);
    line.socket.terminate();
    await until(async () => (await marked(mark)).length === 0);
  });

  it('[FC2] stops reading a terminal whose client does not read, and loses nothing when the process ends meanwhile', async () => {
    const path = `toolbox/exec?stdout=1&tty=1&command=sh&command=-c&command=${encodeURIComponent('stty -onlcr; seq 1200000; sleep 0.5; seq 500')}`;
    const line = connect(demo, path);
    await until(() => line.messages.length > 0);
    line.socket.pause();
    const before = line.messages.length;
    await until(() => line.socket.isPaused);
    line.socket.resume();
    await until(() => line.text(3).includes('Success'), { withinMs: 25_000 });
    expect(line.messages.length).toBeGreaterThan(before);
    const numbers = (to: number) => `${Array.from({ length: to }, (_, at) => at + 1).join('\n')}\n`;
    expect(line.text(1) === numbers(1_200_000) + numbers(500)).toBe(true);
  });

  it('[FC5] is not blocked by a terminal that does not read its input', async () => {
    const line = connect(
      demo,
      `toolbox/exec?stdin=1&stdout=1&tty=1&command=sh&command=-c&command=${encodeURIComponent('stty raw -echo; echo go; sleep 1; head -c 300000 | wc -c')}`,
    );
    await until(() => line.text(1).includes('go'));
    for (let sent = 0; sent < 300_000; sent += 10_000) line.type('x'.repeat(10_000));
    const other = connect(demo, shell);
    other.socket.on('open', () => other.type('echo q$((1+1))q\n'));
    await until(() => other.text(1).includes('q2q'));
    expect(line.text(3)).toBe('');
    await until(() => line.text(1).includes('300000'));
    other.socket.terminate();
  });
});

describe('the end of a demo cluster', () => {
  it('leaves no process and no folder behind, also of those that hide', async () => {
    const homes = async () => (await readdir(tmpdir())).filter((name) => name.startsWith('poseidon-demo-'));
    const before = new Set(await homes());
    const demo = await startDemoCluster({ clock: systemClock });
    const own = (await homes()).filter((name) => !before.has(name));
    const mark = `mark-${process.pid}-close`;
    const script = `export MARK=${mark}; trap '' HUP; nohup setsid sleep 1000 >/dev/null 2>&1 & sleep 1000`;
    const line = connect(demo, `toolbox/exec?stdin=1&stdout=1&tty=1&command=sh&command=-c&command=${encodeURIComponent(script)}`);
    await until(async () => (await marked(mark)).length >= 2);
    await demo.close();
    await until(async () => (await marked(mark)).length === 0);
    expect(own.filter((name) => existsSync(`${tmpdir()}/${name}`))).toEqual([]);
    await until(() => line.socket.readyState === WebSocket.CLOSED);
    await demo.close();
  });
});
