import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Clock } from '../base/clock.ts';
import { namespaceList, podList, podObject } from './api-objects.ts';
import { ChannelServer } from './channel-server.ts';
import type { DemoContainer } from './container.ts';
import { isTrue, parseLogQuery } from './log-reader.ts';
import { serveLogBody, serveLogSocket } from './log-sinks.ts';
import { namespaces, podPlans } from './pods.ts';
import type { ProcessKeeper } from './process-keeper.ts';
import { type Route, routeOf } from './route.ts';
import { badRequest, type Status, unauthorized } from './status.ts';

export interface DemoServerSettings {
  readonly token: string;
  readonly clock: Clock;
  /** By `namespace/pod/container`. */
  readonly containers: ReadonlyMap<string, DemoContainer>;
  readonly keeper: ProcessKeeper;
  readonly protocols?: readonly string[];
  readonly logProtocols?: readonly string[];
}

type StreamRoute = Extract<Route, { kind: 'exec' | 'attach' | 'log' }>;

/** The HTTP side: who may ask, what is asked, and the answer as Kubernetes writes it. */
export class DemoServer {
  readonly #settings: DemoServerSettings;
  readonly #sockets: WebSocketServer;
  readonly #startedAt: string;

  constructor(settings: DemoServerSettings) {
    this.#settings = settings;
    this.#startedAt = new Date(settings.clock.wallMs()).toISOString();
    this.#sockets = new WebSocketServer({
      noServer: true,
      perMessageDeflate: false,
      maxPayload: 32 * 1024 * 1024,
      handleProtocols: (offered, request) => this.#choose([...offered], isLog(request)) ?? false,
    });
  }

  serve(http: Server): void {
    http.on('request', (request, response) => this.#answer(request, response));
    http.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
  }

  close(): void {
    for (const client of this.#sockets.clients) client.terminate();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    request.resume();
    response.on('error', () => {}); // the client has left
    const route = this.#route(request);
    switch (route.kind) {
      case 'refused':
        return sendJson(response, route.status.code ?? 500, route.status);
      case 'version':
        return sendJson(response, 200, { major: '1', minor: '36', gitVersion: 'v1.36.0-demo' });
      case 'namespaces':
        return sendJson(response, 200, namespaceList(namespaces));
      case 'whoami':
        return sendJson(response, 201, { kind: 'SelfSubjectReview', status: { userInfo: { username: 'demo' } } });
      case 'access':
        return sendJson(response, 201, { kind: 'SelfSubjectAccessReview', status: { allowed: true } });
      case 'pods':
        return sendJson(
          response,
          200,
          podList(
            podPlans.filter(({ namespace }) => namespace === route.namespace),
            this.#startedAt,
          ),
        );
      case 'pod':
        return sendJson(response, 200, podObject(route.pod, this.#startedAt));
      case 'exec':
      case 'attach':
        return sendJson(response, 400, badRequest('Upgrade request required'));
      case 'log': {
        const query = this.#logQuery(request, route);
        if ('status' in query) sendJson(response, 400, query);
        else serveLogBody(response, this.#container(route).log, query);
      }
    }
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => {}); // the client has left
    const route = this.#route(request);
    if (route.kind === 'refused') return refuse(socket, route.status);
    if (route.kind !== 'exec' && route.kind !== 'attach' && route.kind !== 'log') return refuse(socket, badRequest('no upgrade here'));
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
    // Not a missing right: this is how servers say that they know none of the names (facts 4.1).
    if (offered[0] !== '' && this.#choose(offered, route.kind === 'log') === undefined) return refuse(socket, undefined);
    if (route.kind === 'log') {
      const query = this.#logQuery(request, route);
      if ('status' in query) return refuse(socket, query);
      this.#sockets.handleUpgrade(request, socket, head, (client) => serveLogSocket(client, this.#container(route).log, query));
    } else this.#sockets.handleUpgrade(request, socket, head, (client) => this.#serveChannels(client, request, route));
  }

  #serveChannels(client: WebSocket, request: IncomingMessage, route: StreamRoute): void {
    const query = urlOf(request).searchParams;
    const tty = isTrue(query.get('tty'));
    const plan = {
      kind: route.kind === 'attach' ? 'attach' : 'exec',
      stdin: isTrue(query.get('stdin')),
      stdout: isTrue(query.get('stdout')),
      stderr: isTrue(query.get('stderr')) && !tty,
      tty,
    } as const;
    const container = this.#container(route);
    const { keeper } = this.#settings;
    if (plan.kind === 'attach')
      new ChannelServer(
        client,
        plan,
        (events) => container.attach(events),
        (_process, events) => container.detach(events),
      );
    else
      new ChannelServer(
        client,
        plan,
        (events) => container.exec(query.getAll('command'), tty, events),
        (process) => {
          process.resume();
          keeper.hangUp(process.pid);
        },
      );
  }

  #route(request: IncomingMessage): Route {
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    if (!timingSafeEqual(digest(token), digest(this.#settings.token))) return { kind: 'refused', status: unauthorized };
    return routeOf(urlOf(request), podPlans);
  }

  #logQuery(request: IncomingMessage, { pod, container }: StreamRoute) {
    const query = urlOf(request).searchParams;
    if (isTrue(query.get('previous'))) return badRequest(`previous terminated container "${container}" in pod "${pod.name}" not found`);
    const parsed = parseLogQuery(query, this.#settings.clock.wallMs());
    return typeof parsed === 'string' ? badRequest(parsed) : parsed;
  }

  #container({ pod, container }: StreamRoute): DemoContainer {
    return this.#settings.containers.get(`${pod.namespace}/${pod.name}/${container}`) as DemoContainer; // the route was built from the same plans
  }

  #choose(offered: readonly string[], log: boolean): string | undefined {
    const known = log ? (this.#settings.logProtocols ?? allLogProtocols) : (this.#settings.protocols ?? allProtocols);
    const v5 = 'v5.channel.k8s.io';
    if (offered.includes(v5) && known.includes(v5)) return v5;
    return offered.find((name) => known.includes(name));
  }
}

const allProtocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io', 'v4.base64.channel.k8s.io', 'base64.channel.k8s.io', 'channel.k8s.io'];
const allLogProtocols = ['binary.k8s.io', 'base64.binary.k8s.io'];

function isLog(request: IncomingMessage): boolean {
  return urlOf(request).pathname.endsWith('/log');
}

function urlOf(request: IncomingMessage): URL {
  return new URL(`http://demo${request.url?.startsWith('/') ? request.url : '/'}`);
}

function digest(text: string): Uint8Array {
  return createHash('sha256').update(text).digest();
}

function sendJson(response: ServerResponse, code: number, value: object): void {
  response.writeHead(code, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
}

/** Before the upgrade; without a status, the empty 403. */
function refuse(socket: Duplex, status: Status | undefined): void {
  const body = status ? JSON.stringify(status) : '';
  const head = [`HTTP/1.1 ${status?.code ?? 403} Refused`, 'Connection: close', `Content-Length: ${Buffer.byteLength(body)}`];
  if (status) head.push('Content-Type: application/json');
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
