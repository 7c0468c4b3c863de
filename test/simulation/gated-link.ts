import { BrokerUnavailable } from '../../src/broker/broker.ts';
import type { Confirmation, LogListener, LogName, LogSubscription } from '../../src/broker/log-store.ts';
import type { FaultyLink } from '../../src/broker/memory/faulty-link.ts';
import type { MemoryLink } from '../../src/broker/memory/memory-link.ts';
import type { MemoryServer } from '../../src/broker/memory/memory-server.ts';
import type { Planted } from './planted.ts';
import type { SimProcess } from './sim-process.ts';
import type { Witness } from './witness.ts';

/** A process's end of its link: what comes from outside passes the border of the process, and one subscription can break alone. */
export class GatedLink implements MemoryLink {
  readonly process: SimProcess;
  readonly below: FaultyLink;
  readonly #planted: Planted;
  readonly #witness: Witness;
  readonly #subscriptions = new Set<() => void>();
  readonly #watchers = new Set<() => void>();
  /** A process that has just woken writes to the connection it knows, which may be gone: that fails, it does not go elsewhere. */
  #breaks = 0;
  #heardBreaks = 0;

  constructor(process: SimProcess, below: FaultyLink, planted: Planted, witness: Witness) {
    this.process = process;
    this.below = below;
    this.#planted = planted;
    this.#witness = witness;
    below.onBreak(() => {
      this.#breaks++;
      process.enter(() => this.#tellBroken());
    });
  }

  call<Answer>(command: (server: MemoryServer) => Answer): Promise<Answer> {
    const connection = this.#heardBreaks;
    return new Promise((resolve, reject) => {
      this.process.enter(() => {
        if (connection !== this.#breaks) return reject(new BrokerUnavailable());
        const witnessed = (server: MemoryServer) => this.#witness.as(this.process.name, () => command(server));
        this.below.call(witnessed).then(
          (answer) => this.process.enter(() => resolve(answer)),
          (failure: unknown) => this.process.enter(() => reject(failure)),
        );
      });
    });
  }

  append(log: LogName, frame: Uint8Array): Promise<boolean> {
    const connection = this.#heardBreaks;
    return new Promise((resolve) => {
      this.process.enter(() => {
        if (connection !== this.#breaks) return resolve(false);
        const planted = this.#planted.append(log, frame);
        void this.below.append(log, planted).then((stored) => {
          if (!stored) this.#witness.doubted(log, planted);
          this.process.enter(() => resolve(stored));
        });
      });
    });
  }

  confirm(): Promise<Confirmation> | undefined {
    if (this.#heardBreaks !== this.#breaks) return undefined;
    const confirming = this.below.confirm();
    return confirming && new Promise((resolve) => confirming.then((confirmation) => this.process.enter(() => resolve(confirmation))));
  }

  subscribe(log: LogName, listener: LogListener): LogSubscription {
    let open = true;
    const enter = (run: () => void) => this.process.enter(() => open && run());
    const close = () => {
      open = false;
      this.#subscriptions.delete(breakAlone);
      below.close();
    };
    const breakAlone = () => {
      close();
      this.process.enter(() => listener.broken());
    };
    const below = this.below.subscribe(log, {
      subscribed: () => {
        this.#witness.subscribed(this.process.name, log);
        enter(() => listener.subscribed());
      },
      push: (frame) => {
        const pushed = this.#planted.push(log, frame);
        if (!pushed) return;
        this.#witness.pushed(this.process.name, log, pushed);
        enter(() => listener.push(pushed));
      },
      broken: () => {
        this.#subscriptions.delete(breakAlone);
        enter(() => {
          open = false;
          listener.broken();
        });
      },
    });
    this.#subscriptions.add(breakAlone);
    return { close };
  }

  /** One subscription of this link is over, as when the server cuts a slow subscriber; the caller picks which. */
  breakOne(pick: (count: number) => number): void {
    const all = [...this.#subscriptions];
    all[pick(all.length)]?.();
  }

  /** Heard in order with everything else that crosses the border, by those who watch then. */
  onBreak(broken: () => void): () => void {
    this.#watchers.add(broken);
    return () => this.#watchers.delete(broken);
  }

  up(): boolean {
    return this.below.up();
  }

  close(): void {
    this.below.close();
  }

  #tellBroken(): void {
    this.#heardBreaks++;
    for (const watcher of [...this.#watchers]) watcher();
  }
}
