import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ExecPlugin } from '../../../src/upstream/clusters/exec-plugin.ts';
import { refusalOf } from '../../../src/upstream/kubernetes/refusal.ts';
import { until } from '../../support/until.ts';
import { ManualClock } from '../clocks.ts';

const apiVersion = 'client.authentication.k8s.io/v1';
const secret = 'canary-7f3a';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'poseidon-plugin-'));
});
afterAll(() => rm(directory, { recursive: true }));

/** Each plugin is a shell script; how often it ran is the length of a file. */
function plugin(script: string, clock = new ManualClock()) {
  const runs = join(directory, `runs-${Math.random()}`);
  const env = { PATH: process.env['PATH'] };
  const made = new ExecPlugin({ command: 'sh', args: ['-c', `printf x >> ${runs}; ${script}`], env, apiVersion }, clock);
  return { plugin: made, clock, runs: async () => (existsSync(runs) ? (await readFile(runs)).length : 0) };
}

const answer = (status: object) => `printf '%s' '${JSON.stringify({ apiVersion, kind: 'ExecCredential', status })}'`;
const expiring = (clock: ManualClock, inMs: number) => new Date(clock.wallMs() + inMs).toISOString();

describe('a credential plugin', () => {
  it('[UP11] is told its version and that nobody sits there', async () => {
    const { plugin: one } = plugin(
      `[ "$KUBERNETES_EXEC_INFO" = '{"apiVersion":"${apiVersion}","kind":"ExecCredential","spec":{"interactive":false}}' ] && ! read line && ${answer({ token: 't' })}`,
    );
    expect(await one.read()).toEqual({ token: 't' });
  });

  it('[UP11] runs once for all who ask, and again when its answer is about to expire', async () => {
    const clock = new ManualClock();
    const { plugin: one, runs } = plugin(answer({ token: 't', expirationTimestamp: expiring(clock, 60_000) }), clock);
    await Promise.all([one.read(), one.read(), one.read()]);
    clock.advance(49_000);
    await one.read();
    expect(await runs()).toBe(1);
    clock.advance(1_000);
    await one.read();
    expect(await runs()).toBe(2);
  });

  it('[UP11] keeps an answer without a time until it is refused, and is asked anew at most every 10 seconds', async () => {
    const { plugin: one, clock, runs } = plugin(answer({ token: 't' }));
    await one.read();
    clock.advance(24 * 3_600_000);
    await one.read();
    expect(await runs()).toBe(1);
    one.expire();
    await one.read();
    one.expire();
    await one.read();
    expect(await runs()).toBe(2);
    clock.advance(10_000);
    one.expire();
    await one.read();
    expect(await runs()).toBe(3);
  });

  it('[UP11] that fails is not run again for 5 seconds', async () => {
    const { plugin: one, clock, runs } = plugin('exit 3');
    await expect(one.read()).rejects.toThrow();
    await expect(one.read()).rejects.toThrow();
    expect(await runs()).toBe(1);
    clock.advance(5_000);
    await expect(one.read()).rejects.toThrow();
    expect(await runs()).toBe(2);
  });

  it('[UP11] that does not answer is killed after 20 seconds, with what it started', async () => {
    const pids = join(directory, 'pids');
    const { plugin: one, clock } = plugin(`sleep 1000 & echo $$ $! > ${pids}; wait`);
    const reading = expect(one.read()).rejects.toMatchObject({
      facts: { kind: 'own-credential', why: 'the credential plugin did not answer within 20 seconds' },
    });
    const running = await until(async () => /(\d+) (\d+)\n/.exec(existsSync(pids) ? await readFile(pids, 'utf8') : ''));
    clock.advance(20_000);
    await reading;
    for (const pid of [Number(running[1]), Number(running[2])]) await until(() => !alive(pid));
    expect(clock.pending).toBe(0);
  });

  it.each<[string, { readonly script?: string; readonly command?: string }, string]>([
    ['is not there', { command: 'no-such-plugin-here' }, 'is not there'],
    ['may not be run', { command: '/dev/null' }, 'cannot be run (EACCES)'],
    ['fails', { script: `echo ${secret} >&2; echo ${secret}; exit 3` }, 'ended with exit code 3'],
    ['is killed', { script: 'kill -9 $$' }, 'was ended by SIGKILL'],
    ['writes without end', { script: `yes ${secret}` }, 'wrote more than 262144 bytes'],
    ['writes no JSON', { script: `echo ${secret}` }, 'wrote something that is no JSON'],
    ['writes something else', { script: `echo '{"token":"${secret}"}'` }, 'wrote no ExecCredential'],
    [
      'speaks another version',
      { script: `echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1","status":{"token":"${secret}"}}'` },
      `answered in another version than ${apiVersion}`,
    ],
    ['gives nothing', { script: answer({}) }, 'gave neither a token nor a certificate with its key'],
    [
      'gives half a certificate',
      { script: answer({ clientCertificateData: secret }) },
      'gave neither a token nor a certificate with its key',
    ],
    [
      'gives a time that is none',
      { script: answer({ token: secret, expirationTimestamp: 'soon' }) },
      'gave an expirationTimestamp that is no time',
    ],
  ])('[UP11] that %s is a refusal that says so, and nothing of what it wrote', async (_what, { script, command }, why) => {
    const clock = new ManualClock();
    const settings = { command: command ?? 'sh', args: script ? ['-c', script] : [], env: { PATH: process.env['PATH'] }, apiVersion };
    const failure = await new ExecPlugin(settings, clock).read().catch((thrown: unknown) => thrown);
    const refusal = refusalOf(failure, 'exec');
    expect(refusal.end).toEqual({
      kind: 'refused',
      reason: 'own-credential',
      message: `This relay has no credential of its own for the cluster: the credential plugin ${why}.`,
    });
    expect(JSON.stringify(failure) + String(failure)).not.toContain(secret);
    expect(clock.pending).toBe(0);
  });
});

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
