import type { Target } from '../protocol/target.ts';

const outsideActions = ['clipboard', 'title', 'links'] as const;
export type OutsideAction = (typeof outsideActions)[number];

export interface ClusterRow {
  readonly id: string;
  readonly name: string;
  /** Why it can hardly be used now; empty: it can. */
  readonly state: string;
}

export interface ContainerRow {
  readonly name: string;
  readonly kind: 'container' | 'init' | 'ephemeral';
  readonly state: 'running' | 'waiting' | 'terminated' | 'unknown';
  /** `CrashLoopBackOff`, `Completed`, …; empty when the server says nothing. */
  readonly reason: string;
  readonly ready: boolean;
  /** Its main process can be attached to, on its terminal or on its input alone. */
  readonly attach: 'terminal' | 'input' | undefined;
}

export interface PodRow {
  readonly name: string;
  readonly phase: string;
  readonly reason: string;
  readonly containers: readonly ContainerRow[];
}

/** A refusal of the HTTP API, or no answer at all (status 0). `message` and `hint` are fit for a person. */
export class ApiFailure extends Error {
  readonly status: number;
  readonly code: string;
  readonly hint: string;

  constructor(status: number, code: string, message: string, hint: string) {
    super(message);
    this.name = 'ApiFailure';
    this.status = status;
    this.code = code;
    this.hint = hint;
  }

  /** Asking again later may help: no answer, too many requests, or the server's own trouble. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** The relay's HTTP API as the pages use it. Answers are parsed here, once; every failure is an {@link ApiFailure}. */
export class Api {
  /** What programs may do outside of a terminal, as the relay said when it was last asked who is signed in (ED8). */
  outsideActions: readonly OutsideAction[] = [];

  /** @returns whether this browser is signed in */
  async signedIn(): Promise<boolean> {
    try {
      const { terminalActions } = record(await this.#request('GET', '/v1/me'));
      const named: readonly unknown[] = Array.isArray(terminalActions) ? terminalActions : [];
      this.outsideActions = outsideActions.filter((action) => named.includes(action));
      return true;
    } catch (failure) {
      if (failure instanceof ApiFailure && failure.status === 401) return false;
      throw failure;
    }
  }

  /** Exchanges an access token for a cookie that scripts cannot read (ED1). */
  async login(token: string): Promise<void> {
    await this.#request('POST', '/v1/login', { token });
  }

  /** @returns a ticket: short-lived, for one use */
  async openSession(target: Target): Promise<string> {
    const { ticket } = record(await this.#request('POST', '/v1/sessions', target));
    if (typeof ticket !== 'string') throw new ApiFailure(200, 'answer', 'The relay sent no ticket.', '');
    return ticket;
  }

  async clusters(): Promise<ClusterRow[]> {
    const rows = list(await this.#request('GET', '/v1/clusters'), 'clusters');
    return rows
      .map((row) => ({ id: text(row['id']), name: text(row['name']) || text(row['id']), state: text(row['state']) }))
      .filter((row) => row.id !== '');
  }

  async namespaces(cluster: string): Promise<string[]> {
    const answer = await this.#request('GET', `/v1/clusters/${encodeURIComponent(cluster)}/namespaces`);
    const names = Array.isArray(answer) ? answer : record(answer)['namespaces'];
    if (!Array.isArray(names)) return [];
    return names.map((name) => (typeof name === 'string' ? name : text(record(name)['name']))).filter((name) => name !== '');
  }

  async pods(cluster: string, namespace: string): Promise<PodRow[]> {
    const path = `/v1/clusters/${encodeURIComponent(cluster)}/namespaces/${encodeURIComponent(namespace)}/pods`;
    return list(await this.#request('GET', path), 'pods').map((pod) => ({
      name: text(pod['name']),
      phase: text(pod['phase']) || 'Unknown',
      reason: text(pod['reason']),
      containers: list(pod['containers'], '').map(containerRow),
    }));
  }

  async #request(method: 'GET' | 'POST', path: string, body?: object): Promise<unknown> {
    const request: RequestInit = { method, credentials: 'same-origin', headers: { accept: 'application/json' } };
    if (body) {
      request.body = JSON.stringify(body);
      request.headers = { accept: 'application/json', 'content-type': 'application/json' };
    }
    let response: Response;
    try {
      response = await fetch(path, request);
    } catch {
      throw new ApiFailure(0, 'unreachable', 'The relay cannot be reached.', 'Is it running, and is the network up?');
    }
    const answer: unknown = await response.json().catch(() => undefined);
    if (response.ok) return answer;
    const { code, message, hint } = record(answer);
    const said = text(message) || `The relay answered with HTTP status ${response.status}.`;
    throw new ApiFailure(response.status, text(code), said, text(hint));
  }
}

function containerRow(row: { readonly [key: string]: unknown }): ContainerRow {
  const { kind, state, attach } = row;
  return {
    name: text(row['name']),
    kind: kind === 'init' || kind === 'ephemeral' ? kind : 'container',
    state: state === 'running' || state === 'waiting' || state === 'terminated' ? state : 'unknown',
    reason: text(row['reason']),
    ready: row['ready'] === true,
    attach: attach === 'terminal' || attach === 'input' ? attach : undefined,
  };
}

function record(value: unknown): { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null ? (value as { [key: string]: unknown }) : {};
}

/** The list itself, or the one under its name. */
function list(value: unknown, name: string): { readonly [key: string]: unknown }[] {
  const rows = Array.isArray(value) ? value : record(value)[name];
  return Array.isArray(rows) ? rows.map(record) : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
