import type { Authenticator } from '../../src/auth/authenticator.ts';
import { BrowserGuard } from '../../src/auth/browser-guard.ts';
import { clusterDecides } from '../../src/auth/grants.ts';
import { bearerToken } from '../../src/auth/header-values.ts';
import { DropInDoor, type DropInDoorOptions } from '../../src/edge/dropin/drop-in-door.ts';
import { healthRoutes } from '../../src/edge/http/health-routes.ts';
import type { HttpResponse, RequestHead } from '../../src/edge/listener.ts';
import type { StreamAcceptor, StreamBody, StreamedResponse, StreamSocket, StreamSocketEvents } from '../../src/edge/stream-listener.ts';
import type { TestRelay } from './test-relay.ts';
import { userNamed } from './users.ts';

/** Whoever gives a token is the user of that name. */
const anybody: Authenticator = {
  mode: 'passthrough',
  authenticate: async (request) => {
    const token = bearerToken(request);
    return token === undefined || token === 'wrong' ? undefined : userNamed(token, { kind: 'bearer', token });
  },
};

export function dropInDoor(relay: TestRelay, options: Partial<DropInDoorOptions> = {}, limits = {}): DropInDoor {
  return new DropInDoor({
    ...relay.edgeTools('edge-d', limits),
    auth: anybody,
    admission: clusterDecides,
    prove: async () => {},
    health: healthRoutes(() => undefined),
    guard: new BrowserGuard({ listen: { host: '127.0.0.1', port: 1 }, allowedHosts: undefined, allowedOrigins: [] }),
    audit: (event) => void relay.audited.push(event),
    cluster: (name) => (name === undefined || name === 'c-1' ? 'c-1' : undefined),
    seal: ({ subject }) => `sealed-${subject}`,
    mayStart: async () => undefined,
    ...options,
  });
}

type Taken = () => void;

/** A client whose network takes what it is sent at once, or when the test lets it. */
class FakeOutput {
  readonly sent: (Uint8Array | string)[] = [];
  #untaken: { readonly bytes: number; readonly taken: Taken }[] = [];
  stuck = false;

  send(message: Uint8Array | string, taken: Taken): void {
    this.sent.push(typeof message === 'string' ? message : Uint8Array.from(message));
    if (this.stuck) this.#untaken.push({ bytes: message.length, taken });
    else queueMicrotask(taken);
  }

  bufferedBytes(): number {
    return this.#untaken.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  unstick(): void {
    this.stuck = false;
    for (const { taken } of this.#untaken.splice(0)) taken();
  }

  /** All payload on one channel, as text. */
  text(channel: number): string {
    const parts = this.sent.map((message) =>
      typeof message === 'string'
        ? Buffer.concat([Buffer.of(Number(message[0])), Buffer.from(message.slice(1), 'base64')])
        : Buffer.from(message),
    );
    return Buffer.concat(parts.filter((part) => part[0] === channel).map((part) => part.subarray(1))).toString();
  }
}

export class FakeStreamSocket extends FakeOutput implements StreamSocket {
  paused = false;
  closed: { readonly code: number; readonly reason: string } | undefined;

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  close(code: number, reason: string): void {
    this.closed ??= { code, reason };
  }
}

export class FakeBody extends FakeOutput implements StreamBody {
  ended: 'whole' | 'cut' | undefined;

  end(): void {
    this.ended = 'whole';
  }

  cut(): void {
    this.ended = 'cut';
  }

  get all(): string {
    return Buffer.concat(this.sent.map((part) => Buffer.from(part))).toString();
  }
}

/** A request of one client, whose leaving the test decides. */
export class DropInRequest {
  readonly #gone = new AbortController();
  readonly #door: DropInDoor;
  readonly head: RequestHead;

  constructor(door: DropInDoor, url: string, headers: Readonly<Record<string, string>> = { authorization: 'Bearer ann' }, method = 'GET') {
    this.#door = door;
    const { pathname, searchParams } = new URL(url, 'http://door');
    const header = (name: string) => headers[name];
    this.head = { method, path: pathname, query: searchParams, header, remoteAddress: '127.0.0.1' };
  }

  http(): Promise<HttpResponse | StreamedResponse> {
    return this.#door.http({ ...this.head, body: async () => new Uint8Array() }, this.#gone.signal);
  }

  upgrade(...subprotocols: string[]): Promise<HttpResponse | StreamAcceptor> {
    return this.#door.upgrade({ ...this.head, subprotocols }, this.#gone.signal);
  }

  leave(): void {
    this.#gone.abort();
  }
}

export interface OpenSocket {
  readonly socket: FakeStreamSocket;
  readonly events: StreamSocketEvents;
  readonly subprotocol: string;
  readonly request: DropInRequest;
}

/** An open WebSocket of a client, with the pod's process at the other end. */
export async function openSocket(relay: TestRelay, door: DropInDoor, url: string, ...subprotocols: string[]): Promise<OpenSocket> {
  const request = new DropInRequest(door, url);
  const asked = request.upgrade(...subprotocols);
  await relay.clock.advance(10);
  const answer = await asked;
  if (!('accept' in answer)) throw new Error(`refused: ${Buffer.from(answer.body)}`);
  const socket = new FakeStreamSocket();
  const events = answer.accept(socket);
  await relay.clock.settle();
  return { socket, events, subprotocol: answer.subprotocol, request };
}

export function statusOf(answer: object): Record<string, unknown> & { http: number } {
  if (!('body' in answer)) throw new Error('it was let in');
  const { status, body } = answer as HttpResponse;
  return { http: status, ...(JSON.parse(Buffer.from(body).toString()) as object) };
}
