import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Timer } from '../base/clock.ts';
import { encodeUtf8 } from '../protocol/utf8.ts';
import { ContainerLog, LineCutter } from './container-log.ts';
import { type LocalProcess, type ProcessEvents, startProcess } from './local-process.ts';
import type { ContainerPlan, PodPlan } from './pods.ts';
import type { ProcessKeeper } from './process-keeper.ts';

export interface ContainerSettings {
  readonly clock: Clock;
  readonly keeper: ProcessKeeper;
  /** Homes are made below it. */
  readonly directory: string;
  /** What every process is marked with. */
  readonly marker: { readonly name: string; readonly value: string };
}

/** One container: a home directory, a log, a main process that attachments share. */
export class DemoContainer {
  readonly plan: ContainerPlan;
  readonly log: ContainerLog;
  readonly #pod: PodPlan;
  readonly #settings: ContainerSettings;
  readonly #attached = new Set<ProcessEvents>();
  readonly #slow = new Set<ProcessEvents>();
  #home: Promise<string> | undefined;
  #main: Promise<LocalProcess | string> | undefined;
  #timer: Timer | undefined;

  constructor(pod: PodPlan, plan: ContainerPlan, settings: ContainerSettings) {
    this.#pod = pod;
    this.plan = plan;
    this.#settings = settings;
    this.log = new ContainerLog(settings.clock);
    if (plan.main === 'shell') this.log.append(encodeUtf8('the shell is ready\n'));
    else this.#printHistory(plan.main);
  }

  /** @returns the runtime's sentence when it cannot be started */
  async exec(command: readonly string[], tty: boolean, events: ProcessEvents): Promise<LocalProcess | string> {
    const { keeper, marker } = this.#settings;
    const directory = await this.#makeHome();
    let pid = 0;
    const exited = (code: number) => {
      keeper.exited(pid);
      events.exited(code);
    };
    const environment = { ...this.#environment(directory, tty), [marker.name]: marker.value };
    const kept = { output: events.output.bind(events), drained: events.drained.bind(events), exited };
    const process = await startProcess({ command, tty, directory, environment }, kept);
    if (typeof process === 'string') return process;
    pid = process.pid;
    keeper.started(pid);
    return process;
  }

  /** Joins the main process: its output from now on, no history; one input for all who are attached. */
  async attach(events: ProcessEvents): Promise<LocalProcess> {
    this.#attached.add(events);
    const main = this.plan.main === 'shell' ? await this.#startMain() : undefined;
    const held = (slow: boolean) => {
      if (slow) this.#slow.add(events);
      else this.#slow.delete(events);
      if (this.#slow.size > 0) main?.pause();
      else main?.resume();
    };
    return {
      pid: 0,
      get queuedBytes() {
        return main?.queuedBytes ?? 0;
      },
      write: (bytes) => main?.write(bytes),
      endInput: () => {},
      resize: (cols, rows) => main?.resize(cols, rows),
      pause: () => held(true),
      resume: () => held(false),
    };
  }

  detach(events: ProcessEvents): void {
    this.#attached.delete(events);
    this.#slow.delete(events);
    if (this.#slow.size === 0 && this.#main) void this.#main.then((main) => typeof main !== 'string' && main.resume());
  }

  close(): void {
    this.#timer?.cancel();
  }

  async #startMain(): Promise<LocalProcess | undefined> {
    const lines = new LineCutter((bytes) => this.log.append(bytes));
    this.#main ??= this.exec(['/bin/sh', '-c', 'command -v bash >/dev/null && exec bash; exec sh'], true, {
      output: (bytes, source) => {
        lines.add(bytes);
        for (const events of this.#attached) events.output(bytes, source);
      },
      drained: () => {
        for (const events of this.#attached) events.drained();
      },
      exited: (code) => {
        this.#main = undefined; // the next attachment finds a restarted container
        const attached = [...this.#attached];
        this.#attached.clear();
        this.#slow.clear();
        for (const events of attached) events.exited(code);
      },
    });
    const main = await this.#main;
    return typeof main === 'string' ? undefined : main;
  }

  #printHistory({ everyMs, history, line }: Exclude<ContainerPlan['main'], 'shell'>): void {
    const { clock } = this.#settings;
    const startMs = clock.wallMs() - history * everyMs;
    for (let number = 0; number < history; number += 1) this.log.append(encodeUtf8(`${line(number)}\n`), startMs + number * everyMs);
    let number = history;
    const print = () => {
      const bytes = encodeUtf8(`${line(number)}\n`);
      number += 1;
      this.log.append(bytes);
      for (const events of this.#attached) events.output(bytes, 'stdout');
      this.#timer = clock.after(everyMs, print);
    };
    this.#timer = clock.after(everyMs, print);
  }

  #makeHome(): Promise<string> {
    const { namespace, name } = this.#pod;
    this.#home ??= (async () => {
      const home = join(this.#settings.directory, namespace, name, this.plan.name);
      await mkdir(home, { recursive: true });
      await writeFile(join(home, '.bashrc'), `PS1='${prompt(name)}'\nalias ls='ls --color=auto 2>/dev/null'\nunset HISTFILE\n`);
      await writeFile(join(home, 'welcome.txt'), 'This is a shell on the machine that runs the demo. Its home goes away with it.\n');
      return home;
    })();
    return this.#home;
  }

  /** Nothing of the parent's environment: no secrets, and the same on every machine. */
  #environment(home: string, tty: boolean): { readonly [name: string]: string } {
    return {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/homebrew/bin',
      HOME: home,
      HOSTNAME: this.#pod.name,
      USER: 'demo',
      LANG: 'C.UTF-8',
      PS1: `demo@${this.#pod.name}:~$ `,
      ...(tty ? { TERM: 'xterm' } : {}),
    };
  }
}

function prompt(pod: string): string {
  return `\\[\\e[32m\\]demo@${pod}\\[\\e[0m\\]:\\[\\e[34m\\]\\w\\[\\e[0m\\]$ `;
}
