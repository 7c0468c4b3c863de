import { RelayClient } from '../../loadtest/driver/relay-client.ts';
import type { ClientState } from '../../src/client/client-host.ts';
import { until } from '../support/until.ts';

/** Where a relay answers, and the cookie of somebody who has signed in there. */
export interface SignedIn {
  readonly url: string;
  readonly cookie: string;
}

/** @param link as `docker compose run --rm secrets link` prints it */
export async function signIn(link: string): Promise<SignedIn> {
  const { origin: url, hash } = new URL(link);
  const token = new URLSearchParams(hash.slice(1)).get('token');
  const headers = { 'content-type': 'application/json', origin: url };
  const response = await fetch(`${url}/v1/login`, { method: 'POST', headers, body: JSON.stringify({ token }) });
  const cookie = response.headers.getSetCookie()[0]?.split(';')[0];
  if (!response.ok || !cookie) throw new Error(`POST /v1/login: ${response.status} ${await response.text()}`);
  return { url, cookie };
}

/** A shell in the demo cluster of a deployed relay, through whatever is in front of it. */
export class DeployedShell {
  readonly #client: RelayClient;
  readonly #decoder = new TextDecoder();
  #text = '';

  private constructor(who: SignedIn, cluster: string) {
    const target = { kind: 'exec', cluster, namespace: 'demo', pod: 'toolbox', container: 'shell', tty: true };
    this.#client = new RelayClient({ ...who, target }, { output: (bytes) => this.#output(bytes) });
  }

  /** Resolves when the shell has answered its first command. */
  static async open(who: SignedIn, cluster: string): Promise<DeployedShell> {
    const shell = new DeployedShell(who, cluster);
    shell.#client.start();
    await shell.says('echo héllo $((40+2))', 'héllo 42');
    return shell;
  }

  /** Name of the edge its socket is on; undefined while it has none. */
  get edge(): string | undefined {
    const { connection } = this.state;
    return connection.kind === 'attached' ? connection.edge : undefined;
  }

  get state(): ClientState {
    return this.#client.state;
  }

  /** Sockets opened so far. */
  get connects(): number {
    return this.#client.connects;
  }

  /** Types a line and waits for an answer: a text that the line itself does not contain. */
  async says(line: string, answer: string): Promise<void> {
    const from = this.#text.length;
    const what = () =>
      `the answer ${answer} to ${line}; state ${JSON.stringify(this.state)}; text ${JSON.stringify(this.#text.slice(from))}`;
    await until(() => this.#client.type(`${line}\r`) || undefined, { what });
    await until(() => this.#text.slice(from).includes(answer), { withinMs: 30_000, what });
  }

  /** Breaks the socket as a network does. */
  cut(): void {
    this.#client.cut();
  }

  async end(): Promise<void> {
    this.#client.client.end();
    await until(() => this.state.connection.kind === 'ended', { what: () => `the end; state ${JSON.stringify(this.state)}` });
    this.#client.dispose();
  }

  #output(bytes: Uint8Array): void {
    this.#text += this.#decoder.decode(bytes, { stream: true });
  }
}
