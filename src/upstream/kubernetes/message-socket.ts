import type { Agent, IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import type { Clock } from '../../base/clock.ts';
import type { ClusterAccess, TlsOptions } from './cluster.ts';
import { readBody, refusalBody } from './http-body.ts';
import { networkFailure, OpenFailure, parseRetryAfter } from './open-failure.ts';

export interface SocketRequest {
  readonly url: URL;
  readonly headers: ClusterAccess['headers'];
  readonly tls: TlsOptions;
  /** The way there, if it is not the direct one. */
  readonly agent?: Agent;
  /** At least one: servers answer "none" in a way that is no valid handshake (facts 4.1). */
  readonly protocols: readonly string[];
  readonly timeoutMs: number;
}

export interface SocketEvents {
  /** The receiver owns `bytes`. */
  message(bytes: Uint8Array): void;
  drained(): void;
  /** The answer to the ping with this token. */
  pong(token: number): void;
  /** Once, last. `failure` names what this side found wrong, if it did. */
  closed(code: number, failure: 'too-large' | 'protocol' | undefined): void;
}

/** A frame above this ends the session with a clear reason. It is also the largest that servers take and send (facts 4.2). */
const maxFrameBytes = 32 * 1024 * 1024;

/** Bytes handed to the socket and not yet taken by the network. At this mark the input stops until half of it has gone (FC5). */
const sendMarkBytes = 256 * 1024;

/** A silent connection is also probed by TCP, which finds a dead machine without the server's help. */
const tcpProbeAfterMs = 10_000;

/** An open WebSocket to the upstream: the only user of `ws` on this side. It starts paused, so that nothing comes before it has an owner. */
export class MessageSocket {
  readonly protocol: string;
  readonly #socket: WebSocket;
  readonly #received: () => number;
  readonly #sent: () => void;
  #full = false;

  constructor(socket: WebSocket, events: SocketEvents, received: () => number) {
    this.#socket = socket;
    this.#received = received;
    this.protocol = socket.protocol;
    let failure: 'too-large' | 'protocol' | undefined;
    socket.on('message', (bytes: Buffer) => events.message(bytes));
    socket.on('pong', (token: Buffer) => {
      if (token.length === 4) events.pong(token.readUInt32BE());
    });
    socket.on('error', (error: Error & { code?: string }) => {
      if (error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') failure = 'too-large';
      else if (error.code?.startsWith('WS_ERR_')) failure = 'protocol';
    });
    socket.on('close', (code) => events.closed(code, failure));
    this.#sent = () => {
      if (!this.#full || socket.bufferedAmount > sendMarkBytes / 2 || socket.readyState !== WebSocket.OPEN) return;
      this.#full = false;
      events.drained();
    };
  }

  /** Bytes off the wire so far, also of an unfinished message: any of them is a sign of life. */
  get received(): number {
    return this.#received();
  }

  /** One unfragmented message: text for a string, else binary. @returns false when the mark is passed: stop until `drained` */
  send(message: Uint8Array | string): boolean {
    this.#socket.send(message, this.#sent);
    if (this.#socket.bufferedAmount >= sendMarkBytes) this.#full = true;
    return !this.#full;
  }

  /** Bytes that the network has not taken yet. */
  get backlogBytes(): number {
    return this.#socket.bufferedAmount;
  }

  ping(token: number): void {
    const payload = Buffer.alloc(4);
    payload.writeUInt32BE(token);
    this.#socket.ping(payload, true, ignore);
  }

  /** What one read has already brought in, at most 64 KiB, is still delivered. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /**
   * Cuts the connection. No close frame: a server that is stuck in a write does not read it, and a cut ends a TTY's process on more
   * runtimes than a close frame does (facts 4.2, 9.9).
   */
  terminate(): void {
    this.#socket.terminate();
  }
}

/** @throws OpenFailure */
export async function openSocket(request: SocketRequest, events: SocketEvents, clock: Clock, signal: AbortSignal): Promise<MessageSocket> {
  if (signal.aborted) throw new OpenFailure({ kind: 'aborted' });
  const socket = new WebSocket(request.url, [...request.protocols], {
    ...request.tls,
    ...(request.agent ? { agent: request.agent } : {}),
    headers: { ...request.headers },
    followRedirects: false,
    perMessageDeflate: false,
    skipUTF8Validation: true,
    maxPayload: maxFrameBytes,
  });
  let received = () => 0;
  socket.once('upgrade', ({ socket: line }: IncomingMessage) => {
    line.setKeepAlive(true, tcpProbeAfterMs);
    received = () => line.bytesRead;
  });
  let fail: (failure: OpenFailure) => void = ignore;
  const open = new Promise<MessageSocket>((resolve, reject) => {
    fail = reject;
    socket.once('open', () => {
      socket.pause();
      resolve(new MessageSocket(socket, events, received));
    });
  });
  // Stays for good: an `error` event without a listener would end the process.
  socket.on('error', (error) => fail(handshakeFailure(error)));
  socket.once('unexpected-response', (_request, response) => void readRefusal(response, clock).then(fail));
  const timer = clock.after(request.timeoutMs, () => fail(new OpenFailure({ kind: 'timeout', afterMs: request.timeoutMs })));
  const aborted = () => fail(new OpenFailure({ kind: 'aborted' }));
  signal.addEventListener('abort', aborted, { once: true });
  try {
    return await open;
  } catch (failure) {
    socket.terminate();
    throw failure;
  } finally {
    timer.cancel();
    signal.removeEventListener('abort', aborted);
  }
}

async function readRefusal(response: IncomingMessage, clock: Clock): Promise<OpenFailure> {
  // A 200 is what a log answers whose upgrade got lost: its body is the log, and a followed one does not end.
  const { bytes } = response.statusCode === 200 ? { bytes: noBytes } : await readBody(response, refusalBody, clock);
  const retryAfterSeconds = parseRetryAfter(response.headers['retry-after'], clock.wallMs());
  return new OpenFailure({ kind: 'http', status: response.statusCode ?? 0, body: bytes, retryAfterSeconds });
}

function handshakeFailure(error: Error & { code?: string }): OpenFailure {
  if (error instanceof OpenFailure) return error;
  return error.code === undefined ? new OpenFailure({ kind: 'handshake', message: error.message }) : networkFailure(error);
}

const noBytes = Buffer.alloc(0);
function ignore(): void {}
