import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { Duplex } from 'node:stream';

export interface FakeRancherUser {
  readonly id: string;
  /** Ids of the clusters that this user sees. */
  readonly clusters: readonly string[];
}

interface FakeRancherCluster {
  readonly id: string;
  readonly name: string;
  readonly state: string;
}

/**
 * Rancher itself cannot be had here. This answers as it does for users, the list of clusters in pages, and the way into a cluster, which is
 * Kubernetes' own server code behind it.
 */
export class FakeRancher implements AsyncDisposable {
  /** `METHOD /path?query` of each request, upgrades included. */
  readonly asked: string[] = [];
  /** What the next page's URL begins with, as Rancher behind a proxy may give it. */
  nextBase = 'https://another-name.example';
  readonly #server: Server;
  readonly #sockets = new Set<Duplex>();
  readonly #clusters: readonly FakeRancherCluster[];
  readonly #users: ReadonlyMap<string, FakeRancherUser>;
  readonly #inside: URL;

  private constructor(insideUrl: string, clusters: readonly FakeRancherCluster[], users: ReadonlyMap<string, FakeRancherUser>) {
    this.#inside = new URL(insideUrl);
    this.#clusters = clusters;
    this.#users = users;
    this.#server = createServer((incoming, answer) => this.#answer(incoming, answer));
    this.#server.on('connection', (socket) => this.#sockets.add(socket));
    this.#server.on('upgrade', (incoming: IncomingMessage, socket: Duplex) => this.#tunnel(incoming, socket));
  }

  /** @param users by token */
  static async start(insideUrl: string, clusters: readonly FakeRancherCluster[], users: ReadonlyMap<string, FakeRancherUser>) {
    const rancher = new FakeRancher(insideUrl, clusters, users);
    await new Promise<void>((resolve) => rancher.#server.listen(0, '127.0.0.1', resolve));
    return rancher;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  #answer(incoming: IncomingMessage, answer: ServerResponse): void {
    this.asked.push(`${incoming.method} ${incoming.url}`);
    const url = new URL(incoming.url ?? '', this.url);
    const user = this.#users.get(tokenOf(incoming));
    if (!user) return json(answer, 401, { type: 'error', status: '401', message: 'must authenticate' });
    if (url.pathname === '/v3/users') return json(answer, 200, { type: 'collection', data: [{ id: user.id, type: 'user', me: true }] });
    if (url.pathname === '/v3/clusters') return json(answer, 200, this.#page(user, Number(url.searchParams.get('marker') ?? 0)));
    const refusal = this.#refusal(url, user);
    if (refusal) return json(answer, refusal.status, refusal);
    const { hostname, port } = this.#inside;
    const { method, headers } = incoming;
    const passed = request({ hostname, port, path: incoming.url, method, headers }, (inner) => {
      answer.writeHead(inner.statusCode ?? 502, inner.headers);
      inner.pipe(answer);
    });
    passed.on('error', () => answer.destroy());
    incoming.pipe(passed);
  }

  /** Two clusters a page. */
  #page(user: FakeRancherUser, from: number): object {
    const seen = this.#clusters.filter(({ id }) => user.clusters.includes(id));
    const next = from + 2 < seen.length ? { next: `${this.nextBase}/v3/clusters?limit=2&marker=${from + 2}` } : {};
    return { type: 'collection', resourceType: 'cluster', data: seen.slice(from, from + 2), pagination: { limit: 2, ...next } };
  }

  #refusal({ pathname }: URL, user: FakeRancherUser): { readonly status: number } | undefined {
    const id = /^\/k8s\/clusters\/([^/]+)\//.exec(pathname)?.[1] ?? '';
    const cluster = this.#clusters.find((one) => one.id === id);
    if (!cluster) return Object.assign({ type: 'error', message: 'No cluster available' }, { status: 404 });
    if (!user.clusters.includes(id)) return Object.assign({ type: 'error', message: 'forbidden' }, { status: 403 });
    if (cluster.state !== 'active') return Object.assign({ type: 'error', code: 'ClusterUnavailable', message: 'x' }, { status: 503 });
    return undefined;
  }

  #tunnel(incoming: IncomingMessage, socket: Duplex): void {
    this.asked.push(`${incoming.method} ${incoming.url}`);
    socket.on('error', () => {});
    const user = this.#users.get(tokenOf(incoming));
    const refusal = user ? this.#refusal(new URL(incoming.url ?? '', this.url), user) : { status: 401 };
    if (refusal) {
      const body = JSON.stringify(refusal);
      socket.end(`HTTP/1.1 ${refusal.status} x\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
      return;
    }
    const inner = connect(Number(this.#inside.port), this.#inside.hostname);
    this.#sockets.add(inner);
    inner.on('error', () => socket.destroy());
    const headers = incoming.rawHeaders.flatMap((name, index, all) => (index % 2 === 0 ? [`${name}: ${all[index + 1]}`] : []));
    inner.write(`GET ${incoming.url} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`);
    inner.pipe(socket).pipe(inner);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function tokenOf({ headers }: IncomingMessage): string {
  return /^Bearer (.*)$/.exec(headers.authorization ?? '')?.[1] ?? /R_SESS=([^;]*)/.exec(headers.cookie ?? '')?.[1] ?? '';
}

function json(answer: ServerResponse, status: number, body: object): void {
  answer.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}
