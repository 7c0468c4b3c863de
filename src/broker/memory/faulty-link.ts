import { Backoff } from '../../base/backoff.ts';
import type { Clock, Random, Timer } from '../../base/clock.ts';
import { BrokerUnavailable } from '../broker.ts';
import type { Confirmation, LogListener, LogName, LogSubscription } from '../log-store.ts';
import { LinkLeg } from './link-leg.ts';
import type { MemoryLink } from './memory-link.ts';
import type { MemoryServer } from './memory-server.ts';

/** How a link behaves badly. Every answer is drawn by the caller, so that a seed replays a run. */
export interface LinkFaults {
  /** Milliseconds a message takes; the order within a leg is kept. */
  delayMs(leg: 'command' | 'answer' | 'push'): number;
  /** What becomes of an append that arrives. */
  append(log: LogName): AppendFate;
  /** Whether what is under way when the link breaks still arrives at the server it was sent to. */
  arrivesLate(): boolean;
}

type AppendFate =
  | 'stored'
  /** An error or nil; the push that was sent beside it arrives all the same (LG4). */
  | 'refused'
  | 'refused-unpushed'
  /** Stored and pushed, then the link breaks. */
  | 'answer-lost'
  /** Stored, and the link breaks before the push was sent. */
  | 'unpushed';

export interface FaultyLinkOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** The server that a new connection reaches now; undefined: none answers. */
  readonly route: () => MemoryServer | undefined;
  /** Commands and pushes have a connection each, which take their own time and may reach two servers (LG5). */
  readonly separate?: boolean;
  /** The two connections reached two servers, and neither is used. */
  readonly mismatched?: () => void;
  readonly faults: LinkFaults;
  /** A command that is not answered in this time breaks the link. */
  readonly timeoutMs?: number;
}

interface Command {
  readonly run: (server: MemoryServer) => unknown;
  readonly answer: (answer: never) => void;
  readonly fail: (failure: unknown) => void;
  /** Appends are never sent on another connection than the one they were meant for: they wait for news of it and are in doubt. */
  readonly resendable: boolean;
}

interface Subscription {
  readonly log: LogName;
  readonly listener: LogListener;
  readonly sink: (frame: Uint8Array) => void;
}

interface Connection {
  readonly server: MemoryServer;
  readonly commands: LinkLeg;
  readonly answers: LinkLeg;
  readonly pushes: LinkLeg;
  readonly pending: Map<Command, Timer>;
  /** Asks for subscriptions; the commands' own unless pushes have a connection of theirs. */
  readonly requests: LinkLeg;
  readonly barrier: LinkLeg;
  readonly confirming: Set<(confirmation: Confirmation) => void>;
}

/** The link of the simulation: the same contract as a pair of sockets to one Redis node, over a clock and drawn faults. */
export class FaultyLink implements MemoryLink {
  readonly #options: FaultyLinkOptions;
  readonly #backoff: Backoff;
  readonly #subscriptions = new Set<Subscription>();
  readonly #breakListeners = new Set<() => void>();
  #waiting: Command[] = [];
  #connection: Connection | undefined;
  /** Commands of broken connections that a frozen server will still find in its socket buffers. */
  #late: LinkLeg[] = [];
  #attempt: Timer | undefined;
  #frozen = false;
  #closed = false;

  constructor(options: FaultyLinkOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.random, 50, 2_000);
  }

  call<Answer>(run: (server: MemoryServer) => Answer): Promise<Answer> {
    return new Promise((answer, fail) => this.#send({ run, answer, fail, resendable: true }));
  }

  append(log: LogName, frame: Uint8Array): Promise<boolean> {
    const run = (server: MemoryServer) => this.#append(server, log, frame);
    return new Promise((answer) => this.#send({ run, answer, fail: () => answer(false), resendable: false }));
  }

  confirm(): Promise<Confirmation> | undefined {
    const connection = this.#connection;
    if (!connection?.server.replica) return undefined;
    return new Promise((resolve) => {
      const told = (confirmation: Confirmation) => {
        if (connection.confirming.delete(told)) resolve(confirmation);
      };
      connection.confirming.add(told);
      connection.barrier.send(() => {
        const { replica } = connection.server;
        const answer = (confirmation: Confirmation) => connection.barrier.send(() => told(confirmation));
        if (replica) replica.confirm(answer);
        else answer('alone');
      });
    });
  }

  subscribe(log: LogName, listener: LogListener): LogSubscription {
    const sink = (frame: Uint8Array) => {
      this.#connection?.pushes.send(() => this.#subscriptions.has(subscription) && listener.push(frame));
    };
    const subscription = { log, listener, sink };
    this.#subscriptions.add(subscription);
    if (this.#connection) this.#listen(this.#connection, subscription);
    else this.#connectLater();
    return {
      close: () => {
        this.#subscriptions.delete(subscription);
        this.#connection?.server.unsubscribe(log, sink);
      },
    };
  }

  onBreak(broken: () => void): () => void {
    // An own function each: the same listener may watch twice.
    const listener = () => broken();
    this.#breakListeners.add(listener);
    return () => this.#breakListeners.delete(listener);
  }

  up(): boolean {
    return this.#connection !== undefined;
  }

  close(): void {
    this.#closed = true;
    this.#subscriptions.clear();
    this.break();
    this.#attempt?.cancel();
    this.#failWaiting();
  }

  /** Both sockets break: un-answered appends are in doubt, commands fail, every subscription is broken. */
  break(): void {
    const connection = this.#connection;
    if (!connection) return;
    this.#connection = undefined;
    if (!this.#options.faults.arrivesLate()) connection.commands.drop();
    else if (this.#frozen) this.#late.push(connection.commands);
    connection.answers.drop();
    connection.pushes.drop();
    connection.barrier.drop();
    if (connection.requests !== connection.commands) connection.requests.drop();
    const broken = [...this.#subscriptions];
    this.#subscriptions.clear();
    for (const { log, sink } of broken) connection.server.unsubscribe(log, sink);
    if (!this.#closed) this.#connectLater();
    for (const listener of [...this.#breakListeners]) listener();
    for (const [command, timer] of connection.pending) {
      timer.cancel();
      command.fail(new BrokerUnavailable());
    }
    for (const told of [...connection.confirming]) told('lost');
    for (const { listener } of broken) listener.broken();
  }

  /** The server stops answering, as if its process were stopped. */
  freeze(): void {
    this.#frozen = true;
    for (const leg of legsToServer(this.#connection)) leg.hold();
  }

  thaw(): void {
    this.#frozen = false;
    for (const commands of this.#late.splice(0)) commands.release();
    for (const leg of legsToServer(this.#connection)) leg.release();
  }

  #append(server: MemoryServer, log: LogName, frame: Uint8Array): boolean {
    const fate = this.#options.faults.append(log);
    const stored = fate !== 'refused' && fate !== 'refused-unpushed' && server.store(log, frame);
    if (fate !== 'refused-unpushed' && fate !== 'unpushed') server.publish(log, frame);
    if ((fate === 'answer-lost' || fate === 'unpushed') && this.#connection?.server === server) this.break();
    return stored;
  }

  #send(command: Command): void {
    const connection = this.#connection;
    if (this.#closed) return command.fail(new BrokerUnavailable());
    if (!connection) {
      this.#waiting.push(command);
      return this.#connectLater();
    }
    const timer = this.#options.clock.after(this.#options.timeoutMs ?? 2_000, () => this.#connection === connection && this.break());
    connection.pending.set(command, timer);
    connection.commands.send(() => {
      const answer = command.run(connection.server) as never;
      connection.answers.send(() => {
        connection.pending.get(command)?.cancel();
        if (connection.pending.delete(command)) command.answer(answer);
      });
    });
  }

  #listen(connection: Connection, subscription: Subscription): void {
    connection.requests.send(() => {
      if (this.#connection !== connection || !this.#subscriptions.has(subscription)) return;
      connection.server.subscribe(subscription.log, subscription.sink);
      connection.pushes.send(() => this.#subscriptions.has(subscription) && subscription.listener.subscribed());
    });
  }

  #connectLater(): void {
    const { clock } = this.#options;
    this.#attempt ??= clock.after(this.#backoff.nextMs(), () => {
      this.#attempt = undefined;
      const server = this.#reach();
      if (!this.#options.separate || !server) return this.#connect(server);
      this.#attempt = clock.after(this.#options.faults.delayMs('push'), () => {
        this.#attempt = undefined;
        const other = this.#reach();
        // A read on one server says nothing about pushes of another (LG5).
        if (other && other !== server) this.#options.mismatched?.();
        this.#connect(other === server ? server : undefined);
      });
    });
  }

  #reach(): MemoryServer | undefined {
    return this.#frozen ? undefined : this.#options.route();
  }

  #connect(server: MemoryServer | undefined): void {
    const { clock, faults, separate } = this.#options;
    if (!server) {
      this.#connectLater();
      return this.#failWaiting();
    }
    this.#backoff.reset();
    const leg = (name: 'command' | 'answer' | 'push') => new LinkLeg(clock, () => faults.delayMs(name));
    const legs = { commands: leg('command'), answers: leg('answer'), pushes: leg('push'), barrier: leg('command') };
    const requests = separate ? leg('command') : legs.commands;
    this.#connection = { server, ...legs, requests, pending: new Map(), confirming: new Set() };
    for (const subscription of this.#subscriptions) this.#listen(this.#connection, subscription);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const command of waiting) {
      if (command.resendable) this.#send(command);
      else command.fail(new BrokerUnavailable());
    }
  }

  #failWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const command of waiting) command.fail(new BrokerUnavailable());
  }
}

function legsToServer(connection: Connection | undefined): ReadonlySet<LinkLeg> {
  return new Set(connection ? [connection.commands, connection.requests, connection.barrier] : []);
}
