import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The composition of this repository under a project name of its own, so that it meets no other. */
export class Compose {
  readonly #root: string;
  readonly #project: string;
  /** Of the published port; see docker-compose.yml. */
  readonly #environment: NodeJS.ProcessEnv;
  #command: readonly string[] = ['docker', 'compose'];

  constructor(root: string, project: string, port: number) {
    this.#root = root;
    this.#project = project;
    this.#environment = { ...process.env, POSEIDON_PORT: String(port) };
  }

  /** Takes `docker compose`, or the older `docker-compose`. */
  async find(): Promise<string> {
    for (const command of [['docker', 'compose'], ['docker-compose']]) {
      const [file = '', ...args] = command;
      const version = await run(file, [...args, 'version']).catch(() => undefined);
      if (!version) continue;
      this.#command = command;
      return version.stdout.split('\n')[0] ?? '';
    }
    throw new Error('neither `docker compose` nor `docker-compose` is here');
  }

  async do(...args: readonly string[]): Promise<string> {
    const [file = '', ...first] = this.#command;
    const all = [...first, '-p', this.#project, ...args];
    const { stdout } = await run(file, all, { cwd: this.#root, env: this.#environment, maxBuffer: 16 * 1024 * 1024 });
    return stdout.trim();
  }

  /** Ids of a service's containers, as edges use them for names: the host name, 12 digits. */
  async containers(service: string): Promise<string[]> {
    const ids = await this.do('ps', '-q', service);
    return ids.split('\n').flatMap((id) => id.slice(0, 12) || []);
  }

  /** SIGKILL from outside; the engine does not start it again. */
  async kill(container: string): Promise<void> {
    await run('docker', ['kill', '--signal', 'KILL', container]);
  }
}
