import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { until } from '../support/until.ts';

const command = fileURLToPath(new URL('../../dist/bin/poseidon.js', import.meta.url));

/** The built command as a process; needs `npm run build`. */
export class PoseidonProcess implements AsyncDisposable {
  readonly child: ChildProcess;
  stdout = '';
  stderr = '';
  readonly #exited: Promise<number>;

  constructor(args: readonly string[], environment: Readonly<Record<string, string>> = {}, script = command) {
    // Nothing of the environment of the tests but what a program needs to run.
    const { PATH = '', HOME = '' } = process.env;
    this.child = spawn(process.execPath, [script, ...args], { env: { PATH, HOME, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stdout?.on('data', (chunk) => {
      this.stdout += chunk;
    });
    this.child.stderr?.on('data', (chunk) => {
      this.stderr += chunk;
    });
    this.#exited = once(this.child, 'close').then(([code, signal]) => code ?? signal);
  }

  /** @returns the exit code, or the signal that killed it */
  exited(): Promise<number> {
    return this.#exited;
  }

  /** The first group of the first match in what it prints. */
  async printed(pattern: RegExp): Promise<string> {
    const found = () => pattern.exec(this.stdout) ?? pattern.exec(this.stderr);
    const gone = () => this.child.exitCode !== null || this.child.signalCode !== null;
    await until(() => found() !== null || gone(), { what: () => `${pattern} in: ${this.stdout}${this.stderr}` });
    const match = found();
    if (!match) throw new Error(`it ended without ${pattern}: ${this.stdout}${this.stderr}`);
    return match[1] ?? match[0];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGKILL');
    await this.#exited;
  }
}
