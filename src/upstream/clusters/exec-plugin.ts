import { type ChildProcess, spawn } from 'node:child_process';
import type { Clock } from '../../base/clock.ts';
import { OpenFailure } from '../kubernetes/open-failure.ts';

/** A program that gives credentials, as kubeconfig files name it (`client.authentication.k8s.io`). */
export interface ExecPluginSettings {
  /** A name is looked for in PATH. */
  readonly command: string;
  readonly args: readonly string[];
  /** All of its environment: plugins find their PATH, HOME and cloud there. */
  readonly env: NodeJS.ProcessEnv;
  readonly apiVersion: string;
  /** What `provideClusterInfo` asks for. */
  readonly cluster?: { readonly [name: string]: unknown };
}

/** What a plugin gave: a bearer token, a client certificate, or both. */
export interface PluginCredential {
  readonly token?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Cloud plugins ask a server of theirs. A session that waits for this is still within the time that browsers wait. */
const pluginTimeoutMs = 20_000;

/** A token and a certificate chain are a few KiB. */
const pluginOutputBytes = 256 * 1024;

/** A plugin that fails is asked again no sooner, however many sessions want to be opened. */
const againAfterFailureMs = 5_000;

/** A credential that was refused is asked for anew no sooner. */
const againAfterRefusalMs = 10_000;

/** One that is about to expire would do so on its way. */
const expiresEarlyMs = 10_000;

interface Kept {
  readonly credential: Promise<PluginCredential>;
  readonly askedAtMs: number;
  /** By the wall clock; Infinity for one without a time of its own. */
  expiresAtWallMs: number;
}

/** Runs a credential plugin when there is no valid answer of it: one at a time, for a set time, its output bounded. */
export class ExecPlugin {
  readonly #settings: ExecPluginSettings;
  readonly #clock: Clock;
  #kept: Kept | undefined;

  constructor(settings: ExecPluginSettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
  }

  /** @throws OpenFailure that says what went wrong, never what the plugin wrote */
  async read(): Promise<PluginCredential> {
    const kept = this.#kept;
    if (kept && this.#clock.wallMs() < kept.expiresAtWallMs - expiresEarlyMs) return kept.credential;
    return await this.#ask();
  }

  /** The credential was refused: the next reading asks anew, unless that was done just now. */
  expire(): void {
    if (this.#kept && this.#clock.now() - this.#kept.askedAtMs >= againAfterRefusalMs) this.#kept = undefined;
  }

  #ask(): Promise<PluginCredential> {
    const running = this.#run();
    const kept: Kept = {
      credential: running.then(({ credential }) => credential),
      askedAtMs: this.#clock.now(),
      expiresAtWallMs: Number.POSITIVE_INFINITY,
    };
    this.#kept = kept;
    running.then(
      ({ expiresAtWallMs }) => {
        kept.expiresAtWallMs = expiresAtWallMs;
      },
      () => {
        kept.expiresAtWallMs = this.#clock.wallMs() + againAfterFailureMs + expiresEarlyMs;
      },
    );
    return kept.credential;
  }

  async #run(): Promise<{ credential: PluginCredential; expiresAtWallMs: number }> {
    const { command, args, env, apiVersion, cluster } = this.#settings;
    const spec = { interactive: false, ...(cluster ? { cluster } : {}) };
    const info = JSON.stringify({ apiVersion, kind: 'ExecCredential', spec });
    const child = spawn(command, [...args], {
      env: { ...env, KUBERNETES_EXEC_INFO: info },
      // What it says to people may hold secrets, and nobody sits there to answer it.
      stdio: ['ignore', 'pipe', 'ignore'],
      // Its own group, so that what it started ends with it.
      detached: true,
      windowsHide: true,
    });
    const output = await this.#outputOf(child);
    return readAnswer(output, apiVersion);
  }

  #outputOf(child: ChildProcess): Promise<string> {
    return new Promise((resolve, reject) => {
      const parts: Buffer[] = [];
      let length = 0;
      const fail = (why: string) => {
        timer.cancel();
        reject(pluginFailure(why));
      };
      const giveUp = (why: string) => {
        killGroup(child);
        child.stdout?.destroy();
        fail(why);
      };
      const timer = this.#clock.after(pluginTimeoutMs, () => giveUp(`did not answer within ${pluginTimeoutMs / 1000} seconds`));
      child.on('error', ({ code }: NodeJS.ErrnoException) =>
        fail(code === 'ENOENT' ? 'is not there' : `cannot be run (${code ?? 'unknown'})`),
      );
      child.stdout?.on('data', (part: Buffer) => {
        parts.push(part);
        length += part.length;
        if (length > pluginOutputBytes) giveUp(`wrote more than ${pluginOutputBytes} bytes`);
      });
      child.on('close', (code, signal) => {
        timer.cancel();
        if (code === 0) resolve(Buffer.concat(parts).toString('utf8'));
        else fail(signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`);
      });
    });
  }
}

/** @throws OpenFailure for anything but a credential that can be used */
function readAnswer(text: string, apiVersion: string): { credential: PluginCredential; expiresAtWallMs: number } {
  const answer = record(parsed(text));
  if (answer['kind'] !== 'ExecCredential') throw pluginFailure('wrote no ExecCredential');
  if (answer['apiVersion'] !== apiVersion) throw pluginFailure(`answered in another version than ${apiVersion}`);
  const { token, clientCertificateData: cert, clientKeyData: key, expirationTimestamp } = record(answer['status']);
  const expires = expirationTimestamp === undefined ? Number.POSITIVE_INFINITY : Date.parse(String(expirationTimestamp));
  if (Number.isNaN(expires)) throw pluginFailure('gave an expirationTimestamp that is no time');
  if (typeof cert === 'string' && typeof key === 'string' && cert !== '' && key !== '') {
    return { credential: { cert, key, ...(isText(token) ? { token } : {}) }, expiresAtWallMs: expires };
  }
  if (!isText(token)) throw pluginFailure('gave neither a token nor a certificate with its key');
  return { credential: { token }, expiresAtWallMs: expires };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw pluginFailure('wrote something that is no JSON');
  }
}

function record(value: unknown): { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null ? (value as { [name: string]: unknown }) : {};
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function pluginFailure(why: string): OpenFailure {
  return new OpenFailure({ kind: 'own-credential', why: `the credential plugin ${why}` });
}

/** The plugin and what it started; some of it still runs, so the number is still theirs. */
function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // All of it is gone.
  }
}
