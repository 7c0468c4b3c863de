import { describe, expect, it } from 'vitest';
import { printedConfig } from '../../src/config/describe.ts';
import { type Reading, readConfig } from '../../src/config/read-config.ts';

function config(argv: string[], env: Record<string, string> = {}): Extract<Reading, { kind: 'config' }> {
  const reading = readConfig(argv, env);
  if (reading.kind !== 'config') throw new Error(JSON.stringify(reading));
  return reading;
}

function problems(argv: string[], env: Record<string, string> = {}): readonly string[] {
  const reading = readConfig(argv, env);
  return reading.kind === 'problems' ? reading.lines : [];
}

describe('the configuration', () => {
  it('has a default for everything that standalone needs', () => {
    const { command, config: read } = config([]);
    expect(command).toBe('standalone');
    expect(read).toMatchObject({ listen: { host: '127.0.0.1', port: 8080 }, auth: 'token', listener: 'auto', graceSeconds: 300 });
    expect(read.server).toBeUndefined();
  });

  it('takes a flag over a variable over a default, and knows which it was', () => {
    const env = { POSEIDON_LISTEN: '0.0.0.0:1', POSEIDON_LOG_LEVEL: 'warn', POSEIDON_SERVER: ' ' };
    const { config: read, sources } = config(['--listen', '[::1]:9000', '--listener=ws'], env);
    expect(read).toMatchObject({ listen: { host: '::1', port: 9000 }, logLevel: 'warn', listener: 'ws' });
    expect(read.server).toBeUndefined();
    expect([sources.get('listen'), sources.get('logLevel'), sources.get('auth')]).toEqual(['flag', 'environment', 'default']);
  });

  it('reads addresses, lists, numbers, yes and no', () => {
    const argv = ['--listen', ':80', '--demo', '--allowed-origins', 'https://a.example, https://b.example:8443/'];
    const { config: read } = config([...argv, '--allowed-hosts', 'A.example,b:81', '--grace-seconds', '0']);
    expect(read).toMatchObject({ listen: { host: '0.0.0.0', port: 80 }, demo: true, graceSeconds: 0 });
    expect(read.allowedOrigins).toEqual(['https://a.example', 'https://b.example:8443']);
    expect(read.allowedHosts).toEqual(['a.example', 'b:81']);
    expect(config(['--demo=false']).config.demo).toBe(false);
  });

  it('names all problems at once, one line each, with what to do', () => {
    const argv = ['edge', '--listen', 'nowhere', '--auth', 'maybe', '--lisen', 'x', '--grace-seconds', '-1', 'stray', '--context'];
    const lines = problems(argv, { POSEIDON_LISTENER: 'best', POSEIDON_TLS_KEY_FILE: '/k' });
    expect(lines).toEqual([
      '--lisen: is no flag. Did you mean --listen?',
      'x: is not expected here. See --help.',
      'stray: is not expected here. See --help.',
      '--context: needs a value. Give --context NAME.',
      '--listen: not HOST:PORT. Give for example 127.0.0.1:8080, [::1]:8080, or :8080 for all addresses.',
      'POSEIDON_LISTENER: not known. Give one of auto, uws, ws.',
      '--auth: not known. Give one of token, none, passthrough, jwt.',
      '--grace-seconds: not a whole number from 0 to 86400. Give one.',
      '--server: is needed: no upstream is given. Give --server URL, --rancher URL, --kubeconfig FILE, --clusters-file FILE or --in-cluster.',
      '--redis-url: is needed: edge processes meet in Redis. Give for example redis://127.0.0.1:6379, or run standalone.',
      '--tls-cert-file: is needed with a key. Give --tls-cert-file FILE.',
    ]);
  });

  it('refuses what makes no sense together', () => {
    expect(problems(['--server', 'https://a', '--kubeconfig', 'f'])).toEqual(['--kubeconfig: names a second upstream. Give only one.']);
    expect(problems(['--token-file', 'f'])).toEqual([
      '--token-file: is for --server or --rancher, and neither is given. Give --server URL too.',
    ]);
    expect(problems(['worker', '--listen', ':1', '--server', 'https://a', '--redis-url', 'redis://a'])).toEqual([
      '--listen: has no meaning for worker. It belongs to standalone, edge, demo-cluster.',
    ]);
    expect(problems(['demo-cluster', '--listen', ':1'])[0]).toContain('--token-file: is needed');
    expect(problems(['edg'])).toEqual(['edg: is no command. Did you mean edge?']);
  });

  it('leaves variables of other commands alone', () => {
    const env = {
      POSEIDON_SERVER: 'https://a',
      POSEIDON_REDIS_URL: 'redis://a',
      POSEIDON_AUTH: 'passthrough',
      POSEIDON_ACCESS_TOKEN_FILE: 'f',
    };
    expect(config(['worker'], env).command).toBe('worker');
  });

  it('[ED1] refuses auth none on an address that others reach', () => {
    for (const host of ['0.0.0.0', '192.168.1.2', '[::]', 'example.org']) {
      expect(problems(['--auth', 'none', '--listen', `${host}:80`])[0], host).toContain('loopback addresses only');
    }
    for (const host of ['127.0.0.1', '127.1.2.3', '[::1]', 'localhost']) {
      expect(problems(['--auth', 'none', '--listen', `${host}:80`]), host).toEqual([]);
    }
  });

  it('[ED1] the same on the address of Kubernetes clients, whose TLS files belong together', () => {
    const door = ['--kubernetes-listen', '0.0.0.0:81'];
    expect(problems(['--auth', 'none', ...door])[0]).toContain('loopback addresses only');
    expect(problems(['--auth', 'none', '--kubernetes-listen', '127.0.0.1:81'])).toEqual([]);
    expect(problems([...door, '--kubernetes-tls-cert-file', 'f'])[0]).toContain('--kubernetes-tls-key-file: is needed');
    expect(problems([...door, '--kubernetes-tls-key-file', 'f'])[0]).toContain('--kubernetes-tls-cert-file: is needed');
    expect(problems(['--kubernetes-tls-cert-file', 'f', '--kubernetes-tls-key-file', 'f'])[0]).toContain('--kubernetes-listen');
  });

  it('[ED1] an edge must share its access token, and with passthrough its sealing key', () => {
    const edge = ['edge', '--server', 'https://a', '--redis-url', 'redis://a'];
    expect(problems(edge)[0]).toContain('--access-token-file: is needed');
    expect(problems([...edge, '--auth', 'passthrough'])[0]).toContain('--seal-key-file: is needed');
    expect(problems([...edge, '--auth', 'passthrough', '--seal-key-file', 'f'])).toEqual([]);
  });

  it('[ED1] says what jwt needs, and that its settings are for nothing else', () => {
    expect(problems(['--auth', 'jwt']).map((line) => line.split(' ')[0])).toEqual(['--jwt-issuer:', '--jwt-audience:', '--grants:']);
    const jwt = ['--auth', 'jwt', '--jwt-issuer', 'https://a', '--jwt-audience', 'b'];
    expect(problems([...jwt, '--grants-file', 'f'])).toEqual([]);
    expect(problems([...jwt, '--grants-file', 'f', '--grants', '[]'])[0]).toContain('a second time');
    expect(problems([...jwt, '--grants', 'all'])[0]).toContain('a JSON array');
    expect(problems([...jwt, '--grants', '[]', '--jwt-keys-url', 'https://a', '--jwt-keys-file', 'f'])[0]).toContain('a second time');
    expect(problems(['--jwt-cookie', 'c'])).toEqual(['--jwt-cookie: is for --auth jwt, not for token. Leave it out, or use --auth jwt.']);
    expect(problems([...jwt, '--grants', '[]', '--jwt-cookie', 'a;b'])[0]).toContain('the name of a cookie');
    const edge = ['edge', '--server', 'https://a', '--redis-url', 'redis://a', ...jwt, '--grants', '[]'];
    expect(problems(edge)[0]).toContain('--seal-key-file: is needed');
  });

  it('mentions variables that are nearly right, and no others', () => {
    const { warnings } = config([], { POSEIDON_LISTN: 'x', POSEIDON_PORT: 'tcp://10.0.0.1:80', POSEIDON_SERVICE_HOST: '10.0.0.1' });
    expect(warnings).toEqual(['POSEIDON_LISTN is no setting; did you mean POSEIDON_LISTEN?']);
  });

  it('[ED8] takes some of the actions outside of a terminal, or none', () => {
    expect(config([]).config.terminalActions).toEqual(['links']);
    expect(config(['--terminal-actions', 'title, clipboard']).config.terminalActions).toEqual(['title', 'clipboard']);
    const { command, config: read, sources } = config(['--terminal-actions', 'none']);
    expect(read.terminalActions).toEqual([]);
    expect(printedConfig(command, read, sources)).toContain('POSEIDON_TERMINAL_ACTIONS=none  # flag\n');
    for (const bad of ['all', 'links,all', 'none,links', ',']) expect(problems(['--terminal-actions', bad])[0], bad).toContain('or none');
  });

  it('[UP8] prints what was read without the password', () => {
    const { command, config: read, sources } = config(['--redis-url', 'rediss://me:secret@redis:6380/2', '--listen', '[::1]:1']);
    const text = printedConfig(command, read, sources);
    expect(text).toContain('POSEIDON_REDIS_URL=rediss://***@redis:6380/2  # flag\n');
    expect(text).toContain('POSEIDON_LISTEN=[::1]:1  # flag\n');
    expect(text).toContain('POSEIDON_AUTH=token  # default\n');
    expect(text).not.toContain('secret');
  });

  it.each([
    ['redis+sentinel://me:secret@a:1,b:2/main/0?sentinel-password=secret', 'redis+sentinel://***@a:1,b:2/main/0'],
    ['rediss+cluster://a,[::1]:7', 'rediss+cluster://a,[::1]:7'],
  ])('[UP8] takes %s, and prints it without the passwords', (url, shown) => {
    const { command, config: read, sources } = config(['--redis-url', url]);
    expect(read.redisUrl).toBe(url);
    expect(printedConfig(command, read, sources)).toContain(`POSEIDON_REDIS_URL=${shown}  # flag\n`);
  });

  it.each(['redis+sentinel://a:1', 'redis+cluster://a/b', 'redis+cluster://', 'redis+x://a', 'http://a'])('refuses %s', (url) => {
    expect(problems(['--redis-url', url]).join()).toContain('redis+cluster://');
  });

  it('[UP8] repeats no value in a problem', () => {
    expect(problems(['--redis-url', 'redis:secret@@', '--server', 'ftp://user:secret@h']).join()).not.toContain('secret');
  });
});
