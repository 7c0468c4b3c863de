import { copyFile, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PoseidonProcess } from './poseidon-process.ts';

const tls = (name: string) => fileURLToPath(new URL(`../support/tls/${name}.pem`, import.meta.url));
const here = ['--listen', '127.0.0.1:0'];
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'poseidon-bin-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function run(args: readonly string[], environment: Record<string, string> = {}) {
  await using started = new PoseidonProcess(args, environment);
  const code = await started.exited();
  expect(started.stderr, 'a stack trace').not.toMatch(/^\s+at /m);
  return { code, stdout: started.stdout, lines: started.stderr.split('\n').filter((line) => line.startsWith('poseidon: ')) };
}

describe('the command line', () => {
  it('answers --help and --version', async () => {
    const help = await run(['worker', '--help']);
    expect(help).toMatchObject({ code: 0, lines: [] });
    expect(help.stdout).toContain('--redis-url URL  (POSEIDON_REDIS_URL)');
    expect(help.stdout).not.toContain('--tls-cert-file');
    expect(await run(['--version'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });

  it('says all that is wrong at once, and exits with 2', async () => {
    const { code, lines, stdout } = await run(['--lisen', 'x', '--auth', 'maybe'], { POSEIDON_GRACE_SECONDS: 'soon' });
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(lines).toEqual([
      'poseidon: --lisen: is no flag. Did you mean --listen?',
      'poseidon: x: is not expected here. See --help.',
      'poseidon: --auth: not known. Give one of token, none, passthrough, jwt.',
      'poseidon: POSEIDON_GRACE_SECONDS: not a whole number from 0 to 86400. Give one.',
    ]);
  });

  it('[UP8] prints its configuration with secrets masked', async () => {
    const { code, stdout } = await run(['--print-config'], { POSEIDON_REDIS_URL: 'redis://:hush@r:6379' });
    expect(code).toBe(0);
    expect(stdout).toContain('POSEIDON_REDIS_URL=redis://***@r:6379  # environment');
    expect(stdout).not.toContain('hush');
  });

  it('says in one line why it does not start', async () => {
    const file = async (name: string, text: string) => {
      await writeFile(join(folder, name), text);
      return join(folder, name);
    };
    const short = await file('short', 'short');
    const upstream = ['--server', 'https://127.0.0.1:1', '--redis-url', 'redis://127.0.0.1:1'];
    const cases: [readonly string[], RegExp][] = [
      [
        [...here, '--token-file', join(folder, 'absent'), '--server', 'https://127.0.0.1:1'],
        /cannot read the token file .*absent \(ENOENT\)$/,
      ],
      [[...here, '--server', 'https://127.0.0.1:1'], /127\.0\.0\.1:1: .*refuses connections/],
      [[...here, '--server', 'http://example.org'], /has to be reached by https/],
      [[...here, '--kubeconfig', join(folder, 'absent')], /cannot be read \(ENOENT\)/],
      [[...here, '--in-cluster'], /does not run in a cluster$/],
      [[...here, '--access-token-file', short], /access token file .*short cannot be used: .*at least 16/],
      [[...here, '--seal-key-file', short], /sealing key file .*short cannot be used: .*32 bytes/],
      [[...here, '--tls-cert-file', tls('key'), '--tls-key-file', tls('cert')], /do not fit or are not PEM$/],
      [['--listen', '203.0.113.9:8080'], /203\.0\.113\.9 is not an address of this machine$/],
      [['worker', ...upstream, '--redis-ca-file', join(folder, 'absent')], /cannot read the certificate authority file/],
    ];
    for (const [args, expected] of cases) {
      const { code, lines, stdout } = await run([...args, '--log-level', 'silent']);
      expect(lines.length, args.join(' ')).toBe(1);
      expect(lines[0]).toMatch(expected);
      expect([code, stdout], args.join(' ')).toEqual([1, '']);
    }
  });

  it('names a port that is in use', async () => {
    const taken = createServer();
    const port = await new Promise<number>((resolve) => {
      taken.listen(0, '127.0.0.1', () => resolve((taken.address() as { port: number }).port));
    });
    for (const listener of ['uws', 'ws']) {
      const { code, lines } = await run(['--listen', `127.0.0.1:${port}`, '--listener', listener]);
      expect([code, ...lines]).toEqual([1, `poseidon: 127.0.0.1:${port} is in use by another process`]);
    }
    taken.close();
  });

  it('says which Node it needs, before anything else', async () => {
    const old = `data:text/javascript,Object.defineProperty(process.versions,'node',{value:'18.20.0'})`;
    const script = fileURLToPath(new URL('../../scripts/start.js', import.meta.url));
    await using started = new PoseidonProcess([], { NODE_OPTIONS: `--import=${old.replaceAll(' ', '%20')}` }, script);
    expect(await started.exited()).toBe(1);
    expect(started.stderr).toBe('Poseidon needs Node 20.19 or newer; this is 18.20.0.\n');
  });

  it('npm start never installs through a link, which would empty what it points to', async () => {
    const clone = join(folder, 'clone');
    const packages = join(folder, 'packages');
    await mkdir(join(clone, 'scripts'), { recursive: true });
    await mkdir(packages);
    const start = fileURLToPath(new URL('../../scripts/start.js', import.meta.url));
    await copyFile(start, join(clone, 'scripts/start.js'));
    await writeFile(join(packages, '.package-lock.json'), '{"packages":{"node_modules/a":{"version":"1.0.0"}}}');
    await symlink(packages, join(clone, 'node_modules'));
    await writeFile(join(clone, 'package-lock.json'), '{"packages":{"":{},"node_modules/a":{"version":"1.0.1"}}}');
    await using started = new PoseidonProcess([], {}, join(clone, 'scripts/start.js'));
    expect(await started.exited()).toBe(1);
    expect(started.stderr).toMatch(/^node_modules is a link, .* or remove the link\.\n$/);
    expect(await readdir(packages)).toEqual(['.package-lock.json']);
  });
});
