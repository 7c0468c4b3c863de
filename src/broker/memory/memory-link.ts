import { BrokerUnavailable } from '../broker.ts';
import type { Confirmation, LogListener, LogName, LogSubscription } from '../log-store.ts';
import type { MemoryServer } from './memory-server.ts';

/** One client's way to a server: the twin of a connection pair to one Redis node. Time and faults live here. */
export interface MemoryLink {
  /** Runs one command on the server and answers. Commands run in the order in which they were called. @throws BrokerUnavailable */
  call<Answer>(command: (server: MemoryServer) => Answer): Promise<Answer>;
  /** Stores and pushes one frame (LG4); false is doubt. Never rejects. */
  append(log: LogName, frame: Uint8Array): Promise<boolean>;
  /** Whether what was stored before this call is on a replica too (FC4); undefined without one. */
  confirm(): Promise<Confirmation> | undefined;
  subscribe(log: LogName, listener: LogListener): LogSubscription;
  /** Calls `broken` whenever the connection is lost, before another one is used. @returns a function that stops it */
  onBreak(broken: () => void): () => void;
  up(): boolean;
  close(): void;
}

/** The link inside one process: nothing is ever lost. Answers and pushes come in a microtask, in order, never inside the call. */
export class DirectLink implements MemoryLink {
  readonly #server: MemoryServer;
  readonly #unsubscribe = new Set<() => void>();
  #deliveries: Array<() => void> = [];
  #closed = false;

  constructor(server: MemoryServer) {
    this.#server = server;
  }

  async call<Answer>(command: (server: MemoryServer) => Answer): Promise<Answer> {
    if (this.#closed) throw new BrokerUnavailable();
    return command(this.#server);
  }

  async append(log: LogName, frame: Uint8Array): Promise<boolean> {
    if (this.#closed) return false;
    const stored = this.#server.store(log, frame);
    this.#server.publish(log, frame);
    return stored;
  }

  confirm(): undefined {
    return undefined;
  }

  subscribe(log: LogName, listener: LogListener): LogSubscription {
    let open = true;
    const sink = (frame: Uint8Array) => this.#deliver(() => open && listener.push(frame));
    this.#server.subscribe(log, sink);
    this.#deliver(() => open && listener.subscribed());
    const close = () => {
      open = false;
      this.#unsubscribe.delete(close);
      this.#server.unsubscribe(log, sink);
    };
    this.#unsubscribe.add(close);
    return { close };
  }

  onBreak(): () => void {
    return () => undefined;
  }

  up(): boolean {
    return !this.#closed;
  }

  close(): void {
    this.#closed = true;
    for (const close of [...this.#unsubscribe]) close();
  }

  /** One queue for all pushes of the link: FIFO, and a listener that publishes does not run inside another's push. */
  #deliver(run: () => void): void {
    this.#deliveries.push(run);
    if (this.#deliveries.length > 1) return;
    queueMicrotask(() => {
      for (let next = 0; next < this.#deliveries.length; next++) this.#deliveries[next]?.();
      this.#deliveries = [];
    });
  }
}
