import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { IdentityProvider } from '../support/identity-provider.ts';
import { type KubernetesServer, startKubernetesServer } from '../support/kubernetes-server.ts';
import { RecordingProxy } from '../support/recording-proxy.ts';
import { RedisMonitor } from '../support/redis-monitor.ts';
import { freePort, RedisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';
import { PoseidonProcess } from './poseidon-process.ts';
import { Shell } from './shell.ts';

let cluster: KubernetesServer;
let provider: IdentityProvider;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'poseidon-canaries-'));
  [cluster, provider] = await Promise.all([startKubernetesServer(), IdentityProvider.start()]);
}, 180_000);
afterAll(async () => {
  await Promise.all([cluster.close(), provider[Symbol.asyncDispose]()]);
  await rm(directory, { recursive: true });
});

const canary = (name: string) => `canary-${name}-${randomBytes(9).toString('hex')}`;
const exec = '/api/v1/namespaces/default/pods/shell/exec?container=main&stdin=1&stdout=1&command=cat';
const agent = canary('browser');

/** A relay of one edge and one worker over Redis, and everything that it lets anybody see. */
class Watched implements AsyncDisposable {
  readonly edge: PoseidonProcess;
  readonly worker: PoseidonProcess;
  readonly proxy: RecordingProxy;
  /** What it answered, but for the answers that hand a ticket out. */
  readonly answers: string[] = [];
  readonly #monitor: RedisMonitor;
  readonly #admin: readonly number[];
  readonly #redisUrl: string;
  url = '';
  dropIn = '';

  private constructor(
    edge: PoseidonProcess,
    worker: PoseidonProcess,
    proxy: RecordingProxy,
    monitor: RedisMonitor,
    admin: readonly number[],
    redisUrl: string,
  ) {
    this.#redisUrl = redisUrl;
    this.edge = edge;
    this.worker = worker;
    this.proxy = proxy;
    this.#monitor = monitor;
    this.#admin = admin;
  }

  static async start(redisUrl: string, auth: readonly string[]): Promise<Watched> {
    const proxy = await RecordingProxy.to(Number(new URL(cluster.httpUrl).port));
    const sealKey = join(directory, 'seal.key');
    await writeFile(sealKey, randomBytes(32).toString('hex'));
    const monitor = await RedisMonitor.open(redisUrl);
    const admin = [await freePort(), await freePort()];
    const common = [
      '--server',
      `http://127.0.0.1:${proxy.port}/k8s/clusters/default`,
      '--token-file',
      cluster.tokenFile,
      '--redis-url',
      redisUrl,
    ];
    const logging = ['--seal-key-file', sealKey, '--log-level', 'debug', '--log-format', 'json'];
    const listen = ['--listen', '127.0.0.1:0', '--kubernetes-listen', '127.0.0.1:0', '--admin-listen', `127.0.0.1:${admin[0]}`];
    const edge = new PoseidonProcess(['edge', ...listen, ...common, ...logging, ...auth]);
    const worker = new PoseidonProcess(['worker', ...common, ...logging, '--admin-listen', `127.0.0.1:${admin[1]}`]);
    const watched = new Watched(edge, worker, proxy, monitor, admin, redisUrl);
    watched.url = `http://127.0.0.1:${await edge.printed(/"port":(\d+)[^\n]*"edge listens"/)}`;
    watched.dropIn = `127.0.0.1:${await edge.printed(/"port":(\d+)[^\n]*"drop-in door listens"/)}`;
    await worker.printed(/worker takes sessions/);
    return watched;
  }

  /** What Redis was asked. */
  get commands(): readonly string[] {
    return this.#monitor.lines;
  }

  async ask(path: string, init: RequestInit = {}, shows = true): Promise<string> {
    const response = await fetch(`${this.url}${path}`, { ...init, headers: { 'user-agent': agent, ...init.headers } });
    const text = await response.text();
    if (shows) this.answers.push(`${JSON.stringify([...response.headers])} ${text}`);
    return text;
  }

  /** Whether the drop-in door lets in; what it says otherwise is kept. */
  async dial(subprotocols: string[], headers: Record<string, string>): Promise<WebSocket | undefined> {
    const socket = new WebSocket(`ws://${this.dropIn}${exec}`, subprotocols, { headers: { 'user-agent': agent, ...headers } });
    socket.on('error', () => {});
    socket.on('upgrade', (response) => this.answers.push(JSON.stringify(response.headers)));
    return await new Promise((resolve) => {
      socket.on('open', () => resolve(socket));
      socket.on('unexpected-response', async (_request, response) => {
        let body = JSON.stringify(response.headers);
        for await (const part of response) body += part;
        this.answers.push(body);
        resolve(undefined);
      });
    });
  }

  /** Every connection of the relay to Redis. */
  async breakRedis(): Promise<void> {
    const client = new Redis(this.#redisUrl);
    await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    client.disconnect();
  }

  async metrics(): Promise<string> {
    const all = this.#admin.map(async (port) => (await fetch(`http://127.0.0.1:${port}/metrics`)).text());
    return (await Promise.all(all)).join('\n');
  }

  get written(): string {
    return [this.edge, this.worker].map(({ stdout, stderr }) => stdout + stderr).join('\n');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#monitor[Symbol.dispose]();
    await Promise.all([this.edge, this.worker].map((each) => each[Symbol.asyncDispose]()));
    await this.proxy[Symbol.asyncDispose]();
  }
}

/** A session by each door, with what is secret about them. */
async function useEverything(relay: Watched, good: string, cookie: string, clusterId: string) {
  const target = { cluster: clusterId, namespace: 'default', pod: 'shell', container: 'main' };
  const authorization = `Bearer ${good}`;
  const tickets: string[] = [];
  const typed = canary('typed');
  const { edge } = relay;

  // The page: a shell, a reconnect, its list.
  const shell = new Shell(relay.url, cookie, target);
  await until(() => shell.text !== '');
  shell.client.type(`echo ${typed}-$((6*7))\r`);
  await shell.shows(new RegExp(`${typed}-42`));
  shell.client.cut();
  shell.client.type('echo again-$((6*7))\r');
  await shell.shows(/again-42/);
  const resumeKey = shell.client.saved?.key ?? '';
  await relay.ask('/v1/sessions', { headers: { cookie } });
  await relay.ask('/v1/clusters', { headers: { authorization } });

  // Tickets, one used and one left.
  const json = { 'content-type': 'application/json', authorization };
  for (const path of ['/v1/sessions', '/v1/socket-tickets', '/v1/socket-tickets']) {
    const body = path === '/v1/sessions' ? JSON.stringify({ kind: 'exec', tty: true, command: [], ...target }) : '{}';
    const text = await relay.ask(path, { method: 'POST', headers: json, body }, false);
    tickets.push((JSON.parse(text) as { ticket: string }).ticket);
  }
  const page = new WebSocket(`${relay.url.replace('http', 'ws')}/v1/attach`, ['poseidon.v1', `poseidon.ticket.${tickets[1]}`]);
  await once(page, 'open');
  expect(page.protocol).toBe('poseidon.v1');
  page.terminate();

  // Kubernetes' clients: a header, the subprotocol, and what is refused.
  const bearer = `base64url.bearer.authorization.k8s.io.${Buffer.from(good).toString('base64url')}`;
  const other = canary('cookie');
  for (const [subprotocols, headers] of [
    [['v5.channel.k8s.io'], { authorization, cookie: `other=${other}`, origin: `http://${relay.dropIn}` }],
    [['v5.channel.k8s.io', bearer], { cookie: `other=${other}` }],
  ] as const) {
    const socket = await relay.dial([...subprotocols], headers);
    if (!socket) throw new Error(`not let in: ${relay.answers.at(-1)} ${edge.stderr.slice(-500)}`);
    socket.send(Buffer.concat([Buffer.of(0), Buffer.from(`${typed}\n`)]));
    await once(socket, 'message');
    socket.close();
  }
  const wrong = canary('wrong');
  expect(await relay.dial(['v5.channel.k8s.io'], { authorization: `Bearer ${wrong}` })).toBeUndefined();
  expect(await relay.dial([`base64url.bearer.authorization.k8s.io.${Buffer.from(wrong).toString('base64url')}`], {})).toBeUndefined();

  // What goes wrong.
  await relay.ask('/v1/me', { headers: { authorization: `Bearer ${wrong}` } });
  await relay.ask('/v1/login', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ token: wrong }) });
  await relay.ask('/v1/sessions', { method: 'POST', headers: json, body: `{"pod":"${wrong}` });
  await relay.ask('/v1/sessions', {
    method: 'POST',
    headers: json,
    body: JSON.stringify({ ...target, kind: 'exec', pod: 'nowhere', cluster: 'none' }),
  });
  await relay.ask(`/v1/clusters/none/namespaces`, { headers: { authorization } });
  await relay.breakRedis();
  await relay.ask('/v1/sessions', { headers: { authorization } });
  shell[Symbol.dispose]();
  await until(() => /"audit: session end"/.test(relay.worker.stderr));
  return { tickets, resumeKey, typed, other, wrong };
}

const own = () => cluster.token.split(':').at(-1) ?? '';

describe('what a run lets anybody see', () => {
  it.each(['jwt', 'passthrough'])(
    '[UP8] has no credential, ticket, key or terminal content in it (%s)',
    async (mode) => {
      const password = canary('redis');
      await using redis = await RedisServer.start();
      await redis.cli('CONFIG', 'SET', 'requirepass', password);
      const redisUrl = `redis://:${password}@127.0.0.1:${redis.port}`;
      const grants = '[{"groups":["*"],"may":["exec","attach","log"]}]';
      const jwt = ['--jwt-issuer', provider.url, '--jwt-audience', 'poseidon', '--jwt-cookie', 'idtoken', '--grants', grants];
      const auth = ['--auth', mode, ...(mode === 'jwt' ? jwt : [])];
      await using relay = await Watched.start(redisUrl, auth);
      const good = mode === 'jwt' ? await provider.token({ groups: ['poseidon-shells'] }) : cluster.token;
      const cookie = `${mode === 'jwt' ? 'idtoken' : 'R_SESS'}=${good}`;
      const used = await useEverything(relay, good, cookie, 'default');
      expect(used.tickets.every((ticket) => ticket.length === 32) && used.resumeKey.length === 32).toBe(true);

      const credentials = {
        token: good.split(/[.:]/).at(-1) ?? '',
        'token in base64': Buffer.from(good).toString('base64url').slice(-60, -4),
        'token of the relay': own(),
        'password of Redis': password,
        'wrong token': used.wrong,
        'resume key': used.resumeKey,
        'other cookie': used.other,
        'used ticket': used.tickets[1] ?? '',
        'unused ticket': used.tickets[0] ?? '',
        'other unused ticket': used.tickets[2] ?? '',
      };
      const secret = { ...credentials, 'what was typed and shown': used.typed, 'name of the browser': agent };
      const shown = { log: relay.written, metrics: await relay.metrics(), answers: relay.answers.join('\n') };
      expect(shown.log).toMatch(/"level":"debug"|"audit: session start"/);
      for (const [where, text] of Object.entries(shown)) {
        expect(text.length, where).toBeGreaterThan(500);
        for (const [what, value] of Object.entries(secret)) {
          expect(value.length, what).toBeGreaterThan(15);
          expect(text.includes(value), `${what} in the ${where}`).toBe(false);
        }
      }

      // Redis has the terminal's bytes; credentials only sealed, secrets only as hashes, in commands, keys and values alike.
      const commands = relay.commands.join('\n');
      expect(commands).toContain(used.typed);
      for (const [what, value] of Object.entries(credentials)) expect(commands.includes(value), `${what} in Redis`).toBe(false);
      const client = new Redis(redisUrl);
      const keys = (await client.keys('*')).join('\n');
      client.disconnect();
      for (const [what, value] of Object.entries(secret)) expect(keys.includes(value), `${what} in a key`).toBe(false);

      // Upstream: the credential in its header and nowhere else, nothing of a browser.
      const { heads } = relay.proxy;
      expect(heads.length).toBeGreaterThan(3);
      for (const head of heads) {
        const [line = '', ...headers] = head.split('\r\n');
        for (const [what, value] of Object.entries(secret)) expect(line.includes(value), `${what} in the URL ${line}`).toBe(false);
        const rest = headers.filter((header) => !/^(authorization|cookie): /i.test(header)).join('\n');
        for (const [what, value] of Object.entries(secret)) expect(rest.includes(value), `${what} upstream in ${rest}`).toBe(false);
        expect(head).not.toMatch(/^origin:/im);
        expect(head).toMatch(/^user-agent: poseidon/im);
        expect(head).not.toContain(used.other);
        expect(head).not.toContain('other=');
      }
    },
    120_000,
  );
});
