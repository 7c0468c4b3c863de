import { ApiFailure, record, relayRequest, text, ticketOf } from '../addon/relay-request.ts';
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

/** The relay's HTTP API as the pages use it. Answers are parsed here, once; every failure is an {@link ApiFailure}. */
export class Api {
  /** What programs may do outside of a terminal, as the relay said when it was last asked who is signed in (ED8). */
  outsideActions: readonly OutsideAction[] = [];

  /** @returns whether this browser is signed in */
  async signedIn(): Promise<boolean> {
    try {
      const { terminalActions } = record(await relayRequest({ method: 'GET', url: '/v1/me' }));
      const named: readonly unknown[] = Array.isArray(terminalActions) ? terminalActions : [];
      this.outsideActions = outsideActions.filter((action) => named.includes(action));
      return true;
    } catch (failure) {
      if (failure instanceof ApiFailure && failure.status === 401) return false;
      throw failure;
    }
  }

  /** Where one signs in: here with the access token, or with whoever knows the users. */
  async signInPlace(): Promise<'here' | 'cluster' | 'provider'> {
    try {
      const { auth } = record(await relayRequest({ method: 'GET', url: '/v1/login' }));
      return auth === 'passthrough' ? 'cluster' : auth === 'jwt' ? 'provider' : 'here';
    } catch (failure) {
      if (failure instanceof ApiFailure) return 'here';
      throw failure;
    }
  }

  /** Exchanges an access token for a cookie that scripts cannot read (ED1). */
  async login(token: string): Promise<void> {
    await relayRequest({ method: 'POST', url: '/v1/login', body: { token } });
  }

  /** @returns a ticket: short-lived, for one use */
  async openSession(target: Target): Promise<string> {
    return ticketOf(await relayRequest({ method: 'POST', url: '/v1/sessions', body: target }));
  }

  async clusters(): Promise<ClusterRow[]> {
    const rows = list(await relayRequest({ method: 'GET', url: '/v1/clusters' }), 'clusters');
    return rows
      .map((row) => ({ id: text(row['id']), name: text(row['name']) || text(row['id']), state: text(row['state']) }))
      .filter((row) => row.id !== '');
  }

  async namespaces(cluster: string): Promise<string[]> {
    const answer = await relayRequest({ method: 'GET', url: `/v1/clusters/${encodeURIComponent(cluster)}/namespaces` });
    const names = Array.isArray(answer) ? answer : record(answer)['namespaces'];
    if (!Array.isArray(names)) return [];
    return names.map((name) => (typeof name === 'string' ? name : text(record(name)['name']))).filter((name) => name !== '');
  }

  async pods(cluster: string, namespace: string): Promise<PodRow[]> {
    const path = `/v1/clusters/${encodeURIComponent(cluster)}/namespaces/${encodeURIComponent(namespace)}/pods`;
    return list(await relayRequest({ method: 'GET', url: path }), 'pods').map((pod) => ({
      name: text(pod['name']),
      phase: text(pod['phase']) || 'Unknown',
      reason: text(pod['reason']),
      containers: list(pod['containers'], '').map(containerRow),
    }));
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

/** The list itself, or the one under its name. */
function list(value: unknown, name: string): { readonly [key: string]: unknown }[] {
  const rows = Array.isArray(value) ? value : record(value)[name];
  return Array.isArray(rows) ? rows.map(record) : [];
}
