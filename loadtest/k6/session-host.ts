import crypto from 'k6/crypto';
import exec from 'k6/execution';
import http from 'k6/http';
import { clearTimeout, setTimeout } from 'k6/timers';
import { WebSocket } from 'k6/websockets';
import type { ClientHost, ClientSocket, ClientState } from '../../src/client/client-host.ts';
import { SessionClient } from '../../src/client/session-client.ts';
import type { Gap } from '../../src/protocol/gap.ts';
import type { Settings } from './settings.ts';

/** `readyState`; the constants of the class, which its types have, are not there. */
const open = 1;

/** What a scenario wants to know of its session. */
export interface SessionEvents {
  output(bytes: Uint8Array): void;
  gap(gap: Gap): void;
  rewound(bytes: number): void;
  changed(state: ClientState): void;
}

/** One virtual user's end of one session: the client core of the web pages, over k6's WebSocket, timers and clock. */
export class SessionHost implements ClientHost {
  readonly client: SessionClient;
  readonly #settings: Settings;
  readonly #command: readonly string[];
  readonly #events: SessionEvents;

  constructor(settings: Settings, command: readonly string[], events: SessionEvents) {
    this.#settings = settings;
    this.#command = command;
    this.#events = events;
    this.client = new SessionClient(this);
  }

  ticket(done: (answer: { readonly ticket: string } | { readonly text: string; readonly final: boolean }) => void): void {
    const { place } = this.#settings;
    const cluster = place.cluster || this.#firstCluster();
    const target = { kind: 'exec', ...place, cluster, command: this.#command, tty: true };
    const response = postJson(this.#settings, '/v1/sessions', target);
    const ticket = response.status >= 200 && response.status < 300 ? response.json('ticket') : undefined;
    if (typeof ticket === 'string') done({ ticket });
    else done({ text: `POST /v1/sessions: ${response.status} ${response.body ?? response.error}`, final: false });
  }

  #firstCluster(): string {
    const response = http.get(`${this.#settings.url}/v1/clusters`, { tags: { name: '/v1/clusters' } });
    const id = response.status === 200 ? (response.json('clusters.0.id') ?? response.json('0.id')) : undefined;
    return typeof id === 'string' ? id : '';
  }

  connect(): ClientSocket {
    const { url } = this.#settings;
    // Its types say that subprotocols are ignored; they are not.
    const web = new WebSocket(`${url.replace(/^http/, 'ws')}/v1/attach`, 'poseidon.v1' as never, { headers: { Origin: url } });
    web.binaryType = 'arraybuffer';
    const socket: ClientSocket = {
      send: (frame) => {
        if (web.readyState === open) web.send(frame);
      },
      close: () => {
        if (web.readyState <= open) web.close();
      },
    };
    web.onopen = () => this.client.socketOpened(socket);
    web.onmessage = (message) => {
      if (message && typeof message.data !== 'string') this.client.socketMessage(socket, new Uint8Array(message.data as ArrayBuffer));
    };
    web.onclose = (close?: { readonly code?: number; readonly reason?: string }) => {
      this.client.socketClosed(socket, close?.code ?? 1006, close?.reason ?? '');
    };
    // An error is followed by the close, except when the connection never came to be.
    web.onerror = (failure) => this.client.socketClosed(socket, 1006, failure?.error ?? '');
    return socket;
  }

  /** k6 has no `performance`; this is the monotonic clock it does have, with fractions. */
  now(): number {
    return exec.instance.currentTestRunDuration;
  }

  after(delayMs: number, run: () => void): { cancel(): void } {
    const timer = setTimeout(run, delayMs);
    return { cancel: () => clearTimeout(timer) };
  }

  random(): number {
    return Math.random();
  }

  randomBytes(count: number): Uint8Array {
    return new Uint8Array(crypto.randomBytes(count));
  }

  output(bytes: Uint8Array, _source: 'stdout' | 'stderr', token: number): void {
    this.#events.output(bytes);
    this.client.parsed(token);
  }

  gap(gap: Gap): void {
    this.#events.gap(gap);
  }

  rewound(bytes: number): void {
    this.#events.rewound(bytes);
  }

  mark(): void {}

  changed(state: ClientState): void {
    this.#events.changed(state);
  }

  /** A virtual user does not reload its page. */
  save(): void {}
}

/** As a page of the relay would: same origin, and the cookies of this virtual user. */
export function postJson(settings: Settings, path: string, body: object) {
  const headers = { 'content-type': 'application/json', accept: 'application/json', origin: settings.url };
  return http.post(`${settings.url}${path}`, JSON.stringify(body), { headers, tags: { name: path } });
}
