import type { ClientSocket } from '../../src/client/client-host.ts';
import type { BrowserSocket, SocketEvents } from '../../src/edge/listener.ts';
import { readU64 } from '../../src/protocol/bytes.ts';
import { contentBytes, decodeEntry } from '../../src/protocol/entry.ts';
import { FrameType } from '../../src/protocol/frame-type.ts';
import type { SimEdge } from './sim-edge.ts';
import type { SimPage } from './sim-page.ts';
import type { World } from './world.ts';

/** A listener closes a socket whose buffer passes this; credit has to keep it far below (FC1). */
const hardBoundBytes = 1024 * 1024;

/** The bounded buffer at which somebody may wait for `drained`. */
const drainBytes = 16 * 1024;

/** One WebSocket between a page and an edge, over a network that delays, is narrow, cuts, or loses one side silently. */
export class Connection {
  readonly page: SimPage;
  readonly edge: SimEdge;
  readonly client: ClientSocket;
  /** Behind the last input byte that the client has sent since it asked for control. */
  inputEnd = 0;
  readonly #world: World;
  #events: SocketEvents | undefined;
  #clientOpen = true;
  #edgeOpen = true;
  /** Nothing passes any more, and nobody is told. */
  #silent = false;
  #buffered = 0;
  #downFreeAtMs = 0;
  #downLastMs = 0;
  #upLastMs = 0;
  #lateMs = 0;

  /** @param lateMs what this connection carries to the edge takes so long, and the client gives it up meanwhile */
  constructor(world: World, page: SimPage, edge: SimEdge, lateMs = 0) {
    this.#world = world;
    this.page = page;
    this.edge = edge;
    this.client = {
      send: (frame) => {
        this.#noteInput(frame);
        this.#up(() => this.#events?.message(frame));
      },
      close: () => {
        this.#clientOpen = false;
        this.#up(() => this.#closeEdge(1005));
      },
    };
    world.connections.add(this);
    this.#up(() => this.#accept());
    if (lateMs > 0) this.#late(lateMs);
  }

  /** The edge believes that somebody is there. */
  get heldByEdge(): boolean {
    return this.#edgeOpen;
  }

  get open(): boolean {
    return this.#clientOpen && this.#edgeOpen && !this.#silent;
  }

  /** Both ends hear of it, each in its time. */
  cut(): void {
    this.#silent = true;
    this.#world.scheduler.after(this.#latency(), () => this.#closeClient(1006, ''));
    this.#world.scheduler.after(this.#latency(), () => this.edge.process.enter(() => this.#closeEdge(1006)));
  }

  /** The client's side is gone; the edge does not notice, and what was under way to it still arrives. */
  halfOpen(): void {
    this.#silent = true;
    this.#closeClient(1006, '');
  }

  /** Nothing passes, nobody is told. */
  stall(): void {
    this.#silent = true;
  }

  #late(byMs: number): void {
    const { scheduler, random } = this.#world;
    this.#lateMs = byMs;
    scheduler.after(random.between(10, 0.8 * byMs), () => this.halfOpen());
  }

  /** The edge's process is gone. */
  edgeDied(told: boolean): void {
    this.#silent = true;
    this.#edgeOpen = false;
    if (told) this.#world.scheduler.after(this.#latency(), () => this.#closeClient(1006, ''));
    this.#forget();
  }

  #noteInput(frame: Uint8Array): void {
    if (frame[0] === FrameType.takeControl) this.inputEnd = 0;
    if (frame[0] === FrameType.input) this.inputEnd = readU64(frame, 2) + frame.length - 10;
  }

  #accept(): void {
    if (!this.edge.process.alive) return this.edgeDied(true);
    const socket: BrowserSocket = {
      send: (frame) => this.#down(frame),
      bufferedBytes: () => this.#buffered,
      close: (code, reason) => {
        if (!this.#edgeOpen) return;
        this.#edgeOpen = false;
        this.#deliver(() => this.#closeClient(code, reason));
        this.#forget();
      },
      remoteAddress: this.page.name,
    };
    this.#events = this.edge.accept(socket);
    this.#deliver(() => this.#clientOpen && this.page.client.socketOpened(this.client));
  }

  #up(arrive: () => void): void {
    if (this.#silent) return;
    const { scheduler } = this.#world;
    this.#upLastMs = Math.max(this.#upLastMs, scheduler.nowMs + this.#latency() + (this.#events ? this.#lateMs : 0));
    scheduler.at(this.#upLastMs, () => {
      if (!this.edge.process.alive) return this.edgeDied(true);
      this.edge.process.enter(() => this.#edgeOpen && arrive());
    });
  }

  #down(frame: Uint8Array): void {
    if (!this.#edgeOpen) return this.#world.truth.fail(`${this.edge.name} sent to a socket after its close`);
    this.#buffered += frame.length;
    if (this.#buffered > hardBoundBytes) this.#world.truth.fail(`${this.edge.name} has ${this.#buffered} bytes in a socket's buffer`);
    if (this.#silent) return;
    const { scheduler, profile } = this.#world;
    this.#downFreeAtMs = Math.max(this.#downFreeAtMs, scheduler.nowMs) + (1000 * frame.length) / profile.networkRate;
    scheduler.at(this.#downFreeAtMs, () => {
      if (this.#silent) return;
      const was = this.#buffered;
      this.#buffered -= frame.length;
      if (was >= drainBytes) this.edge.process.enter(() => this.#edgeOpen && this.#events?.drained());
      this.#deliver(() => this.#clientOpen && this.page.receive(this.client, this.#arriving(frame)));
    });
  }

  /** Damage that no checksum below has found; never twice at one place, where a client would take it for what the log holds (WP3). */
  #arriving(frame: Uint8Array): Uint8Array {
    const { profile, random, faulty } = this.#world;
    if (!faulty || !profile.damaged || frame[0] !== FrameType.outputData || !random.chance(profile.damaged)) return frame;
    const entry = decodeEntry(frame);
    if (!entry || contentBytes(entry) === 0 || this.page.damagedAt.has(entry.offset)) return frame;
    this.page.damagedAt.add(entry.offset);
    const copy = frame.slice();
    copy[copy.length - 1] = (copy.at(-1) ?? 0) ^ 1;
    return copy;
  }

  #deliver(arrive: () => void): void {
    if (this.#silent) return;
    const { scheduler } = this.#world;
    const afterQueue = Math.max(this.#downFreeAtMs, scheduler.nowMs) + this.#latency();
    this.#downLastMs = Math.max(this.#downLastMs, afterQueue);
    scheduler.at(this.#downLastMs, () => {
      if (!this.#silent) this.page.process.enter(arrive);
    });
  }

  #closeClient(code: number, reason: string): void {
    if (!this.#clientOpen) return;
    this.#clientOpen = false;
    this.page.process.enter(() => this.page.client.socketClosed(this.client, code, reason));
  }

  #closeEdge(code: number): void {
    if (!this.#edgeOpen) return;
    this.#edgeOpen = false;
    this.#events?.closed(code);
    this.#forget();
  }

  #forget(): void {
    this.#world.connections.delete(this);
  }

  #latency(): number {
    const { random } = this.#world;
    return random.chance(0.02) ? random.between(20, 400) : random.between(0.5, 15);
  }
}
